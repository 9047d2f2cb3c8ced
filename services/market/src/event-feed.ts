/** Takes a host's events from its ring, group by group, and hands them to the outputs. */
import assert from 'node:assert/strict';
import {
  BATCH_FIRST_BYTE,
  BatchOffset,
  EventKind,
  GroupEndOffset,
  RECORD_BYTES,
  readCount,
  viewOf,
} from '@foldbook/protocol';
import type { Clock, RingConsumer } from '@foldbook/runtime';
import type { MoveEnd } from './dispatcher.ts';
import type { ServiceMetrics } from './market-metrics.ts';
import type { MarketOutputs } from './market-outputs.ts';
import type { CommittedGroup, Market, MarketRegistry } from './market-registry.ts';
import { ControlKind, ControlOffset, GroupTimeOffset } from './ring-message.ts';

const READ_RECORDS = 512;
/**
 * While events never cease to come, what was gathered goes out at a group's end after so many
 * records or so long; when the ring is empty between groups, at once.
 */
const FLUSH_RECORDS = 4_096;
const FLUSH_AGE_NS = 5_000_000n;
/** Readers of a public book that may wait for a group's end. */
const MAX_WAITING_READERS = 256;

/** Called with the records that answer a query, CONTROL_END not among them. */
export type OnAnswer = (token: bigint, records: Uint8Array, sequence: number) => void;
export type OnExecuted = (
  market: Market,
  group: CommittedGroup,
  commands: number,
  openRecords: number,
) => void;
/** What the host says of a market that moves. */
export type OnMoved = (market: number, end: MoveEnd) => void;

export interface FeedParts {
  readonly markets: MarketRegistry;
  readonly clock: Clock;
  readonly metrics: ServiceMetrics;
  readonly outputsOf: (market: Market) => MarketOutputs;
  /** Few reports are on their way to their stream: more may follow. */
  readonly reportsMayGo: () => boolean;
  readonly onExecuted: OnExecuted;
  readonly onAnswer: OnAnswer;
  readonly onMoved: OnMoved;
  /** A market writes a snapshot; nothing of what it told before waits here. */
  readonly onSnapshot: (market: Market) => void;
}

export class EventFeed {
  readonly #ring: RingConsumer;
  readonly #parts: FeedParts;
  /** Markets with groups since the last flush. */
  readonly #unsent = new Set<MarketOutputs>();
  /** Those whose accounts were not told all. */
  readonly #untold = new Set<MarketOutputs>();
  /** Records since accounts were told. */
  #gathered = 0;
  /** Of groups that accounts were not told: when each was matched, and when its messages came. */
  readonly #matchedNs: number[] = [];
  readonly #receivedNs: number[] = [];
  #recordsSinceFlush = 0;
  #flushedNs = 0n;
  readonly #buffer = new Uint8Array(READ_RECORDS * RECORD_BYTES);
  readonly #view = viewOf(this.#buffer);
  #answer: Uint8Array[] = [];
  #current: MarketOutputs | undefined;
  #group: CommittedGroup | undefined;
  #atBoundary: (() => void)[] = [];

  constructor(ring: RingConsumer, parts: FeedParts) {
    this.#ring = ring;
    this.#parts = parts;
  }

  /** Records in the ring. */
  available(): number {
    return this.#ring.available();
  }

  /** Records of which accounts were not told all. */
  get gathered(): number {
    return this.#gathered;
  }

  /** Runs `task` as soon as no group is half published; false when too many wait already. */
  whenWhole(task: () => void): boolean {
    if (this.#current === undefined) task();
    else if (this.#atBoundary.length >= MAX_WAITING_READERS) return false;
    else this.#atBoundary.push(task);
    return true;
  }

  /** @param isLive - false while the log is replayed at start, when times mean nothing */
  doWork(isLive: boolean): number {
    const count = Math.min(this.#ring.available(), READ_RECORDS);
    if (count === 0) return this.#tellLater();
    this.#ring.read(this.#buffer, count);
    this.#ring.release(count);
    for (let index = 0; index < count; index += 1) this.#record(index * RECORD_BYTES, isLive);
    if (this.#current === undefined && this.#unsent.size > 0) this.#flush();
    return count;
  }

  /** What was gathered while reports were on their way goes, if no group is half published. */
  tell(): void {
    if (this.#current !== undefined) return;
    this.#tell();
  }

  #tellLater(): number {
    if (this.#untold.size === 0 || this.#current !== undefined) return 0;
    if (!this.#parts.reportsMayGo()) return 0;
    this.#tell();
    return 1;
  }

  #record(offset: number, isLive: boolean): void {
    const kind = this.#view.getUint8(offset);
    this.#recordsSinceFlush += 1;
    this.#gathered += 1;
    if (kind === BATCH_FIRST_BYTE) this.#startGroup(offset);
    else if (kind === EventKind.GROUP_END) this.#endGroup(offset, isLive);
    else if (kind === ControlKind.CONTROL_END) this.#endAnswer(offset);
    else if (kind === ControlKind.MOVED_OUT) this.#moved(offset, 'left');
    else if (kind === ControlKind.MOVED_IN) this.#moved(offset, 'come');
    else if (kind === ControlKind.MOVE_OFF) this.#moved(offset, 'off');
    else if (kind === ControlKind.SNAPSHOT_BEGUN) this.#snapshotBegun(offset);
    else if (this.#current === undefined || this.#group === undefined) {
      this.#answer.push(this.#buffer.slice(offset, offset + RECORD_BYTES));
    } else this.#current.event(this.#view, offset, this.#group);
  }

  #startGroup(offset: number): void {
    const market = this.#parts.markets.byId(
      this.#view.getUint32(offset + BatchOffset.MARKET, true),
    );
    assert(market !== undefined, 'a host only knows markets of the registry');
    const group = market.committed.shift();
    const logSequence = readCount(this.#view, offset + BatchOffset.LOG_SEQUENCE);
    assert.equal(group?.logSequence, logSequence, 'groups come back in log order');
    this.#group = group;
    this.#current = this.#parts.outputsOf(market);
    this.#unsent.add(this.#current);
    if (market.unsentFrom === 0) market.unsentFrom = logSequence;
    this.#current.startGroup(group, readCount(this.#view, offset + BatchOffset.FIRST));
  }

  #endGroup(offset: number, isLive: boolean): void {
    const outputs = this.#current;
    const group = this.#group;
    assert(outputs !== undefined && group !== undefined, 'a group ends that did not start');
    const view = this.#view;
    const { market } = outputs;
    const commands = readCount(view, offset + GroupEndOffset.COMMANDS);
    outputs.endGroup(group, readCount(view, offset + GroupEndOffset.LAST_SEQUENCE), commands);
    market.nextTimerNs = view.getBigUint64(offset + GroupEndOffset.NEXT_TIMER_NS, true);
    if (isLive) this.#noteTimes(market, group, offset);
    const openRecords = readCount(view, offset + GroupEndOffset.OPEN_RECORDS);
    this.#parts.onExecuted(market, group, commands, openRecords);
    this.#current = undefined;
    this.#group = undefined;
    if (this.#flushIsDue()) this.#flush();
  }

  #noteTimes(market: Market, { durableNs, receivedNs }: CommittedGroup, offset: number): void {
    const takenNs = this.#view.getFloat64(offset + GroupTimeOffset.TAKEN_NS, true);
    const doneNs = this.#view.getFloat64(offset + GroupTimeOffset.DONE_NS, true);
    market.busyNs += doneNs - takenNs;
    this.#parts.metrics.handover.record(takenNs - durableNs);
    this.#matchedNs.push(doneNs);
    for (const message of receivedNs) this.#receivedNs.push(message);
  }

  #endAnswer(offset: number): void {
    const token = this.#view.getBigUint64(offset + ControlOffset.TOKEN, true);
    const sequence = readCount(this.#view, offset + ControlOffset.SEQUENCE);
    const records = new Uint8Array(this.#answer.length * RECORD_BYTES);
    for (const [index, record] of this.#answer.entries()) {
      records.set(record, index * RECORD_BYTES);
    }
    this.#answer = [];
    this.#parts.onAnswer(token, records, sequence);
  }

  #moved(offset: number, end: MoveEnd): void {
    // What it made here goes out before anything that it makes elsewhere.
    this.#flush();
    this.#tell();
    this.#parts.onMoved(this.#view.getUint32(offset + ControlOffset.MARKET, true), end);
  }

  #snapshotBegun(offset: number): void {
    const id = this.#view.getUint32(offset + ControlOffset.MARKET, true);
    const market = this.#parts.markets.byId(id);
    assert(market !== undefined, 'a host only knows markets of the registry');
    this.#flush();
    this.#tell();
    this.#parts.onSnapshot(market);
  }

  #flushIsDue(): boolean {
    if (this.#recordsSinceFlush >= FLUSH_RECORDS || this.#atBoundary.length > 0) return true;
    return this.#parts.clock.nowNs() - this.#flushedNs >= FLUSH_AGE_NS;
  }

  /** Only between groups: every batch ends, and the books are whole. */
  #flush(): void {
    for (const outputs of this.#unsent) {
      outputs.flush();
      this.#untold.add(outputs);
    }
    this.#unsent.clear();
    if (this.#parts.reportsMayGo()) this.#tell();
    this.#recordsSinceFlush = 0;
    this.#flushedNs = this.#parts.clock.nowNs();
    const tasks = this.#atBoundary;
    this.#atBoundary = [];
    for (const task of tasks) task();
  }

  /**
   * Reports, one batch for each account. A broker takes so many messages a second and no more,
   * however short: while it has some, what comes is gathered, so that each holds the more.
   */
  #tell(): void {
    for (const outputs of this.#untold) {
      outputs.tell();
      outputs.market.unsentFrom = 0;
    }
    this.#untold.clear();
    this.#gathered = 0;
    this.#recordSent();
  }

  #recordSent(): void {
    const { nowNs, publishing, endToEnd } = this.#parts.metrics;
    const sentNs = nowNs();
    for (const matchedNs of this.#matchedNs) publishing.record(sentNs - matchedNs);
    for (const receivedNs of this.#receivedNs) endToEnd.record(sentNs - receivedNs);
    this.#matchedNs.length = 0;
    this.#receivedNs.length = 0;
  }
}
