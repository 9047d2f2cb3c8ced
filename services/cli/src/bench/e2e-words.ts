/** What `bench e2e` prints. */
import { RECORD_BYTES } from '@foldbook/protocol';
import { grouped } from '../output.ts';
import type { E2eMeasured, E2eSettings } from './e2e-run.ts';
import { type Machine, machineWords } from './machine.ts';
import { median, percentiles } from './statistics.ts';

const MILLION = 1_000_000;

export type RowKind = 'market' | 'floor' | 'latency';

/** Milliseconds, to a hundredth. */
export function latencyOf(sortedMs: Float64Array) {
  if (sortedMs.length === 0) return undefined;
  const { p50, p99, p999, max } = percentiles(sortedMs);
  const rounded = (ms: number) => Math.round(ms * 100) / 100;
  return { p50: rounded(p50), p99: rounded(p99), p999: rounded(p999), max: rounded(max) };
}

const perMillion = (seconds: number, commands: number) =>
  Math.round((seconds * MILLION * 1_000) / commands) / 1_000;

export function rowOf(kind: RowKind, measured: E2eMeasured) {
  const { reportedCommands, seconds, groups, messages, reportMessages, cpu } = measured;
  const inBytes = (measured.sentCommands + messages) * RECORD_BYTES;
  const outBytes = measured.reportBytes + measured.receivedMs.length * RECORD_BYTES;
  return {
    kind,
    ordersPerSec: Math.round(measured.ordersPerSec),
    messagesPerSec: Math.round(messages / seconds),
    groupsPerSec: Math.round(groups / seconds),
    ordersPerGroup: Math.round(reportedCommands / Math.max(1, groups)),
    reportMessagesPerSec: Math.round(reportMessages / seconds),
    inBytesPerSec: Math.round(inBytes / seconds),
    outBytesPerSec: Math.round(outBytes / seconds),
    rejected: measured.rejected,
    refused: measured.refused,
    pendingFirst: measured.pendingFirst,
    pendingLast: measured.pendingLast,
    receivedMs: latencyOf(measured.receivedMs),
    reportedMs: latencyOf(measured.reportedMs),
    cpuPerMillion: cpu && {
      broker: perMillion(cpu.broker, reportedCommands),
      service: perMillion(cpu.service, reportedCommands),
      others: perMillion(cpu.others, reportedCommands),
      clients: perMillion(cpu.clients, reportedCommands),
    },
    coresBusy:
      cpu &&
      Math.round(((cpu.broker + cpu.service + cpu.others + cpu.clients) / seconds) * 100) / 100,
    seconds: Math.round(seconds * 10) / 10,
  };
}

type Row = ReturnType<typeof rowOf>;

const NAMES = { market: 'market', floor: 'floor ', latency: 'paced ' } as const;

const figures = (values: Readonly<Record<string, number>> | undefined) =>
  Object.entries(values ?? {})
    .map(([name, value]) => `${name} ${value}`)
    .join('  ');

export function rowWords(row: Row): string {
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB/s`;
  const refused = row.refused === 0 ? '' : `, ${grouped(row.refused)} messages refused`;
  return [
    `${NAMES[row.kind]}  ${grouped(row.ordersPerSec)} orders/s in ${grouped(row.messagesPerSec)} ` +
      `messages/s, ${grouped(row.groupsPerSec)} groups/s of ${grouped(row.ordersPerGroup)}, ` +
      `${grouped(row.reportMessagesPerSec)} reports/s${refused}`,
    `  bytes    ${mb(row.inBytesPerSec)} in, ${mb(row.outBytesPerSec)} out`,
    `  received ${figures(row.receivedMs)} ms`,
    `  reported ${figures(row.reportedMs)} ms`,
    `  pending  ${grouped(row.pendingFirst)} orders at the start, ${grouped(row.pendingLast)} ` +
      'at the end',
    ...(row.cpuPerMillion === undefined
      ? []
      : [`  cpu s/M  ${figures(row.cpuPerMillion)}  (${row.coresBusy} cores busy)`]),
  ].join('\n');
}

/** Of runs in turns, a floor behind each market where there are floors. */
export function pairOf(markets: readonly E2eMeasured[], floors: readonly E2eMeasured[]) {
  const rates = (all: readonly E2eMeasured[]) => all.map(({ ordersPerSec }) => ordersPerSec);
  const ofFloors = rates(floors);
  const ratios = ofFloors.map((floor, index) => (markets[index]?.ordersPerSec ?? 0) / floor);
  return {
    ordersPerSec: Math.round(median(rates(markets))),
    floorPerSec: ofFloors.length === 0 ? undefined : Math.round(median(ofFloors)),
    ratio: ratios.length === 0 ? undefined : Math.round(median(ratios) * 1_000) / 1_000,
    ratios: ratios.map((ratio) => Math.round(ratio * 1_000) / 1_000),
  };
}

export function endWords(
  end: ReturnType<typeof pairOf> & {
    readonly settings: E2eSettings & { readonly runs: number };
    readonly syncMs: Readonly<Record<string, number>> | undefined;
    readonly machine: Machine;
  },
): string {
  const { ordersPerSec, floorPerSec, ratio, ratios, settings, machine } = end;
  const { runs, seconds, warmUpSeconds, clients, processes, connections } = settings;
  const { window, singlePercent, batch, replicas } = settings;
  return [
    `from client to client: ${grouped(ordersPerSec)} orders/s`,
    ...(floorPerSec === undefined
      ? []
      : [`raw JetStream: ${grouped(floorPerSec)}/s; ratio ${ratio} (${ratios.join(', ')})`]),
    `  method   ${runs} runs of ${seconds} s after ${warmUpSeconds} s, ` +
      `in turns; ${clients} clients, ${processes} processes of ${connections} connections`,
    `           ${window} messages on their way each, ${singlePercent} % of one command, others ` +
      `of ${batch}`,
    `  log      JetStream file, ${replicas} ${replicas === 1 ? 'replica' : 'replicas'}, ` +
      'sync always',
    `  sync     ${figures(end.syncMs)} ms a write of 4 KiB, before the runs`,
    `  machine  ${machineWords(machine)}`,
  ].join('\n');
}
