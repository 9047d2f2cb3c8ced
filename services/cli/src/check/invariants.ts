import {
  checkInvariants,
  createKernelEngine,
  FLOW_ACCOUNTS,
  FLOW_CAPACITY,
  InvariantError,
  loadKernel,
  RandomFlow,
} from '@foldbook/engine';
import type { CliCommand } from '../command.ts';
import { duration, grouped } from '../output.ts';
import { FLOW_HELP, FLOW_OPTIONS, flowsOf } from './flow-options.ts';

const DEFAULT_RUNS = 200_000;

export const invariants: CliCommand = {
  name: 'check invariants',
  summary: 'conservation, price-time priority and more, after every command',
  help: `
Usage: foldbook check invariants [--runs N] [--seed S]

Gives random commands to the kernel one by one and asserts after each: sequences rise by one; per
asset all accounts together have what was deposited and not withdrawn; no balance is negative; the
book is not crossed and is what the deltas say; trades follow price and time; the open orders are
those that events tell of.

${FLOW_HELP} (default ${DEFAULT_RUNS})
  --json            one object

Example: foldbook check invariants --runs 1000000`,
  takes: [],
  options: FLOW_OPTIONS,
  run: async ({ output, ...context }) => {
    const flows = flowsOf({ output, ...context }, DEFAULT_RUNS);
    const kernel = await loadKernel();
    const startMs = performance.now();
    const total = { commands: 0, trades: 0 };
    const all = flows.reduce((sum, { commands }) => sum + commands, 0);
    for (const { seed, commands } of flows) {
      const engine = createKernelEngine(kernel, FLOW_CAPACITY);
      try {
        const groups = new RandomFlow(seed).groups(commands);
        const counts = checkInvariants(engine, groups, FLOW_ACCOUNTS);
        total.commands += counts.commands;
        total.trades += counts.trades;
      } catch (error) {
        if (!(error instanceof InvariantError)) throw error;
        const command = `foldbook check invariants --seed ${seed} --runs ${commands}`;
        const words = `seed ${seed}: ${error.message}\n\nto see it again: ${command}`;
        output.result({ ok: false, seed, error: error.message, command }, words);
        return 1;
      }
      output.progress('commands', total.commands, all);
    }
    output.endProgress();
    const ms = performance.now() - startMs;
    const words =
      `every rule held after each of ${grouped(total.commands)} commands ` +
      `(${grouped(total.trades)} trades, ${flows.length} flows, ${duration(ms)})`;
    output.result({ ok: true, ...total, flows: flows.length, ms }, words);
    return 0;
  },
};
