/** A trading client of one account on one market: orders out, private reports in. */
import {
  type AnySide,
  type Balance,
  BatchKind,
  BOTH_SIDES,
  CommandKind,
  commandSubject,
  decodeBatchHeader,
  decodeReply,
  EventKind,
  EventOffset,
  MAX_OPEN_ORDERS_ANSWER,
  type MarketEvent,
  type NewOrder,
  type OpenOrder,
  type OrderCommand,
  PROTOCOL_VERSION,
  querySubject,
  RECORD_BYTES,
  ResultCode,
  readCount,
  readEvent,
  readEvents,
  SelfTrade,
  type Side,
  TimeInForce,
  viewOf,
} from '@foldbook/protocol';
import {
  cancelTimer,
  systemTimers,
  type Timer,
  type Timers,
  type Transport,
} from '@foldbook/runtime';
import { encode } from '@msgpack/msgpack';
import { ask } from './ask.ts';
import { ClientError } from './client-error.ts';
import { Outbox, type OutboxCounters } from './outbox.ts';
import { ReceiptKeeper, type ReceiptOptions } from './receipt-keeper.ts';
import { ReportFeed, type ReportSource } from './report-feed.ts';

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

/** What an order asks for besides side, price and quantity; what is left out is none. */
export type OrderTerms = Pick<
  NewOrder,
  'orderType' | 'selfTrade' | 'flags' | 'displayQuantity' | 'stopPrice' | 'expireTime'
>;

export interface OrderDraft extends OrderTerms {
  readonly side: Side;
  /** Ticks. */
  readonly price: bigint;
  /** Lots. */
  readonly quantity: bigint;
  readonly timeInForce?: TimeInForce;
  /** Default: the request id. */
  readonly clientOrderId?: bigint;
}

export interface ReplaceDraft extends OrderTerms {
  readonly price: bigint;
  readonly quantity: bigint;
  readonly timeInForce?: TimeInForce;
}

/** One side of a quote; quantity and price 0 take it off. */
export interface QuoteDraft extends ReplaceDraft {
  readonly clientOrderId: bigint;
  readonly side: Side;
}

/** The event that answers a command. */
export type Answer = Extract<
  MarketEvent,
  {
    type:
      | 'accepted'
      | 'replaced'
      | 'cancelled'
      | 'rejected'
      | 'all-cancelled'
      | 'cancel-after-set'
      | 'result';
  }
>;

/** The same by their numbers. */
const ANSWER_KINDS: ReadonlySet<number> = new Set([
  EventKind.ACCEPTED,
  EventKind.CANCELLED,
  EventKind.REPLACED,
  EventKind.REJECTED,
  EventKind.RESULT,
  EventKind.ALL_CANCELLED,
  EventKind.CANCEL_AFTER_SET,
]);

export interface ClientCounters {
  submitted: number;
  answered: number;
  rejected: number;
  fills: number;
}

const ASK_AFTER_MS = 2_000;

interface Waiting {
  /** The kind of event that answers; any, if undefined. */
  readonly kind: number | undefined;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: ClientError) => void;
}

/** A command as `submit` takes it: everything but the request. */
export type Draft = DistributiveOmit<OrderCommand, 'session' | 'requestId'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export class OrderClient {
  readonly counters: ClientCounters = { submitted: 0, answered: 0, rejected: 0, fills: 0 };
  readonly #options: OrderClientOptions;
  readonly #timers: Timers;
  readonly #session: number;
  readonly #outbox: Outbox;
  readonly #listeners = new Set<(event: MarketEvent) => void>();
  /** Commands without an answer, by request id; undefined where nobody waits for this one. */
  readonly #open = new Map<number, Waiting | undefined>();
  #feed: ReportFeed | undefined;
  /** Runs while commands are open. */
  #watch: Timer | undefined;
  #hasHeard = false;
  #nextRequestId: number;
  #whenIdle: PromiseWithResolvers<void> | undefined;
  #failure: ClientError | undefined;
  #whenFailed: PromiseWithResolvers<never> | undefined;

  private constructor(options: OrderClientOptions) {
    this.#options = options;
    this.#session = options.session ?? 0;
    this.#timers = options.timers ?? systemTimers;
    this.#nextRequestId = options.firstRequestId ?? Number(this.#timers.nowNs() / 1_000n);
    this.#outbox = new Outbox(
      options.transport,
      commandSubject(options.market, options.account),
      options.resendAfterMs ?? 2_000,
      (error) => this.#fail(error),
      this.#timers,
      options.receipts && new ReceiptKeeper(options, options.receipts),
    );
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
    return client;
  }

  get account(): number {
    return this.#options.account;
  }

  /** Commands submitted and not yet answered. */
  get unanswered(): number {
    return this.#open.size;
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
    const clientOrderId = order.clientOrderId ?? BigInt(this.#nextRequestId);
    const timeInForce = order.timeInForce ?? TimeInForce.GTC;
    return this.#ask({ kind: CommandKind.NEW, ...order, clientOrderId, timeInForce });
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

  /** The account's open orders, oldest first, as the engine has them. */
  openOrders(): Promise<OpenOrder[]> {
    const { transport, market, account } = this.#options;
    return askOpenOrders(transport, market, account);
  }

  /**
   * Sends a command without waiting for its own answer; `onEvent` and `idle` tell of it. Throws
   * where `place` rejects at once.
   */
  submit(draft: Draft): void {
    this.#send(draft, undefined);
  }

  /**
   * Every private event of the account, in market order; returns the way to stop. What a listener
   * throws goes to `onListenerError` and keeps nobody from anything.
   */
  onEvent(listener: (event: MarketEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when every command has its answer; rejects if the client can't go on. */
  idle(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#open.size === 0) return Promise.resolve();
    this.#whenIdle ??= Promise.withResolvers<void>();
    return this.#whenIdle.promise;
  }

  /**
   * Resolves when the log has every command, and each receipt is kept where they are asked for: the
   * report of a command may come before its receipt. Rejects if the client can't go on.
   */
  async received(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#whenFailed ??= Promise.withResolvers<never>();
    this.#whenFailed.promise.catch(() => undefined);
    await Promise.race([this.#outbox.settled(), this.#whenFailed.promise]);
  }

  balance(): Promise<Balance> {
    const { transport, market, account } = this.#options;
    return askBalance(transport, market, account);
  }

  /** Commands without an answer are rejected: NOT_SENT or OUTCOME_UNKNOWN. */
  async close(): Promise<void> {
    this.#fail(new ClientError('CLOSED', 'the client was closed'));
    this.#feed?.close();
  }

  #ask(draft: Draft): Promise<Answer> {
    // CANCEL_ALL names itself in each cancel, too.
    const kind = draft.kind === CommandKind.CANCEL_ALL ? EventKind.ALL_CANCELLED : undefined;
    return new Promise((resolve, reject) => this.#send(draft, { kind, resolve, reject }));
  }

  #send(draft: Draft, waiting: Waiting | undefined): void {
    if (this.#failure !== undefined) {
      throw new ClientError('NOT_SENT', `the client had ended: ${this.#failure.message}`);
    }
    const requestId = this.#nextRequestId;
    this.#outbox.push({ ...draft, session: this.#session, requestId: BigInt(requestId) });
    // Only from here on: a command that the outbox does not take leaves nothing to wait for.
    this.#nextRequestId += 1;
    this.#open.set(requestId, waiting);
    this.counters.submitted += 1;
    if (this.#watch !== undefined) return;
    this.#hasHeard = true;
    const askAfterMs = this.#options.askAfterMs ?? ASK_AFTER_MS;
    this.#watch = this.#timers.every(askAfterMs, () => this.#lookForReports());
    this.#watch.unref();
  }

  /** The last report before a silence may be the one that was lost. */
  #lookForReports(): void {
    if (this.#open.size === 0) this.#endWatch();
    else if (!this.#hasHeard) this.#feed?.lookAgain();
    this.#hasHeard = false;
  }

  #endWatch(): void {
    cancelTimer(this.#watch);
    this.#watch = undefined;
  }

  #reports(records: Uint8Array): void {
    this.#hasHeard = true;
    const view = viewOf(records);
    for (let offset = 0; offset < records.byteLength; offset += RECORD_BYTES) {
      this.#report(view, offset);
    }
    if (this.#open.size === 0) {
      this.#whenIdle?.resolve();
      this.#whenIdle = undefined;
    }
  }

  #report(view: DataView, offset: number): void {
    const kind = view.getUint8(offset + EventOffset.KIND);
    if (kind === EventKind.FILL) this.counters.fills += 1;
    const isAnswer =
      ANSWER_KINDS.has(kind) &&
      view.getUint16(offset + EventOffset.SESSION, true) === this.#session;
    const requestId = isAnswer ? readCount(view, offset + EventOffset.REQUEST_ID) : 0;
    if (isAnswer) this.#outbox.reported(requestId);
    // A batch that was sent twice is answered twice, the second time by RESULT: the first one
    // counts.
    const waiting = this.#open.get(requestId);
    const isAwaited = isAnswer && (kind !== EventKind.CANCELLED || waiting?.kind === undefined);
    if (isAwaited && this.#open.delete(requestId)) {
      this.counters.answered += 1;
      if (kind === EventKind.REJECTED) this.counters.rejected += 1;
    }
    if (waiting === undefined && this.#listeners.size === 0) return;
    const event = readEvent(view, offset);
    if (event === undefined) return;
    if (isAwaited && isTheAnswer(event)) waiting?.resolve(event);
    for (const listener of this.#listeners) this.#tell(listener, event);
  }

  #tell(listener: (event: MarketEvent) => void, event: MarketEvent): void {
    try {
      listener(event);
    } catch (error) {
      const onListenerError = this.#options.onListenerError ?? warnOfListener;
      // Not from here: what it throws itself must not end the feed.
      queueMicrotask(() => onListenerError(error));
    }
  }

  /** Ends the client: nothing more is sent, and nobody is left waiting. */
  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    const words = error instanceof Error ? error.message : String(error);
    const failure = error instanceof ClientError ? error : new ClientError('UNREACHABLE', words);
    this.#failure = failure;
    this.#outbox.close();
    this.#endWatch();
    for (const [requestId, waiting] of this.#open) {
      waiting?.reject(this.#errorOf(requestId, failure));
    }
    this.#open.clear();
    this.#whenFailed?.reject(failure);
    this.#whenIdle?.reject(failure);
    this.#whenIdle = undefined;
  }

  /** What is told to somebody who waits for a command when the client ends. */
  #errorOf(requestId: number, failure: ClientError): ClientError {
    const fate = this.#outbox.fateOf(requestId);
    switch (fate) {
      case 'REFUSED':
        return failure;
      case 'UNSENT':
        return new ClientError('NOT_SENT', `the client ended before: ${failure.message}`);
      case 'SENT': {
        const words = `sent, and the client ended before the answer: ${failure.message}`;
        return new ClientError('OUTCOME_UNKNOWN', `${words}; the account's reports tell`);
      }
      default:
        fate satisfies never;
        return failure;
    }
  }
}

function warnOfListener(error: unknown): void {
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`a listener of an account's reports threw: ${words}`);
}

const ANSWER_TYPES: ReadonlySet<MarketEvent['type']> = new Set<Answer['type']>([
  'accepted',
  'replaced',
  'cancelled',
  'rejected',
  'all-cancelled',
  'cancel-after-set',
  'result',
]);

const isTheAnswer = (event: MarketEvent): event is Answer => ANSWER_TYPES.has(event.type);

/** Available and held totals of an account, as the engine has them. */
export async function askBalance(
  transport: Transport,
  market: string,
  account: number,
): Promise<Balance> {
  const subject = querySubject(market, account);
  const answer = await ask(transport, subject, new Uint8Array(0));
  const header = decodeBatchHeader(answer, BatchKind.REPLY, 1);
  const event = header.ok ? readEvent(viewOf(answer), RECORD_BYTES) : undefined;
  if (event?.type === 'balance') return event;
  throw new ClientError('REFUSED', `${subject}: ${refusalName(answer)}`);
}

function refusalName(answer: Uint8Array): string {
  const reply = decodeReply(answer);
  return reply.ok ? `${reply.value.name} ${reply.value.detail}` : reply.detail;
}

/** An account's open orders, oldest first; those that came or went meanwhile may be missing. */
export async function askOpenOrders(
  transport: Transport,
  market: string,
  account: number,
): Promise<OpenOrder[]> {
  const subject = querySubject(market, account);
  const orders: OpenOrder[] = [];
  for (;;) {
    const question = encode({ v: PROTOCOL_VERSION, after: orders.at(-1)?.orderId ?? 0 });
    const answer = await ask(transport, subject, question);
    const header = decodeBatchHeader(answer, BatchKind.REPLY, MAX_OPEN_ORDERS_ANSWER);
    if (!header.ok) throw new ClientError('REFUSED', `${subject}: ${refusalName(answer)}`);
    for (const event of readEvents(answer.subarray(RECORD_BYTES))) {
      if (event.type === 'open-order') orders.push(event);
    }
    if (header.value.count < MAX_OPEN_ORDERS_ANSWER) return orders;
  }
}
