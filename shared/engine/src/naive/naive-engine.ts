/**
 * The naive twin: the rules of a market (RULES.md) in the plainest TypeScript there is. It is the
 * oracle that the kernel is compared with, so it prefers being obvious to being fast.
 */
import assert from 'node:assert/strict';
import {
  CancelAfterOffset,
  CommandKind,
  EventKind,
  EventOffset,
  MarketState,
  RECORD_BYTES,
  ResultCode,
  ResultOffset,
  type Side,
  viewOf,
} from '@foldbook/protocol';
import {
  assertGroup,
  type Balances,
  DEPTH_WORDS,
  type DepthLevel,
  type Engine,
  type EngineOptions,
  type EventSink,
  engineCapacity,
  type RequestOutcome,
} from '../engine.ts';
import { inChunks, sealSnapshot } from '../snapshot/snapshot-writer.ts';
import { isClient } from './accounts.ts';
import {
  advanceClock,
  closeEpoch,
  collectFees,
  configure,
  createMarket,
  moveFunds,
  setFees,
  setState,
  setTier,
} from './administration.ts';
import { cancelAllOf, cancelById, cancelByName, purge } from './cancelling.ts';
import {
  type CommandRecord,
  readCommandRecord,
  readCreation,
  readLimits,
  readRates,
} from './command.ts';
import { Market, type Refusal } from './market.ts';
import { openOrderRecord } from './open-order-record.ts';
import { amend, placeNew, quote, replace } from './order-commands.ts';
import type { Result, Session } from './sessions.ts';
import { snapshotRecords } from './snapshot.ts';
import { stateHash } from './state-hash.ts';
import { dueStop, triggerStops } from './stops.ts';
import { firstTimer, runTimers } from './timers.ts';

const NS_PER_SECOND = 1_000_000_000n;
const ALL_KINDS: readonly number[] = Object.values(CommandKind);

const isClientKind = (kind: number) => kind >= CommandKind.NEW && kind <= CommandKind.QUOTE;

/** What the sequencer sends of its own accord, without a session. */
const isSequencers = ({ kind, requestId }: CommandRecord) =>
  requestId === 0n && (kind === CommandKind.CLOSE_EPOCH || kind === CommandKind.CLOCK);

export class NaiveEngine implements Engine {
  readonly #market: Market;

  constructor(market: Market) {
    this.#market = market;
  }

  get sequence(): bigint {
    return this.#market.sequence;
  }

  apply(commands: Uint8Array, count: number, timeNs: bigint, sink: EventSink): void {
    assertGroup(commands, count, timeNs);
    const market = this.#market;
    market.events.open(sink);
    if (timeNs > market.timeNs) market.timeNs = timeNs;
    const view = viewOf(commands);
    for (let index = 0; index < count; index += 1) {
      market.sequence += 1n;
      market.events.sequence = market.sequence;
      runTimers(market);
      this.#execute(view, index * RECORD_BYTES);
      triggerStops(market);
    }
    market.events.close();
  }

  stateHash(): bigint {
    return stateHash(this.#market);
  }

  balance(account: number): Balances {
    return this.#market.ledger.balances(account);
  }

  writeBalance(account: number, into: Int32Array, at: number): void {
    const { baseAvailable, baseHeld, quoteAvailable, quoteHeld } = this.balance(account);
    const numbers = BigUint64Array.of(baseAvailable, baseHeld, quoteAvailable, quoteHeld);
    into.set(new Int32Array(numbers.buffer), at);
  }

  openRecords(): number {
    return Number(this.#market.epoch.recordCount);
  }

  depth(side: Side, maxLevels: number): DepthLevel[] {
    return this.#market.books[side].depth(maxLevels);
  }

  writeDepth(side: Side, maxLevels: number, into: Int32Array, at: number): number {
    const levels = this.depth(side, maxLevels);
    for (const [index, { price, quantity, orders }] of levels.entries()) {
      const words = new Int32Array(BigUint64Array.of(price, quantity, BigInt(orders)).buffer);
      into.set(words, at + index * DEPTH_WORDS);
    }
    return levels.length;
  }

  openOrders(): number {
    return this.#market.orders.size;
  }

  openOrdersOf(account: number, after: bigint, limit: number): Uint8Array {
    const { orders, sequence } = this.#market;
    const wanted = orders.ofAccount(account).filter(({ orderId }) => orderId > after);
    return Buffer.concat(
      wanted.slice(0, Math.max(0, limit)).map((order) => openOrderRecord(order, sequence)),
    );
  }

  outcomeOf(account: number, session: number, requestId: bigint): RequestOutcome {
    return this.#market.sessions.outcomeOf(account, session, requestId, this.sequence);
  }

  nextTimerNs(): bigint | undefined {
    const isStopDue = dueStop(this.#market) !== undefined;
    return isStopDue ? this.#market.timeNs : firstTimer(this.#market)?.deadlineNs;
  }

  lastPrice(): bigint {
    return this.#market.lastPrice;
  }

  snapshot(): Generator<Uint8Array, void, undefined> {
    return sealSnapshot(inChunks(snapshotRecords(this.#market)));
  }

  /** What every command is asked first (RULES.md, sections 2 and 3). */
  #execute(view: DataView, at: number): void {
    const market = this.#market;
    const command = readCommandRecord(view, at);
    const refusal = this.#checkSender(command);
    if (refusal !== undefined) {
      this.#reject(command, refusal);
      return;
    }
    if (isSequencers(command)) {
      this.#perform(view, at, command, undefined);
      return;
    }
    const owner = isClientKind(command.kind) ? command.account : 0;
    const admission = market.sessions.admit(
      owner,
      command.session,
      command.requestId,
      market.sequence,
    );
    switch (admission.kind) {
      case 'refused':
        this.#reject(command, admission.code);
        return;
      case 'seen':
        this.#answerAgain(command, admission.result);
        return;
      case 'fresh':
        this.#perform(view, at, command, admission.session);
        return;
      default: {
        const unknown: never = admission;
        assert.fail(`no such admission ${String(unknown)}`);
      }
    }
  }

  #answerAgain(command: CommandRecord, { sequence, code }: Result): void {
    const { kind, account, clientOrderId } = command;
    this.#market.events
      .answer(EventKind.RESULT, command, { account, side: kind, code })
      .u64(ResultOffset.FIRST_SEQUENCE, sequence)
      .u64(ResultOffset.CLIENT_ORDER_ID, clientOrderId);
  }

  #checkSender({ kind, account }: CommandRecord): Refusal {
    if (!ALL_KINDS.includes(kind)) return ResultCode.UNKNOWN_COMMAND;
    if (this.#market.creation === undefined && kind !== CommandKind.CREATE_MARKET) {
      return ResultCode.MARKET_NOT_CREATED;
    }
    return isClientKind(kind) && !isClient(account) ? ResultCode.INVALID_ACCOUNT : undefined;
  }

  /** Past this point the request id is used up, whatever comes of it. */
  #perform(view: DataView, at: number, command: CommandRecord, session: Session | undefined): void {
    const { sequence, sessions } = this.#market;
    const enterWindow = (code: number) => {
      const result = { requestId: command.requestId, sequence, code };
      if (session !== undefined) sessions.record(session, result);
    };
    if (command.kind === CommandKind.CLOSE_EPOCH) {
      closeEpoch(this.#market, () => enterWindow(0));
      return;
    }
    const refusal = this.#checkState(command) ?? this.#change(view, at, command);
    if (refusal !== undefined) this.#reject(command, refusal);
    enterWindow(refusal ?? 0);
  }

  #reject(command: CommandRecord, code: ResultCode): void {
    const { kind, account, clientOrderId } = command;
    this.#market.events
      .answer(EventKind.REJECTED, command, { account, side: kind, code })
      .u64(EventOffset.CLIENT_ORDER_ID, clientOrderId);
  }

  #checkState({ kind, quantity }: CommandRecord): Refusal {
    const { state } = this.#market;
    if (!isClientKind(kind) || kind === CommandKind.CANCEL_AFTER) return undefined;
    if (state === MarketState.HALTED) return ResultCode.MARKET_HALTED;
    if (state === MarketState.OPEN) return undefined;
    const isCancel =
      kind === CommandKind.CANCEL ||
      kind === CommandKind.CANCEL_ORDER ||
      kind === CommandKind.CANCEL_ALL ||
      (kind === CommandKind.QUOTE && quantity === 0n);
    return isCancel ? undefined : ResultCode.MARKET_CANCEL_ONLY;
  }

  #change(view: DataView, at: number, command: CommandRecord): Refusal {
    const market = this.#market;
    switch (command.kind) {
      case CommandKind.NEW:
        return placeNew(market, command);
      case CommandKind.CANCEL:
        return cancelByName(market, command);
      case CommandKind.REPLACE:
        return replace(market, command);
      case CommandKind.AMEND:
        return amend(market, command);
      case CommandKind.CANCEL_ORDER:
        return cancelById(market, command);
      case CommandKind.CANCEL_ALL:
        return cancelAllOf(market, command);
      case CommandKind.CANCEL_AFTER:
        return this.#setCancelAfter(command);
      case CommandKind.QUOTE:
        return quote(market, command);
      case CommandKind.DEPOSIT:
      case CommandKind.WITHDRAW:
        return moveFunds(market, command);
      case CommandKind.COLLECT_FEES:
        return collectFees(market, command);
      case CommandKind.CREATE_MARKET:
        return createMarket(market, command, readRates(view, at), readCreation(view, at));
      case CommandKind.SET_FEES:
        return setFees(market, command, readRates(view, at));
      case CommandKind.SET_TIER:
        return setTier(market, command);
      case CommandKind.CONFIGURE:
        return configure(market, command, readLimits(view, at));
      case CommandKind.SET_STATE:
        return setState(market, command);
      case CommandKind.CLOCK:
        return advanceClock(market, command);
      case CommandKind.PURGE:
        return purge(market, command);
      default:
        assert.fail(`command kind ${command.kind} was admitted`);
    }
  }

  #setCancelAfter(command: CommandRecord): Refusal {
    const { account, expireTime: timeout } = command;
    const { ledger, events, timeNs } = this.#market;
    const deadlineNs = timeout === 0 ? 0n : timeNs + BigInt(timeout) * NS_PER_SECOND;
    ledger.setDeadline(account, deadlineNs);
    events
      .answer(EventKind.CANCEL_AFTER_SET, command, { account })
      .u64(CancelAfterOffset.DEADLINE_NS, deadlineNs);
    return undefined;
  }
}

export function createNaiveEngine(options: EngineOptions = {}): Engine {
  return new NaiveEngine(new Market(engineCapacity(options)));
}
