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
  readCount,
  readEvent,
  readEvents,
  type Side,
  TimeInForce,
  viewOf,
} from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';
import { encode } from '@msgpack/msgpack';
import { ask } from './ask.ts';
import { ClientError } from './client-error.ts';
import { Outbox, type OutboxCounters } from './outbox.ts';
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
  readonly #session: number;
  readonly #outbox: Outbox;
  readonly #listeners = new Set<(event: MarketEvent) => void>();
  /** Commands without an answer, by request id; undefined where nobody waits for this one. */
  readonly #open = new Map<number, Waiting | undefined>();
  #feed: ReportFeed | undefined;
  #nextRequestId: number;
  #whenIdle: PromiseWithResolvers<void> | undefined;
  #failure: ClientError | undefined;

  private constructor(options: OrderClientOptions) {
    this.#options = options;
    this.#session = options.session ?? 0;
    this.#nextRequestId = options.firstRequestId ?? Date.now() * 1_000;
    this.#outbox = new Outbox(
      options.transport,
      commandSubject(options.market, options.account),
      options.resendAfterMs ?? 2_000,
      (error) => this.#fail(error),
    );
  }

  static async open(options: OrderClientOptions): Promise<OrderClient> {
    const client = new OrderClient(options);
    const { reports, market, account } = options;
    client.#feed = await ReportFeed.open(
      reports,
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

  /** Reports that were missing from the feed; 0 unless the broker lost some. */
  get gaps(): number {
    return this.#feed?.gaps ?? 0;
  }

  /** Resolves with what the market answered, a rejection included. */
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

  /** Places, replaces or takes off one side of a quote. */
  quote(quote: QuoteDraft): Promise<Answer> {
    const timeInForce = quote.timeInForce ?? TimeInForce.GTC;
    return this.#ask({ kind: CommandKind.QUOTE, ...quote, timeInForce });
  }

  /** By the public order id. */
  cancelOrder(orderId: bigint): Promise<Answer> {
    return this.#ask({ kind: CommandKind.CANCEL_ORDER, orderId });
  }

  /** Cancels all open orders, or those of one side; answers `all-cancelled`. */
  cancelAll(side: AnySide = BOTH_SIDES): Promise<Answer> {
    return this.#ask({ kind: CommandKind.CANCEL_ALL, side });
  }

  /** All open orders are cancelled unless this is called again in time; 0 turns it off. */
  cancelAfter(timeoutSeconds: number): Promise<Answer> {
    return this.#ask({ kind: CommandKind.CANCEL_AFTER, timeoutSeconds });
  }

  /** The account's open orders, oldest first, as the engine has them. */
  openOrders(): Promise<OpenOrder[]> {
    const { transport, market, account } = this.#options;
    return askOpenOrders(transport, market, account);
  }

  /** Sends a command without waiting for its own answer; `onEvent` and `idle` tell of it. */
  submit(draft: Draft): void {
    this.#send(draft, undefined);
  }

  /** Every private event of the account, in market order; returns the way to stop. */
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

  balance(): Promise<Balance> {
    const { transport, market, account } = this.#options;
    return askBalance(transport, market, account);
  }

  async close(): Promise<void> {
    this.#outbox.close();
    await this.#feed?.close();
    const error = new ClientError('CLOSED', 'the client was closed; the outcome is unknown');
    for (const waiting of this.#open.values()) waiting?.reject(error);
    this.#open.clear();
    this.#whenIdle?.reject(error);
    this.#whenIdle = undefined;
  }

  #ask(draft: Draft): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    // CANCEL_ALL names itself in each cancel, too.
    const kind = draft.kind === CommandKind.CANCEL_ALL ? EventKind.ALL_CANCELLED : undefined;
    this.#send(draft, { kind, resolve, reject });
    return promise;
  }

  #send(draft: Draft, waiting: Waiting | undefined): void {
    if (this.#failure !== undefined) throw this.#failure;
    const requestId = this.#nextRequestId;
    this.#nextRequestId += 1;
    this.#open.set(requestId, waiting);
    this.counters.submitted += 1;
    this.#outbox.push({ ...draft, session: this.#session, requestId: BigInt(requestId) });
  }

  #reports(records: Uint8Array): void {
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
    for (const listener of this.#listeners) listener(event);
    if (isAwaited && isTheAnswer(event)) waiting?.resolve(event);
  }

  #fail(error: unknown): void {
    const words = error instanceof Error ? error.message : String(error);
    const failure = error instanceof ClientError ? error : new ClientError('UNREACHABLE', words);
    this.#failure ??= failure;
    for (const waiting of this.#open.values()) waiting?.reject(failure);
    this.#open.clear();
    this.#whenIdle?.reject(failure);
    this.#whenIdle = undefined;
  }
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
