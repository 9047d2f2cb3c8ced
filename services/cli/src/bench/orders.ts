/** `bench orders`: the public matching challenge, its reports read by a second thread. */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { conformCommands } from '@foldbook/engine';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { playing, readMessageFile } from '../message-file.ts';
import { grouped } from '../output.ts';
import { AskedProcess } from './asked-process.ts';
import { machineWords, thisMachine } from './machine.ts';
import { chosenCores, v8Flags } from './measure-options.ts';
import type {
  OrdersMeasured,
  OrdersOptions,
  OrdersPrepared,
  OrdersQuestions,
} from './orders-messages.ts';
import { type LatencyPercentiles, summarize } from './statistics.ts';

const MAIN = fileURLToPath(new URL('./orders-main.ts', import.meta.url));
const INTERVALS = [1, 16, 256] as const;
const DEFAULT_RUNS = 5;
const MAX_RUNS = 1_000;
const DEFAULT_RING_PAGES = 64;
const MAX_RING_PAGES = 1_024;
const LOAD = 0.5;

export const orders: CliCommand = {
  name: 'bench orders',
  summary: 'messages a second of the matching challenge, reports read by a second thread',
  help: `
Usage: foldbook bench orders FILE... [options]

Plays message files of the public matching challenge (.bin or .bin.zst) through the engine on one
core, while a thread on another core reads every event from the engine's ring. The kernel publishes
what it wrote after every 1, 16 and 256 messages: often for latency, seldom for throughput. Timed
is from the first message to the last event read; what is read must be, event by event, what an
engine says whose events its own thread reads. Exit status 1 if it is not.

  --runs N          runs of each interval that count (default ${DEFAULT_RUNS}), taken in turns
  --ring N          pages of 1,024 events in the ring, power of two (default ${DEFAULT_RING_PAGES})
  --core N          core of the thread that matches (default: the last one)
  --read-core N     core of the thread that reads (default: the first other one)
  --v8 FLAGS        V8 flags of the measuring process, e.g. "--no-liftoff" (default: none)
  --json            {"file","publishEvery","msgsPerSec":{"median","best"},"latencyNs":{...},...} a
                    line, and {"worst":{"1","16","256"}}: of the medians, over the files

latencyNs is of messages that come evenly at half the median rate of the same interval, from when
a message was to come until its first event was read. What has come by the time that the engine is
free goes in one call, published after every so many messages and at the end of the call.

Example: foldbook bench orders orders_normal_s23.bin.zst orders_flash-crash_s23.bin.zst`,
  takes: ['FILE...'],
  options: {
    runs: { type: 'string' },
    ring: { type: 'string' },
    core: { type: 'string' },
    'read-core': { type: 'string' },
    v8: { type: 'string' },
  },
  endsOnSignal: true,
  run: measure,
};

async function measure(context: CommandContext): Promise<number> {
  const { output, positionals } = context;
  if (positionals.length === 0) throw new UsageError('name at least one message file');
  const runs = context.integer('runs', 1, MAX_RUNS) ?? DEFAULT_RUNS;
  const [matchCore, readCore] = chosenCores(context, 'read-core');
  const where = { matchCore, readCore, ringPages: ringPages(context) };
  const flags = v8Flags(context);
  const worst = new Map<number, number>();
  let isRight = true;
  for (const file of positionals) {
    for (const row of await measureFile(context, { ...where, file }, runs, flags)) {
      output.result(row, words(row));
      const before = worst.get(row.publishEvery) ?? Number.POSITIVE_INFINITY;
      worst.set(row.publishEvery, Math.min(before, row.msgsPerSec.median));
      isRight &&= row.isRight;
    }
  }
  const machine = thisMachine();
  const figures = Object.fromEntries(worst);
  const method = { runs, ...where, v8Flags: flags };
  output.result({ worst: figures, ...method, machine }, worstWords(figures, method, machine));
  if (!isRight) process.stderr.write('foldbook: the reader saw other events than it should have\n');
  return isRight ? 0 : 1;
}

function ringPages(context: CommandContext): number {
  const pages = context.integer('ring', 1, MAX_RING_PAGES) ?? DEFAULT_RING_PAGES;
  if (Number.isInteger(Math.log2(pages))) return pages;
  throw new UsageError(`--ring ${pages}: use a power of two`);
}

async function measureFile(
  { output, signal }: CommandContext,
  options: OrdersOptions,
  runs: number,
  flags: readonly string[],
) {
  const bytes = await readMessageFile(options.file);
  playing(options.file, () => conformCommands(bytes));
  const asked = new AskedProcess<OrdersQuestions>(MAIN, ['--expose-gc', ...flags], signal);
  const name = basename(options.file);
  const total = (runs + 1) * INTERVALS.length;
  let done = 0;
  try {
    const prepared = await asked.ask('prepare', options);
    const perInterval = INTERVALS.map(() => [] as OrdersMeasured[]);
    for (let round = 0; round < runs; round += 1) {
      for (const [index, publishEvery] of INTERVALS.entries()) {
        output.progress(name, done++, total);
        perInterval[index]?.push(await asked.ask('run', { publishEvery }));
      }
    }
    const rows = [];
    for (const [index, publishEvery] of INTERVALS.entries()) {
      output.progress(name, done++, total);
      const measured = perInterval[index] ?? [];
      const perSec = rates(measured).median * LOAD;
      // The first finds code that is not compiled yet, and falls behind.
      await asked.ask('run', { publishEvery, perSec });
      const paced = await asked.ask('run', { publishEvery, perSec });
      rows.push(rowOf(name, publishEvery, prepared, measured, paced));
    }
    return rows;
  } finally {
    await asked.stop();
  }
}

function rates(measured: readonly OrdersMeasured[]): { median: number; best: number } {
  const perSec = measured.map(({ msgsPerSec }) => msgsPerSec);
  return { median: Math.round(summarize(perSec).median), best: Math.max(...perSec) };
}

interface Row {
  readonly [name: string]: unknown;
  readonly file: string;
  readonly publishEvery: number;
  readonly msgsPerSec: { readonly median: number; readonly best: number };
  readonly latencyNs: LatencyPercentiles | undefined;
  readonly isRight: boolean;
}

function rowOf(
  file: string,
  publishEvery: number,
  { messages, matchPin, readPin }: OrdersPrepared,
  measured: readonly OrdersMeasured[],
  paced: OrdersMeasured,
): Row {
  const msgsPerSec = rates(measured);
  return {
    file,
    publishEvery,
    msgsPerSec,
    latencyNs: paced.latencyNs,
    pacedMsgsPerSec: Math.round(msgsPerSec.median * LOAD),
    messages,
    events: paced.events,
    trades: paced.trades,
    isRight: [...measured, paced].every((run) => run.isRight),
    pinned: matchPin.pinned && readPin.pinned,
  };
}

function words({ file, publishEvery, msgsPerSec, latencyNs, isRight }: Row): string {
  const rate = (perSec: number) => `${(perSec / 1e6).toFixed(2)} M/s`;
  const latency = Object.entries(latencyNs ?? {}).map(([name, ns]) => `${name} ${grouped(ns)}`);
  return [
    `${file}, published every ${publishEvery}: ` +
      `${rate(msgsPerSec.median)} median, ${rate(msgsPerSec.best)} best`,
    `  latency  ${latency.join('  ')} ns at half of that`,
    ...(isRight ? [] : ['  checks   the events read are not those of one thread']),
  ].join('\n');
}

function worstWords(
  worst: Readonly<Record<string, number>>,
  method: Omit<OrdersOptions, 'file'> & { runs: number; v8Flags: readonly string[] },
  machine: ReturnType<typeof thisMachine>,
): string {
  const figures = Object.entries(worst).map(
    ([every, perSec]) => `${(perSec / 1e6).toFixed(2)} M/s every ${every}`,
  );
  return [
    `worst file: ${figures.join(', ')}`,
    `  method   ${method.runs} runs in turns, matching on core ${method.matchCore}, reading on ` +
      `core ${method.readCore}, a ring of ${grouped(method.ringPages * 1_024)} events` +
      `${method.v8Flags.length === 0 ? '' : `, ${method.v8Flags.join(' ')}`}`,
    `  machine  ${machineWords(machine)}`,
  ].join('\n');
}
