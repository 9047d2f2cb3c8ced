/** `check overload`: more orders than a market can take. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorClient } from '@foldbook/client';
import { Asset } from '@foldbook/protocol';
import { connectChannel, processChannel, type Transport } from '@foldbook/runtime';
import { type LatencyPercentiles, percentiles } from '../bench/statistics.ts';
import { withWorkFolder } from '../bench/work-folder.ts';
import { ServiceError, UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { grouped } from '../output.ts';
import { startService } from '../service-process.ts';
import {
  type Answer,
  capacityOf,
  FIRST_ACCOUNT,
  OrderLoad,
  openLoad,
  type Sample,
} from './overload-load.ts';

const MARKET = 'OVERLOAD';
const DEFAULT_FACTOR = 2;
const DEFAULT_SECONDS = 5;
const ACCOUNTS = 64;
const FUNDS = 2n ** 50n;
const CAPACITY_MS = 2_000;
const PROBES = 200;
const RSS_EVERY_MS = 50;
/** Well again: a probe takes no longer than so many times what it took before, or so many ms. */
const RECOVERED_TIMES = 5;
const RECOVERED_MS = 5;
const MAX_RECOVERY_MS = 2_000;
const MAX_RSS_GROWTH_MIB = 512;
/** The market's own limit of what may wait; what was admitted below it is answered about then. */
const MAX_LAG_MS = 1_000;
const MAX_ACCEPTED_P99_MS = 2 * MAX_LAG_MS;

export const overload: CliCommand = {
  name: 'check overload',
  summary: 'more orders than a market can take: what is accepted, what is refused, and after',
  help: `
Usage: foldbook check overload [--factor F] [--seconds S]

Starts an embedded market, measures what it takes from senders that wait for their answers, then
sends F times as much, whatever the answers are. Exit status 1 unless all of this holds:
  every message is answered, what is too much with BUSY
  the 99th percentile of what is accepted is at most ${MAX_ACCEPTED_P99_MS} ms
  the market takes at most ${MAX_RSS_GROWTH_MIB} MiB more than before
  a single order is answered as before within ${MAX_RECOVERY_MS} ms after the load ends

  --factor F        times what the market takes, 1 to 10 (default ${DEFAULT_FACTOR})
  --seconds S       of the load (default ${DEFAULT_SECONDS})
  --json            {"capacityPerSec","offeredPerSec","acceptedPerSec","busyShare","failed",
                    "acceptedMs":{"p50",...},"busyMs":{...},"rssBytes":{...},"recoveryMs",...}

Sender and market share this machine, so the sender's own work is part of what is measured.

Example: foldbook check overload --factor 3 --seconds 10`,
  takes: [],
  options: { factor: { type: 'string' }, seconds: { type: 'string' } },
  endsOnSignal: true,
  run: (context) => withWorkFolder((folder) => check(context, folder)),
};

async function check(context: CommandContext, folder: string): Promise<number> {
  const factor = context.integer('factor', 1, 10) ?? DEFAULT_FACTOR;
  const seconds = context.integer('seconds', 1, 3_600) ?? DEFAULT_SECONDS;
  const config = {
    broker: { kind: 'embedded', dir: join(folder, 'streams') },
    maxLagMs: MAX_LAG_MS,
    epochRecords: 1_000_000,
  };
  const { signal } = context;
  const onTrouble = () => undefined;
  const options = { config, logDir: folder, onTrouble, signal };
  const service = await startService('market', options);
  try {
    const channel = processChannel(service.child);
    if (channel === undefined) throw new ServiceError('the market has no channel');
    const transport = connectChannel(channel);
    const pid = service.child.pid ?? 0;
    const figures = await measure(context, transport, pid, factor, seconds);
    await transport.close();
    context.output.result({ ...figures }, words(figures));
    for (const failure of figures.failures) process.stderr.write(`foldbook: ${failure}\n`);
    return figures.failures.length === 0 ? 0 : 1;
  } finally {
    await service.stop();
  }
}

interface Figures {
  /** What an acknowledgement survives, as the market says. */
  readonly durability: string;
  readonly factor: number;
  readonly capacityPerSec: number;
  readonly offeredPerSec: number;
  readonly acceptedPerSec: number;
  /** Of the messages. */
  readonly busyShare: number;
  readonly failed: number;
  readonly unloadedMs: LatencyPercentiles;
  readonly acceptedMs: LatencyPercentiles | undefined;
  readonly busyMs: LatencyPercentiles | undefined;
  readonly rssBytes: { readonly before: number; readonly max: number; readonly after: number };
  readonly recoveryMs: number;
  readonly failures: readonly string[];
}

async function measure(
  { output, signal }: CommandContext,
  transport: Transport,
  pid: number,
  factor: number,
  seconds: number,
): Promise<Figures> {
  const durability = await openMarket(transport);
  const load = new OrderLoad(transport, MARKET, ACCOUNTS);
  const unloaded: Sample[] = [];
  for (let probe = 0; probe < PROBES; probe += 1) unloaded.push(await load.send(1));
  const unloadedMs = latencies(unloaded);
  if (unloadedMs === undefined) throw new UsageError('the market answers no order');
  const capacityPerSec = Math.round(await capacityOf(load, ACCOUNTS, CAPACITY_MS));
  signal.throwIfAborted();
  const before = rssOf(pid);
  let max = before;
  const watch = setInterval(() => {
    max = Math.max(max, rssOf(pid));
  }, RSS_EVERY_MS);
  const { samples, offeredPerSec } = await openLoad(
    load,
    capacityPerSec * factor,
    seconds * 1_000,
    (done) => output.progress('overload', Math.floor(done * 100), 100),
  ).finally(() => clearInterval(watch));
  output.endProgress();
  const recoveryMs = await recovery(load, unloadedMs.p50);
  const count = (answer: Answer) => samples.filter((sample) => sample.answer === answer).length;
  const accepted = count('accepted');
  const figures = {
    durability,
    factor,
    capacityPerSec,
    offeredPerSec: Math.round(offeredPerSec),
    acceptedPerSec: Math.round((offeredPerSec * accepted) / samples.length),
    busyShare: Number((count('busy') / samples.length).toFixed(4)),
    failed: count('failed'),
    unloadedMs,
    acceptedMs: latencies(samples.filter(({ answer }) => answer === 'accepted')),
    busyMs: latencies(samples.filter(({ answer }) => answer === 'busy')),
    rssBytes: { before, max, after: rssOf(pid) },
    recoveryMs: Math.round(recoveryMs),
  };
  return { ...figures, failures: failuresOf(figures) };
}

async function openMarket(transport: Transport): Promise<string> {
  const operator = new OperatorClient(transport, MARKET);
  await operator.createMarket(0, 0);
  for (let account = FIRST_ACCOUNT; account < FIRST_ACCOUNT + ACCOUNTS; account += 1) {
    for (const asset of [Asset.BASE, Asset.QUOTE]) await operator.deposit(account, asset, FUNDS);
  }
  return (await operator.info()).durability;
}

/** Milliseconds after the load until a single order is answered as fast as before. */
async function recovery(load: OrderLoad, usualMs: number): Promise<number> {
  const startMs = performance.now();
  const wellMs = Math.max(usualMs * RECOVERED_TIMES, RECOVERED_MS);
  for (;;) {
    const sentMs = performance.now();
    const { answer, latencyMs } = await load.send(1);
    if (answer === 'accepted' && latencyMs <= wellMs) return sentMs - startMs;
    if (performance.now() - startMs > MAX_RECOVERY_MS) return performance.now() - startMs;
  }
}

function failuresOf(figures: Omit<Figures, 'failures'>): string[] {
  const { failed, acceptedMs, rssBytes, recoveryMs, busyShare, factor } = figures;
  const growth = rssBytes.max - rssBytes.before;
  const p99 = acceptedMs?.p99 ?? Number.POSITIVE_INFINITY;
  return [
    ...(failed > 0 ? [`${failed} messages got no answer, or one that is not BUSY`] : []),
    ...(p99 > MAX_ACCEPTED_P99_MS ? [`what was accepted took ${p99} ms (p99)`] : []),
    ...(growth > MAX_RSS_GROWTH_MIB * 2 ** 20
      ? [`the market grew by ${grouped(growth)} bytes`]
      : []),
    ...(recoveryMs > MAX_RECOVERY_MS ? ['it had not recovered in time'] : []),
    ...(factor > 2 && busyShare === 0 ? ['nothing was refused: this was no overload'] : []),
  ];
}

function latencies(samples: readonly Sample[]): LatencyPercentiles | undefined {
  if (samples.length === 0) return undefined;
  const sorted = Float64Array.from(samples, ({ latencyMs }) => latencyMs).sort();
  const rounded = Object.entries(percentiles(sorted)).map(([name, ms]) => [
    name,
    Number(ms.toFixed(2)),
  ]);
  return Object.fromEntries(rounded);
}

/** Resident memory of a process; 0 where the system does not tell. */
function rssOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
}

function words(figures: Figures): string {
  const list = (of: LatencyPercentiles | undefined) =>
    of === undefined
      ? 'none'
      : `${Object.entries(of)
          .map(([name, ms]) => `${name} ${ms}`)
          .join('  ')} ms`;
  const mib = (bytes: number) => `${grouped(bytes / 2 ** 20)} MiB`;
  const { rssBytes: rss } = figures;
  return [
    `log        ${figures.durability}`,
    `takes      ${grouped(figures.capacityPerSec)} orders/s from senders that wait`,
    `was sent   ${grouped(figures.offeredPerSec)} orders/s`,
    `accepted   ${grouped(figures.acceptedPerSec)} orders/s; ${list(figures.acceptedMs)}`,
    `BUSY       ${(figures.busyShare * 100).toFixed(1)} % of the messages; ${list(figures.busyMs)}`,
    `one order  ${list(figures.unloadedMs)} without load`,
    `memory     ${mib(rss.before)} before, ${mib(rss.max)} at most, ${mib(rss.after)} after`,
    `recovered  ${figures.recoveryMs} ms after the load ended`,
  ].join('\n');
}
