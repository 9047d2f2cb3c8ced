/**
 * What a market tells about itself, in memory that others read: which metrics there are, where they
 * lie, and the part of each of the two threads.
 */

import { pid } from 'node:process';
import type { Engine } from '@foldbook/engine';
import {
  Account,
  BALANCE_VIEW_WORDS,
  CommandKind,
  EventKind,
  EventOffset,
  MARKET_BALANCES,
  MARKET_NAME_WORDS,
  MARKET_NAMES,
  MARKET_VIEW_WORDS,
  MARKET_VIEWS,
  RECORD_BYTES,
  ResultCode,
  TradeOffset,
} from '@foldbook/protocol';
import {
  createMetrics,
  createMetricsFile,
  currentThreadId,
  layOutMetrics,
  type MetricSpecs,
  MetricsWriter,
  mapKept,
  systemTimers,
  type Timers,
  thisOwner,
} from '@foldbook/runtime';
import { ADMISSION_LIMITS, type RefusedAdmission } from './admission.ts';
import { BALANCE_SLOTS, BalanceViewWriter, SHOWN_ACCOUNTS } from './balance-view-writer.ts';
import { LOCAL_METRICS, LocalMetrics } from './local-metrics.ts';
import { MarketViewWriter } from './market-view-writer.ts';
import { Tally } from './tally.ts';

/** Markets that are shown; those created later are not. */
export const SHOWN_MARKETS = 64;

const counter = (unit: string, help: string) => ({ kind: 'counter', unit, help }) as const;
const gauge = (unit: string, help: string) => ({ kind: 'gauge', unit, help }) as const;
const took = (help: string) => ({ kind: 'histogram', unit: 'ns', help }) as const;
const sizes = (unit: string, help: string) => ({ kind: 'histogram', unit, help }) as const;
const blocks = (words: number, help: string) =>
  ({ kind: 'blocks', unit: 'words', help, count: SHOWN_MARKETS, words }) as const;

const SERVICE_METRICS = {
  serviceThreadId: gauge('id', 'the thread that sequences and publishes, as the system has it'),
  messages: counter('messages', 'taken from clients and operators'),
  admitted: counter('commands', 'taken into a group for the log'),
  refused: {
    kind: 'counters',
    unit: 'messages',
    help: 'refused before the log, by code',
    labels: ResultCode,
  },
  refusals: { kind: 'errors', unit: 'messages', help: 'the latest refused; detail: the account' },
  turnedAway: {
    kind: 'counters',
    unit: 'messages',
    help: 'of these, by the limit that they met: well-formed, and no room or no permission now',
    labels: ADMISSION_LIMITS,
  },
  groupSize: sizes('commands', 'a group that goes to the log'),
  pendingCommands: gauge('commands', 'admitted and not yet executed'),
  groupsInFlight: gauge('groups', 'handed to the log, not yet durable'),
  undeliveredGroups: gauge('groups', 'durable, waiting for room in the command ring'),
  commandRingSlots: gauge('slots', 'used in the ring to the market thread'),
  eventRingSlots: gauge('slots', 'used in the ring from the market thread'),
  outputsInFlight: gauge('batches', 'reports and settlement records not yet stored'),
  queueing: took('a message: from being received until its group goes to the log'),
  commit: took('a group: from going to the log until it is durable'),
  handover: took('a group: from durable until the market thread takes it'),
  publishing: took('a group: from matched until its outputs are handed to the broker'),
  endToEnd: took('a message: from being received until its outputs are handed to the broker'),
  ...LOCAL_METRICS,
  [MARKET_NAMES]: blocks(MARKET_NAME_WORDS, 'of market number i + 1: bytes, then UTF-8'),
} as const satisfies MetricSpecs[string];

/** Of each host. */
const HOST_METRICS = {
  hostThreadId: gauge('id', 'the thread, as the system has it; 0 where that gives none'),
  groups: counter('groups', 'executed, since the beginning of the log'),
  commands: counter('commands', 'executed, since the beginning of the log'),
  events: { kind: 'counters', unit: 'events', help: 'by kind', labels: EventKind },
  rejects: {
    kind: 'counters',
    unit: 'commands',
    help: 'without effect, by code',
    labels: ResultCode,
  },
  matching: took('a group: from being taken until its events are written'),
  perCommand: took('of that, the mean of a command'),
  shownAccounts: gauge('accounts', `whose balances are shown, at most ${SHOWN_ACCOUNTS}`),
  [MARKET_BALANCES]: {
    kind: 'blocks',
    unit: 'words',
    help: 'of an account in a market, where a hash of both says: BalanceWord',
    count: BALANCE_SLOTS,
    words: BALANCE_VIEW_WORDS,
  },
} as const satisfies MetricSpecs[string];

/** Of each market, written by the thread of its host: by one after another, if it moves. */
const SHOWN_METRICS = {
  [MARKET_VIEWS]: blocks(MARKET_VIEW_WORDS, 'market number i + 1: MarketViewWord'),
} as const satisfies MetricSpecs[string];

const SERVICE = 'service';
const SHOWN = 'shown';
const hostName = (host: number) => `host${host}`;

function marketMetrics(hosts: number): MetricSpecs {
  const names = Array.from({ length: hosts }, (_, host) => [hostName(host), HOST_METRICS]);
  return { [SERVICE]: SERVICE_METRICS, [SHOWN]: SHOWN_METRICS, ...Object.fromEntries(names) };
}

/** Shared between threads, or an open file that every thread maps. */
export type MetricsMemory = SharedArrayBuffer | { readonly descriptor: number };

export interface OpenedMetrics {
  readonly memory: MetricsMemory;
  readonly buffer: ArrayBufferLike;
  /**
   * Lets other processes see what was opened hidden.
   * @throws what `createMetricsFile` throws
   */
  show(): void;
  /** Takes the file away; the memory stays as long as the process, as writers come late. */
  remove(): void;
}

/**
 * @param file where other processes read them, in /dev/shm; none: only this process can
 * @param isHidden not under that name before it is shown: another process may have it
 * @throws what `createMetricsFile` throws
 */
export function openMetrics(
  file: string | undefined,
  hosts: number,
  sinceMs: number,
  isHidden = false,
): OpenedMetrics {
  const layout = layOutMetrics(thisOwner('market', sinceMs), marketMetrics(hosts));
  if (file !== undefined) {
    const own = createMetricsFile(isHidden ? `${file}.${pid}` : file, layout);
    const { descriptor, buffer, remove } = own;
    const show = () => (isHidden ? own.moveTo(file) : undefined);
    return { memory: { descriptor }, buffer, show, remove };
  }
  const memory = new SharedArrayBuffer(layout.totalBytes);
  createMetrics(layout, memory);
  return { memory, buffer: memory, show: () => undefined, remove: () => undefined };
}

/** On another thread than the one that opened it. */
export function attachMetrics(memory: MetricsMemory): ArrayBufferLike {
  return 'descriptor' in memory ? mapKept(memory.descriptor).buffer : memory;
}

/** What the thread of the sequencer and the publisher writes. */
export class ServiceMetrics {
  /** Nanoseconds of the host's monotonic clock, alike on every thread. */
  readonly nowNs: () => number;
  readonly #timers: Timers;
  readonly #writer: MetricsWriter;
  readonly serviceThreadId;
  readonly messages;
  readonly admitted;
  readonly pendingCommands;
  readonly groupsInFlight;
  readonly undeliveredGroups;
  readonly commandRingSlots;
  readonly eventRingSlots;
  readonly outputsInFlight;
  readonly queueing;
  readonly commit;
  readonly handover;
  readonly publishing;
  readonly endToEnd;
  readonly groupSize;
  readonly local;
  readonly #refused;
  readonly #turnedAway;
  readonly #refusals;

  constructor(buffer: ArrayBufferLike, timers: Timers = systemTimers) {
    this.nowNs = timers.monotonicNs;
    this.#timers = timers;
    const writer = new MetricsWriter(buffer, SERVICE);
    this.#writer = writer;
    this.serviceThreadId = writer.gauge('serviceThreadId');
    this.messages = writer.counter('messages');
    this.admitted = writer.counter('admitted');
    this.pendingCommands = writer.gauge('pendingCommands');
    this.groupsInFlight = writer.gauge('groupsInFlight');
    this.undeliveredGroups = writer.gauge('undeliveredGroups');
    this.commandRingSlots = writer.gauge('commandRingSlots');
    this.eventRingSlots = writer.gauge('eventRingSlots');
    this.outputsInFlight = writer.gauge('outputsInFlight');
    this.queueing = writer.histogram('queueing');
    this.commit = writer.histogram('commit');
    this.handover = writer.histogram('handover');
    this.publishing = writer.histogram('publishing');
    this.endToEnd = writer.histogram('endToEnd');
    this.groupSize = writer.histogram('groupSize');
    this.local = new LocalMetrics(writer);
    this.#refused = writer.counters('refused');
    this.#turnedAway = writer.counters('turnedAway');
    this.#refusals = writer.errors('refusals');
  }

  refused(code: number, account: number): void {
    this.#refused.add(code, 1);
    this.#refusals.record(code, account, Number(this.#timers.nowNs() / 1_000_000n));
  }

  turnedAway(limit: RefusedAdmission): void {
    this.#turnedAway.add(ADMISSION_LIMITS[limit], 1);
  }

  /** Shows a market's name beside its book. */
  name(market: { readonly id: number; readonly name: string }): void {
    if (market.id > SHOWN_MARKETS) return;
    const words = new Int32Array(MARKET_NAME_WORDS);
    const name = new TextEncoder().encode(market.name);
    words[0] = name.byteLength;
    new Uint8Array(words.buffer).set(name, Int32Array.BYTES_PER_ELEMENT);
    this.#writer.block(MARKET_NAMES, market.id - 1).write(words);
  }
}

const KINDS = 256;
const CODES = 1_024;
const RECORD_WORDS = RECORD_BYTES >> 2;
const CODE_SHIFT = EventOffset.CODE * 8;
const ACCOUNT_WORD = EventOffset.ACCOUNT >> 2;
const MAKER_WORD = TradeOffset.MAKER_ACCOUNT >> 2;

/** 1 for each kind of event after which an account may have another balance. */
const MOVES = new Uint8Array(256);
for (const kind of [
  EventKind.ACCEPTED,
  EventKind.TRADE,
  EventKind.CANCELLED,
  EventKind.REPLACED,
  EventKind.FUNDS,
  EventKind.FEE,
  EventKind.TRIGGERED,
  EventKind.REDUCED,
]) {
  MOVES[kind] = 1;
}

/** What a host's thread writes. Nothing here allocates once markets and accounts are known. */
export class ThreadMetrics {
  readonly nowNs: () => number;
  readonly #shown: MetricsWriter;
  readonly #host: number;
  readonly #groups;
  readonly #commands;
  readonly #events;
  readonly #rejects;
  readonly #matching;
  readonly #perCommand;
  readonly #shownAccounts;
  readonly #balances: BalanceViewWriter;
  readonly #views: (MarketViewWriter | undefined)[] = [];
  /** Of the market that has its turn, if it is shown. */
  #view: MarketViewWriter | undefined;
  #words: Int32Array = new Int32Array(0);

  /**
   * @param host - number of the host whose thread this is
   * @param nowNs - of the host's monotonic clock
   */
  constructor(buffer: ArrayBufferLike, host: number, nowNs = systemTimers.monotonicNs) {
    this.nowNs = nowNs;
    const writer = new MetricsWriter(buffer, hostName(host));
    this.#shown = new MetricsWriter(buffer, SHOWN);
    this.#host = host;
    writer.gauge('hostThreadId').set(currentThreadId() ?? 0);
    this.#groups = writer.counter('groups');
    this.#commands = writer.counter('commands');
    this.#events = new Tally(KINDS, writer.counters('events'));
    this.#rejects = new Tally(CODES, writer.counters('rejects'));
    this.#matching = writer.histogram('matching');
    this.#perCommand = writer.histogram('perCommand');
    this.#shownAccounts = writer.gauge('shownAccounts');
    this.#balances = new BalanceViewWriter((slot) => writer.block(MARKET_BALANCES, slot));
  }

  /** A market has its turn: groups until `show`. */
  startTurn(market: number): void {
    this.#balances.startTurn(market);
    this.#view = this.#viewOf(market);
  }

  /** Counts `count` events of the market that lie at the beginning of `block`. */
  count(block: Uint8Array, count: number): void {
    if (this.#words.buffer !== block.buffer || this.#words.byteOffset !== block.byteOffset) {
      this.#words = new Int32Array(block.buffer, block.byteOffset, block.byteLength >> 2);
    }
    const words = this.#words;
    let rejected = 0;
    for (let at = 0; at < count * RECORD_WORDS; at += RECORD_WORDS) {
      const head = words[at] ?? 0;
      const kind = head & 0xff;
      this.#events.add(kind);
      if (MOVES[kind] === 1) this.#moved(kind, words, at);
      else if (kind === EventKind.REJECTED) {
        this.#rejects.add(head >>> CODE_SHIFT);
        rejected += 1;
      }
    }
    this.#view?.count(count, rejected);
  }

  executed(commands: number, tookNs: number): void {
    this.#groups.add(1);
    this.#commands.add(commands);
    this.#matching.record(tookNs);
    this.#perCommand.record(tookNs / commands);
  }

  /** Shows what the turn made of its market; `timeNs` is the stamp of its last group. */
  show(engine: Engine, logSequence: number, timeNs: bigint): void {
    this.#events.tell();
    this.#rejects.tell();
    if (this.#view === undefined) return;
    // Who reads an account looks at its market first.
    if (this.#balances.hasHidden) this.#view.hide();
    this.#view.write(engine, logSequence, timeNs);
    this.#balances.write(engine);
    this.#shownAccounts.set(this.#balances.shown);
  }

  /** The market goes on elsewhere; if it comes back, what is shown is not what was left here. */
  forget(market: number): void {
    this.#views[market] = undefined;
  }

  #moved(kind: number, words: Int32Array, at: number): void {
    if (this.#view === undefined) return;
    const balances = this.#balances;
    balances.change(words[at + ACCOUNT_WORD] ?? 0);
    if (kind === EventKind.TRADE) {
      balances.change(words[at + MAKER_WORD] ?? 0);
      this.#view.trade(words, at);
    } else if (kind === EventKind.FEE) balances.change(Account.FEES);
    else if (kind === EventKind.FUNDS) {
      // Deposits and withdrawals change what is outstanding; what is collected was the fees'.
      const isCollected = (words[at] ?? 0) >>> CODE_SHIFT === CommandKind.COLLECT_FEES;
      balances.change(isCollected ? Account.FEES : Account.SUPPLY);
    }
  }

  #viewOf(market: number): MarketViewWriter | undefined {
    if (market > SHOWN_MARKETS) return undefined;
    this.#views[market] ??= new MarketViewWriter(
      this.#shown.block(MARKET_VIEWS, market - 1),
      market,
      this.#host,
    );
    return this.#views[market];
  }
}
