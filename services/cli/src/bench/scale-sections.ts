/** What `bench scale` varies, one thing at a time, and what follows from its runs. */

import { fitFactors } from './least-squares.ts';
import type { ScaleRun, ScaleSpec } from './scale-run.ts';
import { median } from './statistics.ts';

export const SECTIONS = ['partitions', 'markets', 'nodes', 'accounts', 'bytes'] as const;
export type Section = (typeof SECTIONS)[number];

const PARTITIONS = [1, 2, 4];
const MARKETS = [1, 8, 64];
const NODES = [1, 2, 3];
const ACCOUNTS = [16, 128, 1_024];
const MILLION = 1_000_000;

/**
 * The runs of a section; some are of several sections, and made once.
 * @param base - what the others differ from in one thing
 * @param steps - how many of its sizes, from the smallest
 */
export function specsOf(section: Section, base: ScaleSpec, steps: number): ScaleSpec[] {
  switch (section) {
    case 'partitions':
      // As many markets, so that nothing else differs.
      return PARTITIONS.map((partitions) => ({ ...base, partitions, markets: 4 })).slice(0, steps);
    case 'markets':
      return MARKETS.map((markets) => ({ ...base, markets, restarts: true })).slice(0, steps);
    case 'nodes':
      return NODES.map((nodes) => ({ ...base, nodes })).slice(0, steps);
    case 'accounts':
      return ACCOUNTS.map((clients) => ({ ...base, clients })).slice(0, steps);
    case 'bytes': {
      const { perSec = 0 } = base;
      const rates = [perSec, Math.ceil(perSec / 10), undefined];
      const alone = rates.map((each) => ({ ...base, replicas: 1, perSec: each }));
      const copied = [1, 4].map((partitions) => ({ ...base, replicas: 3, partitions, markets: 4 }));
      return [...alone.slice(0, steps), ...copied.slice(0, Math.max(0, steps - 1))];
    }
  }
}

/** What a load took beyond what idleness takes, in cores. */
const workOf = (run: ScaleRun, who: 'brokers' | 'services') =>
  run.loaded[who].cores - run.idle[who].cores;

type Of = (run: ScaleRun) => number;

/** By least squares; undefined where there is nothing to compare. */
function slope(runs: readonly ScaleRun[], of: Of, against: Of): number | undefined {
  const points = runs.map((run) => [against(run), of(run)] as const);
  const mean = (at: 0 | 1) => points.reduce((all, point) => all + point[at], 0) / points.length;
  const [x0, y0] = [mean(0), mean(1)];
  const spread = points.reduce((all, [x]) => all + (x - x0) ** 2, 0);
  if (points.length === 0 || spread === 0) return undefined;
  return points.reduce((all, [x, y]) => all + (x - x0) * (y - y0), 0) / spread;
}

/**
 * Cores as a x commands + b x groups + c x reports, none below zero. Settlement batches count as
 * groups: there is one for each in which anything traded.
 */
export function fitCores(runs: readonly ScaleRun[], of: Of) {
  const fitted = fitFactors(
    runs.map((run) => {
      const { log, reports, diffs } = run.loaded;
      const amounts = [run.commandsPerSec, log.messages + diffs.messages, reports.messages];
      return { amounts, total: of(run) };
    }),
    3,
  );
  if (fitted === undefined) return undefined;
  const [perCommand = 0, perGroup = 0, perReport = 0] = fitted;
  return { perCommand, perGroup, perReport };
}

export type CoreFit = NonNullable<ReturnType<typeof fitCores>>;

/** The cores of so many a second. */
export const coresOf = (
  fit: CoreFit,
  rates: { readonly commands: number; readonly groups: number; readonly reports: number },
) => fit.perCommand * rates.commands + fit.perGroup * rates.groups + fit.perReport * rates.reports;

/** Bytes and messages a command, as brokers and clients count them. */
export function perCommand(run: ScaleRun) {
  const { loaded, idle, commandsPerSec: n } = run;
  return {
    messagesIn: run.messagesPerSec / n,
    groups: loaded.log.messages / n,
    reports: loaded.reports.messages / n,
    diffs: loaded.diffs.messages / n,
    brokerInBytes: (loaded.clients.inBytes - idle.clients.inBytes) / n,
    brokerOutBytes: (loaded.clients.outBytes - idle.clients.outBytes) / n,
    routeBytes: (loaded.routes.bytes - idle.routes.bytes) / n,
    logBytes: loaded.log.bytes / n,
    reportBytes: loaded.reports.bytes / n,
    diffBytes: loaded.diffs.bytes / n,
    publicBytes: run.publicBytesPerSec / n,
    publicMessages: run.publicMessagesPerSec / n,
    writtenBytes: loaded.brokers.writtenBytes / n,
  };
}

export type PerCommand = ReturnType<typeof perCommand>;

export type Runs = ReadonlyMap<Section, readonly ScaleRun[]>;

const ofPartitions = (runs: readonly ScaleRun[], of: Of) =>
  slope(runs, of, ({ spec }) => spec.partitions);

/** @param copied - with three brokers */
const partitionConstants = (
  runs: readonly ScaleRun[],
  copied: readonly ScaleRun[],
  alone: readonly ScaleRun[],
) => ({
  streams: ofPartitions(runs, ({ idle }) => idle.streams),
  idleCores: ofPartitions(runs, ({ idle }) => idle.services.cores),
  residentBytes: ofPartitions(runs, ({ idle }) => idle.services.residentBytes),
  idleBrokerCores: ofPartitions(runs, ({ idle }) => idle.brokers.cores),
  idleMessagesPerSec: ofPartitions(runs, ({ idle }) => idle.clients.inMessages),
  idleBytesPerSec: ofPartitions(runs, ({ idle }) => idle.clients.inBytes + idle.clients.outBytes),
  idleBrokerCoresOfThree: ofPartitions(copied, ({ idle }) => idle.brokers.cores),
  idleRouteMessagesPerSec: ofPartitions(copied, ({ idle }) => idle.routes.messages),
  idleRouteBytesPerSec: ofPartitions(copied, ({ idle }) => idle.routes.bytes),
  mostGroupsPerSec: most(alone, (run) => run.loaded.log.messages / run.spec.partitions),
});

function marketConstants(runs: readonly ScaleRun[]) {
  const of = (figure: Of) => slope(runs, figure, ({ spec }) => spec.markets);
  const replays = runs.flatMap(({ startMs: { opened, loaded }, replayedCommands }) =>
    opened === undefined || loaded === undefined || replayedCommands === 0
      ? []
      : [(1_000 * (loaded - opened)) / replayedCommands],
  );
  const replay = replays.length === 0 ? 0 : median(replays);
  return {
    residentBytes: of(({ idle }) => idle.services.residentBytes),
    createMs: runs.length === 0 ? undefined : median(runs.map(({ createMs }) => createMs)),
    startMs: of(({ startMs }) => startMs.opened ?? 0),
    startOfAllMs: runs[0]?.startMs.opened,
    // A log that takes less time than starts differ by tells nothing.
    replayUsPerCommand: replay > 0 ? replay : undefined,
  };
}

function nodeConstants(runs: readonly ScaleRun[], sample: ScaleRun | undefined) {
  const of = (figure: Of) => slope(runs, figure, ({ spec }) => spec.nodes);
  const node = {
    residentBytes: sample && sample.idle.nodes.residentBytes / sample.spec.nodes,
    idleCores: sample && sample.idle.nodes.cores / sample.spec.nodes,
    idleMessagesPerSec: of(({ idle }) => idle.nodeConnections.inMessages),
    idleBytesPerSec: of(({ idle }) => idle.nodeConnections.inBytes + idle.nodeConnections.outBytes),
  };
  const standby = {
    residentBytes: of(({ idle }) => idle.services.residentBytes),
    idleCores: of(({ idle }) => idle.services.cores),
    consumers: of(({ idle }) => idle.consumers),
    coresPerMillion: times(
      MILLION,
      of((run) => workOf(run, 'services') / run.commandsPerSec),
    ),
    bytesPerCommand: of((run) => run.loaded.marketConnections.outBytes / run.commandsPerSec),
  };
  return { node, standby };
}

const accountConstants = (runs: readonly ScaleRun[]) => ({
  brokerBytesPerSubject: slope(
    runs,
    ({ loaded }) => loaded.brokers.residentBytes,
    ({ loaded }) => loaded.reports.subjects,
  ),
  serviceBytes: slope(
    runs,
    ({ idle }) => idle.services.residentBytes,
    ({ spec }) => spec.clients,
  ),
});

/** Undefined wherever its section was not measured. */
export function constantsOf(measured: Runs) {
  const runs = (section: Section) => measured.get(section) ?? [];
  const all = [...new Set([...measured.values()].flat())];
  const alone = all.filter(({ spec }) => spec.replicas === 1 && spec.nodes === 1);
  const copied = runs('bytes').filter(({ spec }) => spec.replicas === 3);
  const [single] = runs('bytes');
  const [three] = copied;
  const sparse = runs('bytes')
    .filter(({ spec }) => spec.replicas === 1)
    .toSorted((a, b) => a.commandsPerSec - b.commandsPerSec)[0];
  const broker = fitCores(alone, (run) => workOf(run, 'brokers'));
  const ofOne = (run: ScaleRun) =>
    broker &&
    coresOf(broker, {
      commands: run.commandsPerSec,
      groups: run.loaded.log.messages + run.loaded.diffs.messages,
      reports: run.loaded.reports.messages,
    });
  return {
    partition: partitionConstants(runs('partitions'), copied, alone),
    market: marketConstants(runs('markets')),
    ...nodeConstants(runs('nodes'), all[0]),
    account: accountConstants(runs('accounts')),
    service: fitCores(alone, (run) => workOf(run, 'services')),
    broker,
    /** Of three brokers together, of what one takes for the same. */
    brokersOfThree: three && workOf(three, 'brokers') / (ofOne(three) ?? Number.NaN),
    ofOne: single && perCommand(single),
    /** At so low a rate that hardly two messages of an account are reported together. */
    ofSparse: sparse && perCommand(sparse),
    ofThree: three && perCommand(three),
  };
}

export type Constants = ReturnType<typeof constantsOf>;

const most = (runs: readonly ScaleRun[], of: Of) =>
  runs.length === 0 ? undefined : Math.max(...runs.map(of));

const times = (factor: number, value: number | undefined) =>
  value === undefined ? undefined : factor * value;
