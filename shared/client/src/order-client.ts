/** A trading client of one account on one market: orders out, private reports in. */
import {
  type AnySide,
  type Balance,
  BOTH_SIDES,
  CommandKind,
  commandSubject,
  EventKind,
  EventOffset,
  type OpenOrder,
  ownerSubject,
  RECORD_BYTES,
  ResultCode,
  readCount,
  readEvent,
  SelfTrade,
  TimeInForce,
  viewOf,
} from '@foldbook/protocol';
import {
  pause,
  type Subscription,
  systemTimers,
  type Timers,
  type Transport,
} from '@foldbook/runtime';
import { askBalance, askOpenOrders, type Known } from './account-queries.ts';
import { ClientError } from './client-error.ts';
import { type EventListener, EventListeners } from './event-listeners.ts';
import { askInfo } from './market-info.ts';
import { OpenRequests, type Waiting } from './open-requests.ts';
import { type Answer, isAnswer, isAnswerKind, sequenceOf } from './order-answer.ts';
import type { Draft, OrderDraft, QuoteDraft, ReplaceDraft } from './order-draft.ts';
import { Outbox, type OutboxCounters } from './outbox.ts';
import { type ProofWait, type ProvedCommand, whenProved } from './proofs.ts';
import { ReceiptKeeper, type ReceiptOptions } from './receipt-keeper.ts';
import { ReportFeed, type ReportSource } from './report-feed.ts';
import { askOutcome, type Outcome } from './request-outcome.ts';
import { SilenceWatch } from './silence-watch.ts';

export interface OrderClientOptions {
  readonly transport: Transport;
  readonly reports: ReportSource;
  readonly market: string;
  readonly account: number;
  /** Numbers requests apart from those of the account's other processes; default 0. */
  readonly session?: number;
  /** First request id; default: microseconds since 1970, which rises from run to run. */
  readonly firstRequestId?: number;
  /** How long a batch waits for its acknowledgement before it is sent again, ms. */
  readonly resendAfterMs?: number;
  /** While commands are open and no report comes for so long, the market is asked for them, ms. */
  readonly askAfterMs?: number;
  /** Told what a listener of `onEvent` threw; default: a warning of the process. */
  readonly onListenerError?: (error: unknown) => void;
  /** Every command's receipt is asked for, checked and kept; what is wrong ends the client. */
  readonly receipts?: ReceiptOptions | undefined;
  /** Default: the system's. */
  readonly timers?: Timers | undefined;
}

export interface ClientCounters {
  submitted: number;
  answered: number;
  rejected: number;
  fills: number;
}

const ASK_AFTER_MS = 2_000;
const STALE_PAUSE_MS = 50;

export class OrderClient {
  readonly counters: ClientCounters = { submitted: 0, answered: 0, rejected: 0, fills: 0 };
  readonly #options: OrderClientOptions;
  readonly #timers: Timers;
  readonly #session: number;
  readonly #outbox: Outbox;
  readonly #listeners: EventListeners;
  readonly #requests: OpenRequests;
  readonly #watch: SilenceWatch;
  #feed: ReportFeed | undefined;
  #owners: Subscription | undefined;
  /** Market sequence that its reports have reached. */
  #lastSequence = 0;
  #nextRequestId: number;

  private constructor(options: OrderClientOptions) {
    this.#options = options;
    this.#session = options.session ?? 0;
    this.#timers = options.timers ?? systemTimers;
    this.#listeners = new EventListeners(options.onListenerError);
    this.#nextRequestId = options.firstRequestId ?? Number(this.#timers.nowNs() / 1_000n);
    this.#requests = new OpenRequests({
      session: this.#session,
      lastLogged: this.#nextRequestId - 1,
      fateOf: (requestId) => this.#outbox.fateOf(requestId),
    });
    // The last report before a silence may be the one that was lost.
    this.#watch = new SilenceWatch({
      timers: this.#timers,
      afterMs: options.askAfterMs ?? ASK_AFTER_MS,
      isAwaited: () => this.#requests.size > 0,
      onSilence: () => this.#feed?.lookAgain(),
    });
    this.#outbox = new Outbox({
      transport: options.transport,
      subject: commandSubject(options.market, options.account),
      resendAfterMs: options.resendAfterMs ?? 2_000,
      onEnd: (error) => this.#fail(error),
      onLogged: (requestId) => this.#requests.logged(requestId),
      receipts: options.receipts && new ReceiptKeeper(options, options.receipts),
      timers: this.#timers,
    });
  }

  static async open(options: OrderClientOptions): Promise<OrderClient> {
    const client = new OrderClient(options);
    const { reports, market, account } = options;
    client.#feed = await ReportFeed.open(
      { timers: options.timers, ...reports },
      market,
      account,
      (records) => client.#reports(records),
      (error) => client.#fail(error),
    );
    client.#hearOfOwners();
    // A durable feed begins with an answer of the market's.
    if (reports.kind === 'durable') client.#outbox.marketIsKnown();
    return client;
  }

  get account(): number {
    return this.#options.account;
  }

  /** Of the account; request ids rise in it. */
  get session(): number {
    return this.#session;
  }

  /** Commands submitted and not yet answered. */
  get unanswered(): number {
    return this.#requests.size;
  }

  get sending(): Readonly<OutboxCounters> {
    return this.#outbox.counters;
  }

  /** Reports that are missing for good: see `ReportFeed.gaps`. */
  get gaps(): number {
    return this.#feed?.gaps ?? 0;
  }

  /**
   * Resolves with what the market answered, a rejection included. Rejects, as `cancel` and
   * `replace` do, with ClientError REFUSED, NOT_SENT or OUTCOME_UNKNOWN; or with an assertion, and
   * nothing is sent, when a field does not fit into a command (a price below zero).
   */
  place(order: OrderDraft): Promise<Answer> {
    return this.#ask(this.#newOrder(order));
  }

  /** As `submit`, of an order: for who waits for `whenReceived` alone. Returns its request id. */
  submitOrder(order: OrderDraft): number {
    return this.submit(this.#newOrder(order));
  }

  #newOrder(order: OrderDraft): Draft {
    const clientOrderId = order.clientOrderId ?? BigInt(this.#nextRequestId);
    const timeInForce = order.timeInForce ?? TimeInForce.GTC;
    return { kind: CommandKind.NEW, ...order, clientOrderId, timeInForce };
  }

  cancel(clientOrderId: bigint): Promise<Answer> {
    return this.#ask({ kind: CommandKind.CANCEL, clientOrderId });
  }

  replace(clientOrderId: bigint, change: ReplaceDraft): Promise<Answer> {
    const timeInForce = change.timeInForce ?? TimeInForce.GTC;
    return this.#ask({ kind: CommandKind.REPLACE, clientOrderId, ...change, timeInForce });
  }

  /** Changes the open quantity by so many lots; a decrease keeps the order's place. */
  amend(clientOrderId: bigint, delta: bigint): Promise<Answer> {
    return this.#ask({ kind: CommandKind.AMEND, clientOrderId, delta });
  }

  /**
   * Places, replaces or takes off one side of a quote. Unless it says otherwise it cancels what it
   * meets of its own account (EXPIRE_MAKER): both sides of a quote may move past each other.
   */
  quote(quote: QuoteDraft): Promise<Answer> {
    const timeInForce = quote.timeInForce ?? TimeInForce.GTC;
    const selfTrade = quote.selfTrade ?? SelfTrade.EXPIRE_MAKER;
    return this.#ask({ kind: CommandKind.QUOTE, ...quote, timeInForce, selfTrade });
  }

  /** By the public order id. */
  cancelOrder(orderId: bigint): Promise<Answer> {
    return this.#ask({ kind: CommandKind.CANCEL_ORDER, orderId });
  }

  /**
   * Cancels all open orders, or those of one side; answers `all-cancelled` with how many they were.
   * The market cancels 1,024 a command, so this asks as often as it takes: what is left meanwhile
   * may trade, and orders placed meanwhile may go, too.
   */
  async cancelAll(side: AnySide = BOTH_SIDES): Promise<Answer> {
    let cancelled = 0;
    for (;;) {
      const answer = await this.#ask({ kind: CommandKind.CANCEL_ALL, side });
      if (answer.type === 'all-cancelled') {
        cancelled += answer.count;
        if (!answer.more) return { ...answer, count: cancelled };
      } else if (answer.type !== 'result' || answer.code !== ResultCode.OK) {
        return answer;
      }
      // Of one that was asked twice, as its answer was lost, nobody knows whether more are left.
    }
  }

  /**
   * All open orders are cancelled unless this is called again in time; 0 turns it off. Above 1,024
   * of them go with the market's next commands; calling this meanwhile ends that.
   */
  cancelAfter(timeoutSeconds: number): Promise<Answer> {
    return this.#ask({ kind: CommandKind.CANCEL_AFTER, timeoutSeconds });
  }

  /** The account's open orders, oldest first, as the engine has them behind what was reported. */
  openOrders(): Promise<OpenOrder[]> {
    const { transport, market, account } = this.#options;
    return askOpenOrders(transport, market, account, this.#known);
  }

  /**
   * Sends a command without waiting for its own answer; `onEvent` and `idle` tell of it, and
   * `whenReceived` of the request id that it returns. Throws where `place` rejects at once.
   */
  submit(draft: Draft): number {
    return this.#send(draft, undefined);
  }

  /**
   * Resolves once the log has the request, before or after it executed: what that survives is the
   * market's `durability`. Rejects like `place`.
   */
  whenReceived(requestId: number): Promise<void> {
    return this.#requests.whenLogged(requestId);
  }

  /**
   * Resolves with the epoch that proves a command, by its answer or its market sequence: see
   * `whenProved`. A command that was sent twice is proved where it ran.
   */
  whenProved(
    command: Answer | number,
    options: Pick<ProofWait, 'verify' | 'onProgress' | 'signal' | 'askEveryMs'> = {},
  ): Promise<ProvedCommand> {
    const { transport, market } = this.#options;
    const sequence = typeof command === 'number' ? command : sequenceOf(command);
    return whenProved({ transport, market, sequence, timers: this.#timers, ...options });
  }

  /** What became of a request of this session: see `askOutcome`. */
  async outcome(requestId: number | bigint): Promise<Outcome> {
    const { transport, market, account } = this.#options;
    const heardOf = BigInt(this.#requests.lastAnswered);
    for (;;) {
      const request = { session: this.#session, requestId };
      const outcome = await askOutcome(transport, market, account, request);
      if (outcome.lastRequestId >= heardOf) return outcome;
      // An owner that another one followed, and that does not know yet.
      await pause(this.#timers, STALE_PAUSE_MS);
    }
  }

  /**
   * Uses a request id up for nothing, so that no earlier request of the session can run any more:
   * once it resolves, `outcome` of those is for good. For a session that another process had.
   */
  async fence(): Promise<void> {
    // There is no order 0: the market rejects it.
    await this.cancelOrder(0n);
  }

  /**
   * Every private event of the account, in market order; returns the way to stop. What a listener
   * throws goes to `onListenerError` and keeps nobody from anything.
   */
  onEvent(listener: EventListener): () => void {
    return this.#listeners.add(listener);
  }

  /** Resolves when every command has its answer; rejects if the client can't go on. */
  idle(): Promise<void> {
    return this.#requests.whenIdle();
  }

  /**
   * Resolves when the log has every command, and each receipt is kept where they are asked for: the
   * report of a command may come before its receipt. Rejects if the client can't go on.
   */
  async received(): Promise<void> {
    try {
      await this.whenReceived(this.#nextRequestId - 1);
    } catch (error) {
      throw this.#requests.failure ?? error;
    }
  }

  /** As the engine has it behind what was reported, whoever serves the market. */
  balance(): Promise<Balance> {
    const { transport, market, account } = this.#options;
    return askBalance(transport, market, account, this.#known);
  }

  get #known(): Known {
    return { sequence: this.#lastSequence, timers: this.#timers };
  }

  /** What an acknowledgement of the market survives: its log's storage, replicas and sync. */
  async durability(): Promise<string> {
    const { transport, market } = this.#options;
    return (await askInfo(transport, market)).durability;
  }

  /** Commands without an answer are rejected: NOT_SENT or OUTCOME_UNKNOWN. */
  async close(why = 'the client was closed'): Promise<void> {
    this.#fail(new ClientError('CLOSED', why));
    this.#feed?.close();
  }

  #ask(draft: Draft): Promise<Answer> {
    // CANCEL_ALL names itself in each cancel, too.
    const kind = draft.kind === CommandKind.CANCEL_ALL ? EventKind.ALL_CANCELLED : undefined;
    return new Promise((resolve, reject) => this.#send(draft, { kind, resolve, reject }));
  }

  /** Returns the request id. */
  #send(draft: Draft, waiting: Waiting | undefined): number {
    const { failure } = this.#requests;
    if (failure !== undefined) {
      throw new ClientError('NOT_SENT', `the client had ended: ${failure.message}`);
    }
    const requestId = this.#nextRequestId;
    this.#outbox.push({ ...draft, session: this.#session, requestId: BigInt(requestId) });
    // Only from here on: a command that the outbox does not take leaves nothing to wait for.
    this.#nextRequestId += 1;
    this.#requests.add(requestId, waiting);
    this.counters.submitted += 1;
    this.#watch.begin();
    return requestId;
  }

  #reports(records: Uint8Array): void {
    this.#watch.heard();
    const view = viewOf(records);
    for (let offset = 0; offset < records.byteLength; offset += RECORD_BYTES) {
      this.#report(view, offset);
    }
    const last = records.byteLength - RECORD_BYTES;
    if (last >= 0) this.#lastSequence = readCount(view, last + EventOffset.SEQUENCE);
    this.#requests.settle();
  }

  #report(view: DataView, offset: number): void {
    const kind = view.getUint8(offset + EventOffset.KIND);
    if (kind === EventKind.FILL) this.counters.fills += 1;
    const isOwn =
      isAnswerKind(kind) && view.getUint16(offset + EventOffset.SESSION, true) === this.#session;
    const requestId = isOwn ? readCount(view, offset + EventOffset.REQUEST_ID) : 0;
    if (isOwn) this.#outbox.reported(requestId);
    const waiting = this.#requests.waitingFor(requestId);
    const isAwaited = isOwn && this.#requests.answered(requestId, kind);
    if (isAwaited) {
      this.counters.answered += 1;
      if (kind === EventKind.REJECTED) this.counters.rejected += 1;
    }
    if (waiting === undefined && this.#listeners.size === 0) return;
    const event = readEvent(view, offset);
    if (event === undefined) return;
    if (isAwaited && isAnswer(event)) waiting?.resolve(event);
    this.#listeners.tell(event);
  }

  /** The owner before took what was on its way with it, and perhaps reports as well. */
  #hearOfOwners(): void {
    const { transport, market } = this.#options;
    const onOwner = () => {
      this.#outbox.sendAgain();
      this.#feed?.lookAgain();
    };
    // A broker may not let this user hear it: there is the time that silence may last.
    this.#owners = transport.subscribe(ownerSubject(market), onOwner, () => undefined);
  }

  /** Ends the client: nothing more is sent, and nobody is left waiting. */
  #fail(error: unknown): void {
    if (this.#requests.failure !== undefined) return;
    const words = error instanceof Error ? error.message : String(error);
    this.#outbox.close();
    this.#owners?.unsubscribe();
    this.#watch.end();
    const isOwn = error instanceof ClientError;
    this.#requests.fail(isOwn ? error : new ClientError('UNREACHABLE', words));
  }
}
