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
  Slab,
  viewOf,
  writeCount,
} from '@foldbook/protocol';
import type { Agent, Clock, Logger, StreamTrouble, StreamWriter } from '@foldbook/runtime';
import { Admission, type AdmissionAnswer, type AdmissionLimits } from './admission.ts';
import type { Dispatcher } from './dispatcher.ts';
import { type Asker, type Group, GroupBuilder } from './group-builder.ts';
import type { ServiceMetrics } from './market-metrics.ts';
import type { CommittedGroup, Market, MarketRegistry } from './market-registry.ts';
import { COMMAND_RING_SLOTS } from './ring-message.ts';

export interface SequencerLimits extends AdmissionLimits {
  readonly maxGroupsInFlight: number;
  /** At least as many as a message may have. */
  readonly maxGroupCommands: number;
  /** An epoch closes at the end of the group in which it reaches this many records... */
  readonly epochRecords: number;
  /** ...or when its oldest record is this old. */
  readonly epochAgeMs: number;
}

/** Called when a group is durable, for the askers who wanted to know just that. */
export type OnReceived = (asker: Asker, logSequence: number) => void;

/** Groups live here until their host has room for them. */
const slab = new Slab();

/** Of a group that comes from the log: its senders heard of it before. */
const NOBODYS = { askers: [], shares: new Map<number, number>(), receivedNs: [] };

export class Sequencer implements Agent {
  readonly roleName = 'sequencer';
  readonly #partition: number;
  readonly #markets: MarketRegistry;
  #log: StreamWriter | undefined;
  readonly #dispatcher: Dispatcher;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #limits: SequencerLimits;
  readonly #metrics: ServiceMetrics;
  readonly #onReceived: OnReceived;
  readonly #onFailure: (error: Error) => void;
  readonly #wake: () => void;
  readonly #admission: Admission;
  #inFlight = 0;
  /** Markets with commands that are not on their way to the log. */
  #gathering = 0;
  /** Where the next pass over the markets begins. */
  #first = 0;
  #failed = false;
  #delivered = 0;

  constructor(parts: {
    partition: number;
    markets: MarketRegistry;
    dispatcher: Dispatcher;
    clock: Clock;
    logger: Logger;
    limits: SequencerLimits;
    metrics: ServiceMetrics;
    onReceived: OnReceived;
    /** The log refused an append for good: another writer owns it, or it is closed. */
    onFailure: (error: Error) => void;
    wake: () => void;
  }) {
    this.#partition = parts.partition;
    this.#markets = parts.markets;
    this.#dispatcher = parts.dispatcher;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#limits = parts.limits;
    this.#admission = new Admission(parts.limits, parts.clock);
    this.#metrics = parts.metrics;
    this.#onReceived = parts.onReceived;
    this.#onFailure = parts.onFailure;
    this.#wake = parts.wake;
  }

  /**
   * From now on it appends; before, it only replays.
   * @param barrier - log sequence of the barrier that this ownership began with
   */
  open(log: StreamWriter, barrier: number): void {
    assert(this.#log === undefined, 'a sequencer has one log');
    this.#log = log;
    this.#delivered = Math.max(this.#delivered, barrier);
    log.onTrouble((state, detail, error) => this.#trouble(state, detail, error));
  }

  /** The log takes no more appends: what is pending will not be executed. */
  get hasFailed(): boolean {
    return this.#failed;
  }

  /**
   * Log sequence of the last group that was handed to a host, or of the owner's barrier if that is
   * behind it: an owner before may have told what a group in front of it made, though a checkpoint
   * has the group and no host was ever given it here.
   */
  get delivered(): number {
    return this.#delivered;
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
    if (!this.#fits(market, batch.count)) {
      if (!this.#mayAppend(market)) return 'BUSY';
      this.#append(market, false);
    }
    const receivedNs = this.#metrics.nowNs();
    const facts = { closesEpoch: closesAnEpoch(batch), isCancel, receivedNs };
    this.#gather(market);
    market.open.add(batch.records, batch.count, account, asker, facts);
    this.#admission.admitted(entry);
    this.#metrics.admitted.add(batch.count);
    this.#wake();
    return 'ADMITTED';
  }

  #gather(market: Market): void {
    if (market.gatheringSinceNs !== undefined) return;
    market.gatheringSinceNs = this.#clock.nowNs();
    this.#gathering += 1;
  }

  #fits({ open }: Market, commands: number): boolean {
    return open.fits(commands) && open.count + commands <= this.#limits.maxGroupCommands;
  }

  /** A group of the log, read again at start: the same way as a new one, but for the append. */
  replay(market: Market, payload: Uint8Array, logSequence: number): void {
    const view = viewOf(payload);
    const commands = view.getUint32(BatchOffset.COUNT, true);
    const last = commands * RECORD_BYTES;
    const closesEpoch =
      view.getUint8(last + CommandOffset.KIND) === CommandKind.CLOSE_EPOCH &&
      view.getBigUint64(last + CommandOffset.REQUEST_ID, true) === 0n;
    this.#admission.count(0, commands);
    market.epoch.appended(commands, closesEpoch);
    market.waitingSinceNs.push(this.#clock.nowNs());
    this.#deliver(market, { ...NOBODYS, payload, commands, closesEpoch }, logSequence);
  }

  /** The publisher has seen the group's last event. */
  executed(market: Market, group: CommittedGroup, commands: number, openRecords: number): void {
    this.#admission.executed(commands, group.shares);
    market.waitingSinceNs.shift();
    market.ticking = false;
    market.epoch.executed(commands, group.closesEpoch, openRecords);
    if (group.closesEpoch) market.openSinceNs = 0n;
    if (openRecords === 0) market.openSinceNs = 0n;
    else if (market.openSinceNs === 0n) market.openSinceNs = this.#clock.nowNs();
  }

  doWork(): number {
    let work = this.#dispatcher.flush();
    const { size } = this.#markets;
    for (let step = 0; step < size; step += 1) {
      const market = this.#markets.byId(1 + ((this.#first + step) % size));
      assert(market !== undefined, 'markets are numbered from 1');
      const closeEpoch = this.#epochIsDue(market);
      const isSilent = market.open.count === 0 && !closeEpoch;
      if (isSilent && !this.#timerIsDue(market)) continue;
      if (this.#failed || this.#inFlight >= this.#limits.maxGroupsInFlight) {
        // The next pass begins where this one had to end: no market waits for all the others twice.
        this.#first = market.id - 1;
        break;
      }
      if (!this.#mayAppend(market)) continue;
      if (isSilent) this.#tick(market);
      this.#append(market, closeEpoch);
      work += 1;
    }
    this.#showDepths();
    return work;
  }

  #showDepths(): void {
    const metrics = this.#metrics;
    metrics.pendingCommands.set(this.pending);
    metrics.groupsInFlight.set(this.#inFlight);
    metrics.undeliveredGroups.set(this.#dispatcher.undelivered);
    metrics.commandRingSlots.set(this.#dispatcher.usedSlots);
  }

  #epochIsDue(market: Market): boolean {
    const { epoch } = market;
    if (epoch.closing || epoch.records === 0) return false;
    if (epoch.records >= this.#limits.epochRecords) return true;
    const ageNs = this.#clock.nowNs() - market.openSinceNs;
    return ageNs >= BigInt(this.#limits.epochAgeMs) * 1_000_000n;
  }

  /** Timers run with the next command; a silent market has none, so the sequencer sends one. */
  #timerIsDue(market: Market): boolean {
    if (market.ticking || market.nextTimerNs === 0n) return false;
    return this.#clock.nowNs() >= market.nextTimerNs;
  }

  #tick(market: Market): void {
    this.#gather(market);
    market.open.addClock();
    market.ticking = true;
    this.#admission.count(0, 1);
  }

  /** How long the oldest command has waited that was admitted and has not come back. */
  #lagMs(market: Market): number {
    const [sinceNs = market.gatheringSinceNs] = market.waitingSinceNs;
    return sinceNs === undefined ? 0 : Number(this.#clock.nowNs() - sinceNs) / 1e6;
  }

  /** Whether the log takes a group more; its epoch has room for it then. */
  #mayAppend(market: Market): boolean {
    const { maxGroupsInFlight } = this.#limits;
    if (this.#inFlight >= maxGroupsInFlight) return false;
    // The places are shared with all that wait for one: with one market, it may have all of them.
    const waiting = Math.max(1, this.#gathering);
    const share = Math.max(1, Math.floor(maxGroupsInFlight / waiting));
    if (market.groupsInFlight >= share) return false;
    // One more: the close of the epoch that the group itself may end with.
    if (market.epoch.hasRoom(market.open.count + 1)) return true;
    this.#append(market, true, new GroupBuilder());
    return this.#inFlight < maxGroupsInFlight;
  }

  #append(market: Market, closeEpoch: boolean, open: GroupBuilder = market.open): void {
    const timeNs = this.#clock.nowNs();
    const group = open.take(market.id, timeNs, closeEpoch);
    if (open === market.open && market.gatheringSinceNs !== undefined) {
      market.waitingSinceNs.push(market.gatheringSinceNs);
      market.gatheringSinceNs = undefined;
      this.#gathering -= 1;
    } else market.waitingSinceNs.push(timeNs);
    if (group.closesEpoch) this.#admission.count(0, 1);
    market.epoch.appended(group.commands, group.closesEpoch);
    this.#inFlight += 1;
    market.groupsInFlight += 1;
    const { nowNs, queueing, commit, groupSize } = this.#metrics;
    groupSize.record(group.commands);
    const appendedNs = nowNs();
    for (const receivedNs of group.receivedNs) queueing.record(appendedNs - receivedNs);
    assert(this.#log !== undefined, 'commands come in once the log is open');
    this.#log.append(logSubject(this.#partition, market.name), group.payload).then(
      (logSequence) => {
        commit.record(nowNs() - appendedNs);
        this.#committed(market, group, logSequence);
      },
      (error: unknown) => this.#refused(error),
    );
  }

  #committed(market: Market, group: Group, logSequence: number): void {
    this.#inFlight -= 1;
    market.groupsInFlight -= 1;
    for (const asker of group.askers) {
      if (isAnsweredAtOnce(asker)) this.#onReceived(asker, logSequence);
    }
    this.#deliver(market, group, logSequence);
    this.#wake();
  }

  #deliver(market: Market, group: Group, logSequence: number): void {
    const { payload, closesEpoch, shares, receivedNs } = group;
    const durableNs = this.#metrics.nowNs();
    const head = market.chain.advance(payload);
    const askers = group.askers.filter((asker) => !isAnsweredAtOnce(asker));
    const kept = { askers, head, closesEpoch, shares, receivedNs, durableNs };
    market.committed.push({ logSequence, payload, ...kept });
    this.#delivered = Math.max(this.#delivered, logSequence);
    if (market.firstLogSequence === 0) market.firstLogSequence = logSequence;
    market.transfers.logged(payload, logSequence);
    const copy = slab.copy(payload);
    assert.equal(copy[0], BATCH_FIRST_BYTE);
    writeCount(viewOf(copy), BatchOffset.LOG_SEQUENCE, logSequence);
    this.#dispatcher.deliver(market, copy, group.commands + 1);
  }

  #refused(error: unknown): void {
    this.#inFlight -= 1;
    this.#failed = true;
    this.#onFailure(error instanceof Error ? error : new Error(String(error)));
  }

  #trouble(state: StreamTrouble, detail: string, error: Error | undefined): void {
    if (state === 'failed') {
      // With nothing on its way to the log nobody else would say so, and it would answer for ever.
      this.#failed = true;
      this.#onFailure(error ?? new Error(detail));
      return;
    }
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

/** A receipt names market sequences, which the engine has given when it comes back. */
const isAnsweredAtOnce = (asker: Asker) => asker.whenReceived && !asker.wantsReceipt;

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
