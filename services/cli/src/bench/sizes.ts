/** `bench sizes`: what a command costs as markets, orders and accounts grow, and what they take. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { fileTrouble } from '../file-trouble.ts';
import { grouped } from '../output.ts';
import { AskedProcess } from './asked-process.ts';
import { machineWords, thisMachine } from './machine.ts';
import { chooseCore, v8Flags } from './measure-options.ts';
import type { Size, SizeQuestions, SizeRun } from './size-messages.ts';
import { type Panel, sizePlot } from './size-plot.ts';
import { summarize } from './statistics.ts';

const MAIN = fileURLToPath(new URL('./sizes-main.ts', import.meta.url));
const DEFAULT_RUNS = 5;
const MAX_RUNS = 1_000;
const DEFAULT_COMMANDS = 1_000_000;
/** Some for each of the most markets. */
const LEAST_COMMANDS = 10_000;
const MOST_COMMANDS = 10_000_000;
const BASE: Size = { markets: 1, orders: 10_000, accounts: 10_000 };
/** Fewer of what is multiplied by the markets. */
const OF_EACH_MARKET = { orders: 1_000, accounts: 1_000 };

type Axis = keyof Size;
const AXES: Readonly<Record<Axis, readonly number[]>> = {
  markets: [1, 4, 16, 64, 250, 1_000],
  orders: [1_000, 10_000, 100_000, 300_000, 1_000_000, 4_000_000],
  accounts: [10, 100, 1_000, 10_000, 100_000, 1_000_000],
};
const TITLES: Readonly<Record<Axis, string>> = {
  markets: 'markets (of 1,000 orders and accounts each)',
  orders: 'resting orders (10,000 accounts)',
  accounts: 'accounts (10,000 resting orders)',
};
/** Below this many the memory that is handed out in whole pages says nothing of one. */
const MEMORY_FROM = 100_000;

export const sizes: CliCommand = {
  name: 'bench sizes',
  summary: 'nanoseconds a command, and bytes, as markets, orders and accounts grow',
  help: `
Usage: foldbook bench sizes [options]

Times commands like those of workload W1 while one thing grows and the others stay: markets that
share a kernel (1 to 1,000, in turns of 64 commands), resting orders (1,000 to 4 million) and
accounts (10 to 1 million). Memory is what the kernel has handed out for them.

  --only AXIS       markets, orders or accounts; all without
  --largest N       leave sizes above N out
  --runs N          runs of each size that count (default ${DEFAULT_RUNS}), after one that does not
  --commands N      timed ones of a run, of all markets (default ${grouped(DEFAULT_COMMANDS)})
  --core N          core that the measuring thread keeps to (default: the last one)
  --v8 FLAGS        V8 flags of the measuring process, e.g. "--no-liftoff" (default: none)
  --svg FILE        also draw it
  --json            {"axis","markets","orders","accounts","nsPerCommand":{"median","best"},
                    "bytesPerOrder","bytesPerAccount"} a line

Example: foldbook bench sizes --only orders --runs 3`,
  takes: [],
  options: {
    only: { type: 'string' },
    largest: { type: 'string' },
    runs: { type: 'string' },
    commands: { type: 'string' },
    core: { type: 'string' },
    v8: { type: 'string' },
    svg: { type: 'string' },
  },
  endsOnSignal: true,
  run: measure,
};

interface Row extends Size {
  readonly [name: string]: unknown;
  readonly axis: Axis;
  readonly nsPerCommand: { readonly median: number; readonly best: number };
}

async function measure(context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const runs = context.integer('runs', 1, MAX_RUNS) ?? DEFAULT_RUNS;
  const commands = context.integer('commands', LEAST_COMMANDS, MOST_COMMANDS) ?? DEFAULT_COMMANDS;
  const axes = chosenAxes(context);
  const core = chooseCore(context);
  const svg = context.text('svg');
  const asked = new AskedProcess<SizeQuestions>(MAIN, ['--expose-gc', ...v8Flags(context)], signal);
  const rows: Row[] = [];
  let isRight = true;
  try {
    const pin = await asked.ask('prepare', { core });
    if (!pin.pinned) output.say(`not pinned: ${pin.reason}`);
    const points = pointsOf(axes, context.integer('largest', 1, 4_000_000));
    for (const [index, { axis, size }] of points.entries()) {
      output.progress('sizes', index, points.length);
      const measured: SizeRun[] = [];
      const ask = { ...size, commands };
      for (let run = 0; run <= runs; run += 1) measured.push(await asked.ask('run', ask));
      const row = rowOf(axis, size, measured.slice(1));
      isRight &&= measured.every((run) => run.isRight);
      rows.push(row);
      output.result(row, words(row));
    }
  } finally {
    await asked.stop();
  }
  const machine = machineWords(thisMachine());
  output.say(`method: ${runs} runs, core ${core}; ${machine}`);
  if (svg !== undefined) await draw(svg, axes, rows, machine);
  if (!isRight) process.stderr.write('foldbook: a book ended with other orders than it should\n');
  return isRight ? 0 : 1;
}

function chosenAxes(context: CommandContext): readonly Axis[] {
  const all = Object.keys(AXES) as Axis[];
  const only = context.text('only');
  if (only === undefined) return all;
  const axis = all.find((name) => name === only);
  if (axis === undefined) throw new UsageError(`--only ${only}: use ${all.join(', ')}`);
  return [axis];
}

function pointsOf(axes: readonly Axis[], largest = Number.POSITIVE_INFINITY) {
  return axes.flatMap((axis) =>
    AXES[axis]
      .filter((value) => value <= largest)
      .map((value) => {
        const base = axis === 'markets' ? { ...BASE, ...OF_EACH_MARKET } : BASE;
        return { axis, size: { ...base, [axis]: value } };
      }),
  );
}

function rowOf(axis: Axis, size: Size, measured: readonly SizeRun[]): Row {
  const { median, best } = summarize(measured.map(({ nsPerCommand }) => nsPerCommand));
  const nsPerCommand = { median: Number(median.toFixed(1)), best: Number(best.toFixed(1)) };
  const { emptyBytes = 0, accountsBytes = 0, ordersBytes = 0 } = measured[0] ?? {};
  const memory = {
    ...(axis === 'orders' && size.orders >= MEMORY_FROM
      ? { bytesPerOrder: Math.round((ordersBytes - accountsBytes) / size.orders) }
      : {}),
    ...(axis === 'accounts' && size.accounts >= MEMORY_FROM
      ? { bytesPerAccount: Math.round((accountsBytes - emptyBytes) / size.accounts) }
      : {}),
  };
  return { axis, ...size, nsPerCommand, ...memory };
}

function words({ axis, nsPerCommand, bytesPerOrder, bytesPerAccount, ...size }: Row): string {
  const count = grouped(size[axis]).padStart(9);
  const time = `${nsPerCommand.median} ns median, ${nsPerCommand.best} ns best`;
  const order = bytesPerOrder === undefined ? '' : `, ${bytesPerOrder} bytes an order`;
  const account = bytesPerAccount === undefined ? '' : `, ${bytesPerAccount} bytes an account`;
  return `${count} ${axis.padEnd(8)} ${time} a command${order}${account}`;
}

async function draw(
  file: string,
  axes: readonly Axis[],
  rows: readonly Row[],
  machine: string,
): Promise<void> {
  const panels: Panel[] = axes.map((axis) => ({
    title: TITLES[axis],
    points: rows
      .filter((row) => row.axis === axis)
      .map((row) => ({ size: row[axis], ns: row.nsPerCommand.median })),
  }));
  const svg = sizePlot(panels, `ns a command, median; ${machine}`);
  await writeFile(file, svg).catch((error: unknown) => {
    throw new UsageError(`--svg: ${file} can't be written: ${fileTrouble(error)}`);
  });
}
