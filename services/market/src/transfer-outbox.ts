/**
 * The transfer outbox agent: sees to it that what a market of this partition paid arrives in the
 * market that it names, or comes back, once. It sends to each market one message at a time, in the
 * order of the log, as requests whose ids rise with the log: no copy runs twice, whoever sends it.
 */
import assert from 'node:assert/strict';
import {
  adminSubject,
  type Command,
  CommandKind,
  decodeReply,
  encodeCommands,
  encodeRecords,
  type MarketEvent,
  querySubject,
  RETURN_SESSION,
  ResultCode,
  transferSession,
} from '@foldbook/protocol';
import {
  type Agent,
  type Logger,
  monotonicMs,
  type Timers,
  type Transport,
} from '@foldbook/runtime';
import type { Market } from './market-registry.ts';
import { isFinalRefusal, type MarketTransfers, type Outgoing } from './market-transfers.ts';
import type { Sequencer } from './sequencer.ts';
import { encodeArrivedQuestion, readArrived } from './transfer-answers.ts';

/** Deposits in one message. Fewer than the refusals that a market keeps. */
const BATCH = 256;
const ANSWER_TIMEOUT_MS = 2_000;
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1_000;
/** That wait to arrive in one market; no more are admitted then. */
const MAX_WAITING = 10_000;

interface Entry {
  readonly market: Market;
  readonly outgoing: Outgoing;
}

/** What is on its way to one market. */
interface Lane {
  readonly to: string;
  /** In order of their positions. */
  entries: Entry[];
  /** What the market had before a question or a message of this life was answered is not known. */
  isSure: boolean;
  isWaiting: boolean;
  retryAtMs: number;
  pauseMs: number;
  /** Somebody was told that it stands still. */
  isTold: boolean;
}

export interface TransferOutboxParts {
  readonly partition: number;
  readonly transport: Transport;
  readonly sequencer: Pick<Sequencer, 'submit'>;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly wake: () => void;
}

export class TransferOutbox implements Agent {
  readonly roleName = 'transfers';
  readonly #parts: TransferOutboxParts;
  readonly #session: number;
  readonly #lanes = new Map<string, Lane>();
  #isClosed = false;

  constructor(parts: TransferOutboxParts) {
    this.#parts = parts;
    this.#session = transferSession(parts.partition);
  }

  /** Has a market's transfers, from before its first group on. */
  watch(market: Market): void {
    market.transfers.onOutgoing = (outgoing) => this.#add({ market, outgoing });
  }

  /** Whether so many wait to arrive in the market that no more may be paid. */
  isFull(to: string): boolean {
    return (this.#lanes.get(to)?.entries.length ?? 0) >= MAX_WAITING;
  }

  doWork(): number {
    let work = 0;
    for (const lane of this.#lanes.values()) work += this.#drive(lane);
    return work;
  }

  onClose(): void {
    this.#isClosed = true;
  }

  #add(entry: Entry): void {
    const { to } = entry.outgoing.part;
    let lane = this.#lanes.get(to);
    if (lane === undefined) {
      const still = { isSure: false, isWaiting: false, isTold: false };
      lane = { to, entries: [], ...still, retryAtMs: 0, pauseMs: FIRST_PAUSE_MS };
      this.#lanes.set(to, lane);
    }
    const { position } = entry.outgoing;
    const last = lane.entries.at(-1);
    if (last === undefined || last.outgoing.position < position) lane.entries.push(entry);
    else {
      // Checkpoints are read one market after the other.
      const at = lane.entries.findIndex(({ outgoing }) => outgoing.position > position);
      lane.entries.splice(at, 0, entry);
    }
  }

  /** One step of a lane; what it waits for wakes the agent. */
  #drive(lane: Lane): number {
    if (lane.isWaiting || lane.entries.length === 0) return 0;
    if (monotonicMs(this.#parts.timers) < lane.retryAtMs) return 0;
    lane.entries = lane.entries.filter(({ outgoing }) => outgoing.state !== 'settled');
    const returned = lane.entries.filter(({ outgoing }) => outgoing.state === 'refused');
    if (returned.length > 0) return this.#payBack(lane, returned);
    // Those behind one that comes back wait for that: what is not settled is in the last message.
    const first = lane.entries[0]?.outgoing.state;
    if (first !== 'paid' || lane.entries.some(({ outgoing }) => outgoing.state === 'returning')) {
      return 0;
    }
    lane.isWaiting = true;
    const step = lane.isSure ? this.#send(lane) : this.#ask(lane);
    step.then(
      (isSure) => this.#stepped(lane, isSure, undefined),
      (error: unknown) => this.#stepped(lane, false, error),
    );
    return 1;
  }

  #stepped(lane: Lane, isSure: boolean, error: unknown): void {
    lane.isWaiting = false;
    lane.isSure = isSure;
    if (!isSure) this.#pause(lane, error);
    this.#parts.wake();
  }

  #pause(lane: Lane, error: unknown): void {
    lane.retryAtMs = monotonicMs(this.#parts.timers) + lane.pauseMs;
    if (lane.pauseMs >= LONGEST_PAUSE_MS && !lane.isTold && !this.#isClosed) {
      lane.isTold = true;
      const detail = error instanceof Error ? error.message : 'it takes none at present';
      const waiting = lane.entries.length;
      const words = 'transfers wait until the other market takes them; nothing is lost';
      this.#parts.logger.warn(words, { to: lane.to, waiting, detail });
    }
    lane.pauseMs = Math.min(lane.pauseMs * 2, LONGEST_PAUSE_MS);
  }

  /** Asks the other market how far it is, and settles what it has judged. */
  async #ask(lane: Lane): Promise<boolean> {
    const { transport, partition } = this.#parts;
    const subject = querySubject(lane.to, 0);
    const question = encodeArrivedQuestion(partition);
    const answer = await transport.request(subject, question, ANSWER_TIMEOUT_MS);
    const { last, refused } = readArrived(answer);
    for (const entry of lane.entries) {
      if (entry.outgoing.state !== 'paid' || entry.outgoing.position > last) continue;
      this.#judge(entry, refused.get(entry.outgoing.position) ?? ResultCode.OK);
    }
    return true;
  }

  /** Sends what is paid, as far as one message goes; false where not all of it was judged. */
  async #send(lane: Lane): Promise<boolean> {
    const batch = paidAtHead(lane.entries);
    const deposits = batch.map((entry) => this.#deposit(entry));
    const payload = encodeCommands(deposits);
    const subject = adminSubject(lane.to);
    const answer = await this.#parts.transport.request(subject, payload, ANSWER_TIMEOUT_MS);
    const reply = decodeReply(answer);
    if (!reply.ok) throw new Error(`${subject} answers what is no reply: ${reply.detail}`);
    const { code, name, detail, events } = reply.value;
    if (code !== ResultCode.OK) throw new Error(`${subject} refuses: ${name} ${detail}`);
    const codes = codesOf(events, this.#session);
    let isWhole = true;
    for (const entry of batch) {
      const judged = codes.get(entry.outgoing.position);
      const isJudged = judged === ResultCode.OK || (judged !== undefined && isFinalRefusal(judged));
      if (isJudged) this.#judge(entry, judged);
      else isWhole = false;
    }
    if (isWhole) this.#flows(lane);
    return isWhole;
  }

  #flows(lane: Lane): void {
    lane.pauseMs = FIRST_PAUSE_MS;
    if (lane.isTold) this.#parts.logger.info('transfers arrive again', { to: lane.to });
    lane.isTold = false;
  }

  #deposit({ market, outgoing }: Entry): Command {
    const { toAccount, toAsset, amount } = outgoing.part;
    return {
      kind: CommandKind.DEPOSIT,
      session: this.#session,
      requestId: outgoing.position,
      account: toAccount,
      asset: toAsset,
      amount,
      fromMarket: market.name,
    };
  }

  #judge({ market, outgoing }: Entry, code: number): void {
    if (outgoing.state !== 'paid') return;
    if (code === ResultCode.OK) {
      market.transfers.settle(outgoing);
      return;
    }
    outgoing.state = 'refused';
    const { to, account, amount } = outgoing.part;
    const facts = { market: market.name, to, account, amount: `${amount}`, code };
    this.#parts.logger.warn('a transfer was refused and comes back', facts);
  }

  /** Deposits that pay back go into the own market's log, where a next owner finds them. */
  #payBack(lane: Lane, entries: readonly Entry[]): number {
    let work = 0;
    for (const { market, outgoing } of entries) {
      const records = encodeRecords([[0, returnOf(market.transfers, outgoing)]]);
      const batch = { count: 1, records, replyWhen: 'refused', wantsReceipt: false } as const;
      if (this.#parts.sequencer.submit(market, batch, 0, undefined) !== 'ADMITTED') break;
      outgoing.state = 'returning';
      work += 1;
    }
    // One that is rejected here, too, is tried again later.
    this.#pause(lane, new Error('the market that paid has no room for what comes back'));
    return work;
  }
}

function returnOf(transfers: MarketTransfers, { part, number }: Outgoing): Command {
  assert(number > 0, 'what was paid has a number');
  return {
    kind: CommandKind.DEPOSIT,
    session: RETURN_SESSION,
    requestId: transfers.nextReturnId(),
    account: part.account,
    asset: part.asset,
    amount: part.amount,
    fromMarket: part.to,
    returns: number,
  };
}

/** Nothing overtakes one that is not executed yet. */
function paidAtHead(entries: readonly Entry[]): readonly Entry[] {
  const end = entries.findIndex(({ outgoing }) => outgoing.state !== 'paid');
  return entries.slice(0, Math.min(BATCH, end < 0 ? entries.length : end));
}

/** What became of each request of the session. */
function codesOf(events: readonly MarketEvent[], session: number): ReadonlyMap<bigint, number> {
  const codes = new Map<bigint, number>();
  for (const event of events) {
    if (event.type === 'funds' && event.session === session) codes.set(event.requestId, 0);
    else if (event.type === 'rejected' || event.type === 'result') {
      if (event.session === session) codes.set(event.requestId, event.code);
    }
  }
  return codes;
}
