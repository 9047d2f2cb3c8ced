/**
 * The sequencer agent: one place where commands become the record. It admits or refuses (before the
 * log, the only place where timing may matter), gathers what is admitted into one group per market,
 * appends groups with several in flight, and hands a group to the market thread once it is durable.
 */
import assert from 'node:assert/strict';
import {
  BATCH_FIRST_BYTE,
  BatchOffset,
  type CommandBatch,
  CommandKind,
  CommandOffset,
  logSubject,
  RECORD_BYTES,
  viewOf,
  writeCount,
} from '@foldbook/protocol';
import type { Agent, Clock, Logger, RingProducer, StreamWriter } from '@foldbook/runtime';
import { Admission, type AdmissionAnswer, type AdmissionLimits } from './admission.ts';
import type { Asker, Group } from './group-builder.ts';
import type { CommittedGroup, Market, MarketRegistry } from './market-registry.ts';
import { COMMAND_RING_SLOTS } from './ring-message.ts';

export interface SequencerLimits extends AdmissionLimits {
  readonly maxGroupsInFlight: number;
  /** An epoch closes at the end of the group in which it reaches this many records... */
  readonly epochRecords: number;
  /** ...or when its oldest record is this old. */
  readonly epochAgeMs: number;
}

/** Called when a group is durable, for the askers who wanted to know just that. */
export type OnReceived = (asker: Asker, logSequence: number) => void;

/** Of a group that comes from the log: its senders heard of it before. */
const NOBODYS = { askers: [], shares: new Map<number, number>() };

interface Delivery {
  readonly payload: Uint8Array;
  readonly records: number;
}

export class Sequencer implements Agent {
  readonly roleName = 'sequencer';
  readonly #partition: number;
  readonly #markets: MarketRegistry;
  readonly #log: StreamWriter;
  readonly #ring: RingProducer;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: SequencerLimits;
  readonly #onReceived: OnReceived;
  readonly #onFailure: (error: Error) => void;
  readonly #wake: () => void;
  /** Durable groups and queries that the ring had no room for, oldest first. */
  readonly #deliveries: Delivery[] = [];
  readonly #admission: Admission;
  #inFlight = 0;
  #failed = false;

  constructor(parts: {
    partition: number;
    markets: MarketRegistry;
    log: StreamWriter;
    ring: RingProducer;
    clock: Clock;
    logger: Logger;
    limits: SequencerLimits;
    onReceived: OnReceived;
    /** The log refused an append for good: another writer owns it, or it is closed. */
    onFailure: (error: Error) => void;
    wake: () => void;
  }) {
    this.#partition = parts.partition;
    this.#markets = parts.markets;
    this.#log = parts.log;
    this.#ring = parts.ring;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#limits = parts.limits;
    this.#admission = new Admission(parts.limits, parts.clock);
    this.#onReceived = parts.onReceived;
    this.#onFailure = parts.onFailure;
    this.#wake = parts.wake;
    this.#log.onTrouble((state, detail) => this.#trouble(state, detail));
  }

  /** Commands admitted and not yet executed. */
  get pending(): number {
    return this.#admission.pending;
  }

  /** Who is let in, and who is not listened to. */
  get admission(): Admission {
    return this.#admission;
  }

  /** Takes a message's commands, whole or not at all. */
  submit(
    market: Market,
    batch: CommandBatch,
    account: number,
    asker: Omit<Asker, 'index' | 'count'> | undefined,
  ): AdmissionAnswer {
    const isCancel = cancelsOnly(batch);
    const lagMs = this.#lagMs(market);
    const entry = { market: market.name, account, commands: batch.count, isCancel, lagMs };
    const answer = this.#admission.ask(entry);
    if (answer !== 'ADMITTED') return answer;
    if (!market.open.fits(batch.count)) {
      if (this.#inFlight >= this.#limits.maxGroupsInFlight) return 'BUSY';
      this.#append(market, false);
    }
    const kind = { closesEpoch: closesAnEpoch(batch), isCancel };
    market.open.add(batch.records, batch.count, account, asker, kind);
    this.#admission.admitted(entry);
    this.#wake();
    return 'ADMITTED';
  }

  /** Puts a query on the ring, after everything that is durable; false when there is no room. */
  query(record: Uint8Array): boolean {
    assert.equal(record.byteLength, RECORD_BYTES);
    if (this.#deliveries.length > 0) return false;
    if (!this.#ring.offer(record, 1)) return false;
    this.#ring.publish();
    return true;
  }

  /** A group of the log, read again at start: the same way as a new one, but for the append. */
  replay(market: Market, payload: Uint8Array, logSequence: number): void {
    const view = viewOf(payload);
    const commands = view.getUint32(BatchOffset.COUNT, true);
    const last = viewOf(payload).getUint8(commands * RECORD_BYTES + CommandOffset.KIND);
    const closesEpoch = last === CommandKind.CLOSE_EPOCH;
    this.#admission.count(0, commands);
    market.waitingSinceNs.push(this.#clock.nowNs());
    this.#deliver(market, { ...NOBODYS, payload, commands, closesEpoch }, logSequence);
  }

  /** The publisher has seen the group's last event. */
  executed(market: Market, group: CommittedGroup, commands: number, openRecords: number): void {
    this.#admission.executed(commands, group.shares);
    market.waitingSinceNs.shift();
    market.ticking = false;
    market.openRecords = openRecords;
    if (group.closesEpoch) {
      market.closing = false;
      market.openSinceNs = 0n;
    }
    if (openRecords === 0) market.openSinceNs = 0n;
    else if (market.openSinceNs === 0n) market.openSinceNs = this.#clock.nowNs();
  }

  doWork(): number {
    let work = this.deliver();
    for (const market of this.#markets.all()) {
      const closeEpoch = this.#epochIsDue(market);
      const isSilent = market.open.count === 0 && !closeEpoch;
      if (isSilent && !this.#timerIsDue(market)) continue;
      if (this.#inFlight >= this.#limits.maxGroupsInFlight || this.#failed) break;
      if (isSilent) this.#tick(market);
      this.#append(market, closeEpoch);
      work += 1;
    }
    return work;
  }

  #epochIsDue(market: Market): boolean {
    if (market.closing || market.openRecords === 0) return false;
    if (market.openRecords >= this.#limits.epochRecords) return true;
    const ageNs = this.#clock.nowNs() - market.openSinceNs;
    return ageNs >= BigInt(this.#limits.epochAgeMs) * 1_000_000n;
  }

  /** Timers run with the next command; a silent market has none, so the sequencer sends one. */
  #timerIsDue(market: Market): boolean {
    if (market.ticking || market.nextTimerNs === 0n) return false;
    return this.#clock.nowNs() >= market.nextTimerNs;
  }

  #tick(market: Market): void {
    market.open.addClock();
    market.ticking = true;
    this.#admission.count(0, 1);
  }

  /** How long the oldest command has waited that was appended and has not come back. */
  #lagMs(market: Market): number {
    const [sinceNs] = market.waitingSinceNs;
    return sinceNs === undefined ? 0 : Number(this.#clock.nowNs() - sinceNs) / 1e6;
  }

  #append(market: Market, closeEpoch: boolean): void {
    const nowNs = this.#clock.nowNs();
    const group = market.open.take(market.id, nowNs, closeEpoch);
    market.waitingSinceNs.push(nowNs);
    if (closeEpoch) {
      this.#admission.count(0, 1);
      market.closing = true;
    }
    this.#inFlight += 1;
    this.#log.append(logSubject(this.#partition, market.name), group.payload).then(
      (logSequence) => this.#committed(market, group, logSequence),
      (error: unknown) => this.#refused(error),
    );
  }

  #committed(market: Market, group: Group, logSequence: number): void {
    this.#inFlight -= 1;
    for (const asker of group.askers) {
      if (asker.whenReceived) this.#onReceived(asker, logSequence);
    }
    this.#deliver(market, group, logSequence);
    this.#wake();
  }

  #deliver(market: Market, group: Group, logSequence: number): void {
    const { payload, closesEpoch, shares } = group;
    const head = market.chain.advance(payload);
    const askers = group.askers.filter((asker) => !asker.whenReceived);
    market.committed.push({ logSequence, askers, head, closesEpoch, shares });
    const copy = payload.slice();
    assert.equal(copy[0], BATCH_FIRST_BYTE);
    writeCount(viewOf(copy), BatchOffset.LOG_SEQUENCE, logSequence);
    this.#deliveries.push({ payload: copy, records: group.commands + 1 });
    this.deliver();
  }

  /** Moves durable groups to the ring, in order, as far as there is room. */
  deliver(): number {
    let moved = 0;
    while (moved < this.#deliveries.length) {
      const next = this.#deliveries[moved];
      if (next === undefined || !this.#ring.offer(next.payload, next.records)) break;
      moved += 1;
    }
    if (moved > 0) {
      this.#deliveries.splice(0, moved);
      this.#ring.publish();
    }
    return moved;
  }

  /** Groups that wait for room in the ring. */
  get undelivered(): number {
    return this.#deliveries.length;
  }

  #refused(error: unknown): void {
    this.#inFlight -= 1;
    this.#failed = true;
    this.#onFailure(error instanceof Error ? error : new Error(String(error)));
  }

  #trouble(state: 'stalled' | 'recovered', detail: string): void {
    this.#admission.stalled = state === 'stalled';
    if (state === 'stalled') {
      this.#logger.warn('the log does not take appends; nothing is acknowledged until it does', {
        detail,
        pending: this.pending,
      });
    } else {
      this.#logger.info('the log takes appends again', { detail, pending: this.pending });
    }
    this.#wake();
  }
}

const CANCELS: ReadonlySet<number> = new Set([
  CommandKind.CANCEL,
  CommandKind.CANCEL_ORDER,
  CommandKind.CANCEL_ALL,
  CommandKind.CANCEL_AFTER,
]);

function cancelsOnly(batch: CommandBatch): boolean {
  for (let index = 0; index < batch.count; index += 1) {
    const kind = batch.records[index * RECORD_BYTES + CommandOffset.KIND] ?? 0;
    if (!CANCELS.has(kind)) return false;
  }
  return batch.count > 0;
}

function closesAnEpoch(batch: CommandBatch): boolean {
  return batch.records[CommandOffset.KIND] === CommandKind.CLOSE_EPOCH;
}

assert(COMMAND_RING_SLOTS >= 16_384, 'the command ring holds at least one whole group');
