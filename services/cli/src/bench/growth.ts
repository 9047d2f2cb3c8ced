/** `bench growth`: whether any order has to wait because the kernel's tables grow. */
import { fileURLToPath } from 'node:url';
import type { CliCommand, CommandContext } from '../command.ts';
import { grouped } from '../output.ts';
import { AskedProcess } from './asked-process.ts';
import type { GrowthQuestions, GrowthRun } from './growth-messages.ts';
import { machineWords, thisMachine } from './machine.ts';
import { chooseCore, v8Flags } from './measure-options.ts';
import { MAX_ACCOUNTS } from './workload-commands.ts';

const MAIN = fileURLToPath(new URL('./growth-main.ts', import.meta.url));
const DEFAULT_ORDERS = 1_000_000;
const MAX_ORDERS = 8_000_000;
const DEFAULT_RUNS = 5;
const MAX_RUNS = 100;
/** Of the accounts that the orders are spread over. */
const DEFAULT_ACCOUNTS = [1, 10_000];

export const growth: CliCommand = {
  name: 'bench growth',
  summary: 'whether any order waits because tables grow',
  help: `
Usage: foldbook bench growth [options]

Fills an empty market with resting orders, each alone in a call of the kernel, and times each. Of
every order the least of all runs counts: growth comes at the same order in each run, what else the
machine does comes at another. A call includes asking for more memory, which the kernel does after
a command, not inside it, and about 30 ns of clock.

  --orders N        how many (default ${grouped(DEFAULT_ORDERS)})
  --accounts N      spread over so many (default: ${DEFAULT_ACCOUNTS.map(grouped).join(', then ')})
  --runs N          runs on fresh markets (default ${DEFAULT_RUNS})
  --core N          core that the measuring thread keeps to (default: the last one)
  --v8 FLAGS        V8 flags of the measuring process, e.g. "--no-liftoff" (default: none)
  --json            {"orders","accounts","latencyNs":{...},"over20us","worst":[{"order","ns"}]}

Example: foldbook bench growth --orders 4000000 --accounts 1000`,
  takes: [],
  options: {
    orders: { type: 'string' },
    accounts: { type: 'string' },
    runs: { type: 'string' },
    core: { type: 'string' },
    v8: { type: 'string' },
  },
  endsOnSignal: true,
  run: measure,
};

async function measure(context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const orders = context.integer('orders', 1, MAX_ORDERS) ?? DEFAULT_ORDERS;
  const chosen = context.integer('accounts', 1, MAX_ACCOUNTS);
  const runs = context.integer('runs', 1, MAX_RUNS) ?? DEFAULT_RUNS;
  const core = chooseCore(context);
  const flags = ['--expose-gc', ...v8Flags(context)];
  const asked = new AskedProcess<GrowthQuestions>(MAIN, flags, signal);
  try {
    const pin = await asked.ask('prepare', { core });
    if (!pin.pinned) output.say(`not pinned: ${pin.reason}`);
    for (const accounts of chosen === undefined ? DEFAULT_ACCOUNTS : [chosen]) {
      const run = await asked.ask('run', { orders, accounts, runs });
      output.result({ orders, accounts, runs, ...run }, words(orders, accounts, run));
    }
  } finally {
    await asked.stop();
  }
  output.say(`method: ${runs} runs, core ${core}; ${machineWords(thisMachine())}`);
  return 0;
}

function words(orders: number, accounts: number, { latencyNs, over20us, worst }: GrowthRun) {
  const latency = Object.entries(latencyNs).map(([name, ns]) => `${name} ${grouped(ns)}`);
  const slowest = worst.map(({ order, ns }) => `${grouped(ns)} ns at order ${grouped(order)}`);
  return [
    `${grouped(orders)} orders of ${grouped(accounts)} accounts: ${grouped(over20us)} above 20 us`,
    `  latency  ${latency.join('  ')} ns`,
    `  slowest  ${slowest.join(', ')}`,
  ].join('\n');
}
