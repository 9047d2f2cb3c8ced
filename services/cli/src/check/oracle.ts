import {
  Coverage,
  compareFlow,
  createKernelEngine,
  createNaiveEngine,
  DivergenceError,
  FLOW_CAPACITY,
  loadKernel,
  RandomFlow,
  restoreKernelEngine,
  restoreNaiveEngine,
} from '@foldbook/engine';
import type { CliCommand } from '../command.ts';
import { duration, grouped } from '../output.ts';
import { FLOW_HELP, FLOW_OPTIONS, flowsOf } from './flow-options.ts';

const DEFAULT_RUNS = 200_000;
/** Groups between two comparisons of snapshots, from which the flow then goes on. */
const SNAPSHOT_EVERY = 200;

export const oracle: CliCommand = {
  name: 'check oracle',
  summary: 'the kernel against its naive twin, event by event, over random flows',
  help: `
Usage: foldbook check oracle [--runs N] [--seed S]

Gives the same random commands to the kernel and to its naive twin and compares every byte of every
event, and after every command the state hash, open orders, timers and best levels; now and then the
snapshots, too, and goes on from them. Where they differ, the flow is made as small as it gets and
both answers are shown. Ends with what the flows reached, and what they did not.

${FLOW_HELP} (default ${DEFAULT_RUNS})
  --json            one object

Example: foldbook check oracle --runs 1000000 --seed 7`,
  takes: [],
  options: FLOW_OPTIONS,
  run: async ({ output, ...context }) => {
    const flows = flowsOf({ output, ...context }, DEFAULT_RUNS);
    const kernel = await loadKernel();
    const coverage = new Coverage();
    const startMs = performance.now();
    const total = { commands: 0, events: 0 };
    const make = {
      left: () => createKernelEngine(kernel, FLOW_CAPACITY),
      right: () => createNaiveEngine(FLOW_CAPACITY),
    };
    const restore = {
      left: (chunks: Iterable<Uint8Array>) => restoreKernelEngine(kernel, chunks),
      right: (chunks: Iterable<Uint8Array>) => restoreNaiveEngine(chunks),
    };
    const all = flows.reduce((sum, { commands }) => sum + commands, 0);
    for (const { seed, commands } of flows) {
      const groups = counted(new RandomFlow(seed).groups(commands), coverage);
      try {
        const compared = compareFlow(`seed ${seed}`, make, groups, {
          isThorough: true,
          snapshotEvery: SNAPSHOT_EVERY,
          restore,
          onGroup: (events) => coverage.addEvents(events),
        });
        total.commands += compared.commands;
        total.events += compared.events;
      } catch (error) {
        if (!(error instanceof DivergenceError)) throw error;
        const command = `foldbook check oracle --seed ${seed} --runs ${commands}`;
        const words = `they differ: ${error.message}\n\nto see it again: ${command}`;
        output.result({ ok: false, seed, error: error.message, command }, words);
        return 1;
      }
      output.progress('commands', total.commands, all);
    }
    output.endProgress();
    const ms = performance.now() - startMs;
    const missing = coverage.missing();
    const words =
      `kernel and twin agree on ${grouped(total.commands)} commands and ` +
      `${grouped(total.events)} events (${flows.length} flows, ${duration(ms)})\n${coverage}`;
    output.result({ ok: true, ...total, flows: flows.length, missing, ms }, words);
    return 0;
  },
};

function* counted(groups: ReturnType<RandomFlow['groups']>, coverage: Coverage) {
  for (const group of groups) {
    coverage.addCommands(group.records);
    yield group;
  }
}
