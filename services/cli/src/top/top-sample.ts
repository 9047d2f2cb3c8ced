/** What `top` says of an interval: the difference of two looks at a market's metrics. */
import { type BalanceView, type MarketView, MarketViewReader } from '@foldbook/client';
import { resultName } from '@foldbook/protocol';
import {
  HARDWARE_EVENTS,
  HardwareCounters,
  type HardwareCounts,
  type HistogramSnapshot,
  type MetricsReader,
  type MetricsSample,
  readThreadUsage,
  type ThreadUsage,
} from '@foldbook/runtime';

/** Instead of a figure that the machine, the kernel or the moment does not give. */
export const UNAVAILABLE = 'unavailable';
export type Figure = number | typeof UNAVAILABLE;

export const STAGES = [
  'queueing',
  'commit',
  'handover',
  'matching',
  'perCommand',
  'publishing',
  'endToEnd',
] as const;
export const RATES = ['messages', 'admitted', 'commands', 'groups'] as const;
/** Rates of what is counted by kind or code. */
export const COUNTED = ['events', 'trades', 'rejects', 'refused'] as const;
export const DEPTHS = [
  'pendingCommands',
  'groupsInFlight',
  'undeliveredGroups',
  'commandRingSlots',
  'eventRingSlots',
  'outputsInFlight',
] as const;
/** Of clients on the same host. */
export const LOCAL_RATES = ['localFramesIn', 'localFramesOut'] as const;
export const LOCAL_NUMBERS = ['localClients', 'localWaitingBytes'] as const;
const SERVICE_THREAD = 'serviceThreadId';
const HOST_THREADS = 'hostThreadId';
/** Before the thread runs, and where the system gives none. */
const NO_THREAD = 0;
/** Of each market. */
export const MARKET_RATES = ['commands', 'events', 'rejected'] as const;
const SHARES = { p50: 0.5, p90: 0.9, p99: 0.99, p999: 0.999, max: 1 } as const;

export type StageFigures = Readonly<Record<keyof typeof SHARES | 'count', number>>;

export interface ThreadFigures {
  /** Of one core; and of the time, how much it was ready and waited for one. */
  readonly cpuPercent: Figure;
  readonly waitPercent: Figure;
  readonly voluntarySwitchesPerSec: Figure;
  readonly involuntarySwitchesPerSec: Figure;
  readonly minorFaultsPerSec: Figure;
  readonly majorFaultsPerSec: Figure;
}

export interface TopSample {
  readonly pid: number;
  readonly runsForMs: number;
  readonly intervalMs: number;
  readonly perSec: Readonly<Record<(typeof RATES)[number] | (typeof COUNTED)[number], Figure>>;
  readonly depths: Readonly<Record<(typeof DEPTHS)[number], Figure>>;
  /** Of the interval. */
  readonly latencyNs: Readonly<Record<(typeof STAGES)[number], StageFigures | typeof UNAVAILABLE>>;
  /** Of the groups that went to the log in the interval. */
  readonly groupCommands: StageFigures | typeof UNAVAILABLE;
  /** Since the beginning of the log, and since the start: by code; of the latter, by limit. */
  readonly rejects: Readonly<Record<string, number>> | typeof UNAVAILABLE;
  readonly refused: Readonly<Record<string, number>> | typeof UNAVAILABLE;
  readonly turnedAway: Readonly<Record<string, number>> | typeof UNAVAILABLE;
  readonly local: LocalFigures;
  readonly refusedPerSec10: Figure;
  readonly lastRefused: string | undefined;
  /** The service's, then each host's. */
  readonly threads: Readonly<Record<string, ThreadFigures>>;
  /** Of all hosts' threads, a command. */
  readonly perCommand: Readonly<Record<string, Figure>>;
  readonly markets: readonly ShownMarket[];
}

/** Clients on the market's own host, over shared memory. */
export interface LocalFigures {
  /** Connections now; bytes that wait for those that don't read. */
  readonly numbers: Readonly<Record<(typeof LOCAL_NUMBERS)[number], Figure>>;
  readonly perSec: Readonly<Record<(typeof LOCAL_RATES)[number], Figure>>;
  /** Connections that ended, and who was not let in, since the start: by reason. */
  readonly ends: Readonly<Record<string, number>> | typeof UNAVAILABLE;
  readonly turnedAway: Readonly<Record<string, number>> | typeof UNAVAILABLE;
}

export interface ShownMarket extends Readonly<Partial<MarketView>> {
  readonly name: string;
  readonly perSec: Readonly<Record<(typeof MARKET_RATES)[number], Figure>>;
  /** Of the account that was asked for. */
  readonly balance?: BalanceView | typeof UNAVAILABLE;
}

interface Look {
  readonly atMs: number;
  readonly metrics: MetricsSample;
  readonly usage: ReadonlyMap<string, ThreadUsage | undefined>;
  readonly hardware: readonly HardwareCounts[];
  readonly views: ReadonlyMap<number, MarketView | undefined>;
}

export class TopSampler {
  readonly #reader: MetricsReader;
  readonly #views: MarketViewReader;
  readonly #account: number | undefined;
  /** Of the hosts' threads, once they are known. */
  readonly #hardware = new Map<number, HardwareCounters>();
  #last: Look;

  /** @param account whose balances are looked at */
  constructor(reader: MetricsReader, account?: number) {
    this.#reader = reader;
    this.#views = new MarketViewReader(reader);
    this.#account = account;
    this.#last = this.#look();
  }

  /** What has happened since the last call. */
  next(): TopSample {
    const before = this.#last;
    const now = this.#look();
    this.#last = now;
    const { owner } = this.#reader.descriptor;
    const seconds = (now.atMs - before.atMs) / 1_000;
    const refusals = now.metrics.errors.get('refusals');
    return {
      pid: owner.pid,
      runsForMs: Date.now() - owner.sinceMs,
      intervalMs: Math.round(now.atMs - before.atMs),
      perSec: ratesOf(before.metrics, now.metrics, seconds),
      depths: recordOf(DEPTHS, (name) => now.metrics.numbers.get(name) ?? UNAVAILABLE),
      latencyNs: recordOf(STAGES, (name) =>
        stageOf(before.metrics.histograms.get(name), now.metrics.histograms.get(name)),
      ),
      groupCommands: stageOf(
        before.metrics.histograms.get('groupSize'),
        now.metrics.histograms.get('groupSize'),
      ),
      rejects: byCode(now.metrics, 'rejects'),
      refused: byCode(now.metrics, 'refused'),
      turnedAway: byCode(now.metrics, 'turnedAway'),
      local: localOf(before.metrics, now.metrics, seconds),
      refusedPerSec10: refusals?.perSecond10 ?? UNAVAILABLE,
      lastRefused: resultNameOf(refusals?.latest.at(-1)?.code),
      threads: recordOf([...now.usage.keys()], (name) =>
        threadOf(before.usage.get(name), now.usage.get(name), seconds),
      ),
      perCommand: this.#perCommand(before, now),
      markets: [...this.#views.markets()].map(([name, market]) => ({
        ...{ name, ...now.views.get(market), ...this.#balance(market) },
        perSec: marketRates(before.views.get(market), now.views.get(market), seconds),
      })),
    };
  }

  close(): void {
    for (const hardware of this.#hardware.values()) hardware.close();
  }

  #look(): Look {
    const { pid } = this.#reader.descriptor.owner;
    const metrics = this.#reader.sample(Date.now());
    const hosts = metrics.each.get(HOST_THREADS) ?? [];
    const service = metrics.numbers.get(SERVICE_THREAD);
    const threads = new Map([['service', service]]);
    for (const [host, thread] of hosts.entries()) {
      // One on the service's thread uses nothing beside that.
      const isInline = thread === service && thread !== undefined && thread !== NO_THREAD;
      if (!isInline) threads.set(`host ${host}`, thread);
    }
    const usage = new Map(
      [...threads].map(([name, thread]) => [name, usageOf(pid, thread)] as const),
    );
    for (const thread of hosts) {
      // The system takes 0 for whoever asks.
      if (thread === undefined || thread === NO_THREAD || this.#hardware.has(thread)) continue;
      this.#hardware.set(thread, new HardwareCounters(thread));
    }
    const hardware = [...this.#hardware.values()].map((counters) => counters.read());
    const markets = [...this.#views.markets().values()];
    const views = new Map(markets.map((market) => [market, this.#views.read(market)] as const));
    return { atMs: performance.now(), metrics, usage, hardware, views };
  }

  #balance(market: number): Pick<ShownMarket, 'balance'> {
    if (this.#account === undefined) return {};
    return { balance: this.#views.balance(market, this.#account) ?? UNAVAILABLE };
  }

  #perCommand(before: Look, now: Look): Record<string, Figure> {
    const commands = rise(before.metrics, now.metrics, 'commands');
    return recordOf(HARDWARE_EVENTS, (event) => {
      const [first, second] = [sumOf(before.hardware, event), sumOf(now.hardware, event)];
      if (first === UNAVAILABLE || second === UNAVAILABLE) return UNAVAILABLE;
      if (commands === UNAVAILABLE || commands === 0) return UNAVAILABLE;
      return rounded((second - first) / commands);
    });
  }
}

function usageOf(pid: number, thread: number | undefined): ThreadUsage | undefined {
  return thread === undefined || thread === NO_THREAD ? undefined : readThreadUsage(pid, thread);
}

function sumOf(counts: readonly HardwareCounts[], event: (typeof HARDWARE_EVENTS)[number]): Figure {
  const each = counts.map((count) => count[event]);
  const known = each.filter((count) => typeof count === 'number');
  if (known.length === 0 || known.length < each.length) return UNAVAILABLE;
  return known.reduce((sum, count) => sum + count, 0);
}

function recordOf<Name extends string, Value>(
  names: readonly Name[],
  figureOf: (name: Name) => Value,
): Record<Name, Value> {
  const entries = names.map((name) => [name, figureOf(name)] as const);
  return Object.fromEntries(entries) as Record<Name, Value>;
}

const resultNameOf = (code: number | undefined) =>
  code === undefined ? undefined : resultName(code);

const rounded = (value: number) => Math.round(value * 100) / 100;

function rise(before: MetricsSample, now: MetricsSample, name: string): Figure {
  const [first, second] = [before.numbers.get(name), now.numbers.get(name)];
  return first === undefined || second === undefined ? UNAVAILABLE : second - first;
}

function ratesOf(before: MetricsSample, now: MetricsSample, seconds: number) {
  const perSec = (count: Figure): Figure =>
    count === UNAVAILABLE ? UNAVAILABLE : Math.round(count / seconds);
  const counted = (name: string, countOf: (counts: ReadonlyMap<string, number>) => number) => {
    const [first, second] = [before.counters.get(name), now.counters.get(name)];
    const isWhole = first !== undefined && second !== undefined;
    return perSec(isWhole ? countOf(second) - countOf(first) : UNAVAILABLE);
  };
  return {
    ...recordOf(RATES, (name) => perSec(rise(before, now, name))),
    events: counted('events', total),
    trades: counted('events', (counts) => counts.get('TRADE') ?? 0),
    rejects: counted('rejects', total),
    refused: counted('refused', total),
  };
}

function localOf(before: MetricsSample, now: MetricsSample, seconds: number): LocalFigures {
  const perSec = (name: string): Figure => {
    const count = rise(before, now, name);
    return count === UNAVAILABLE ? UNAVAILABLE : Math.round(count / seconds);
  };
  return {
    numbers: recordOf(LOCAL_NUMBERS, (name) => now.numbers.get(name) ?? UNAVAILABLE),
    perSec: recordOf(LOCAL_RATES, perSec),
    ends: byCode(now, 'localEnds'),
    turnedAway: byCode(now, 'localTurnedAway'),
  };
}

/** A market that was not shown at the look before has no rates yet. */
function marketRates(
  before: MarketView | undefined,
  now: MarketView | undefined,
  seconds: number,
): ShownMarket['perSec'] {
  const perSec = (name: 'sequence' | 'events' | 'rejected'): Figure => {
    if (before === undefined || now === undefined) return UNAVAILABLE;
    return Math.round(Number(now[name] - before[name]) / seconds);
  };
  const [commands, events, rejected] = [perSec('sequence'), perSec('events'), perSec('rejected')];
  return { commands, events, rejected };
}

const total = (counts: ReadonlyMap<string, number>) =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

function stageOf(
  before: HistogramSnapshot | undefined,
  now: HistogramSnapshot | undefined,
): StageFigures | typeof UNAVAILABLE {
  if (before === undefined || now === undefined) return UNAVAILABLE;
  const between = now.since(before);
  const names = Object.keys(SHARES) as (keyof typeof SHARES)[];
  const values = recordOf(names, (name) => Math.round(between.quantile(SHARES[name])));
  return { count: between.count, ...values };
}

function byCode(sample: MetricsSample, name: string) {
  const counts = sample.counters.get(name);
  return counts === undefined ? UNAVAILABLE : Object.fromEntries(counts);
}

function threadOf(
  before: ThreadUsage | undefined,
  now: ThreadUsage | undefined,
  seconds: number,
): ThreadFigures {
  const perSec = (name: keyof ThreadUsage): Figure => {
    const [first, second] = [before?.[name], now?.[name]];
    if (first === undefined || second === undefined) return UNAVAILABLE;
    return rounded((second - first) / seconds);
  };
  const percent = (name: keyof ThreadUsage): Figure => {
    const ns = perSec(name);
    return ns === UNAVAILABLE ? UNAVAILABLE : rounded(ns / 1e7);
  };
  return {
    cpuPercent: percent('runNs'),
    waitPercent: percent('waitNs'),
    voluntarySwitchesPerSec: perSec('voluntarySwitches'),
    involuntarySwitchesPerSec: perSec('involuntarySwitches'),
    minorFaultsPerSec: perSec('minorFaults'),
    majorFaultsPerSec: perSec('majorFaults'),
  };
}
