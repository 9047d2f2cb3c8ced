/** Questions of clients that a market's engine answers, in turn with its commands. */
import {
  BatchKind,
  encodeBatch,
  PROTOCOL_VERSION,
  RECORD_BYTES,
  type Refusal,
  refuse,
  viewOf,
} from '@foldbook/protocol';
import { answer, type Transport } from '@foldbook/runtime';
import { encode } from '@msgpack/msgpack';
import type { Dispatcher } from './dispatcher.ts';
import type { Market } from './market-registry.ts';
import { snapshotChunks } from './public-output.ts';
import type { Publisher } from './publisher.ts';
import { hasField, type RequestName, readInteger, readRequestName } from './question-fields.ts';
import { ControlKind, ControlOffset, OUTCOMES, OutcomeOffset } from './ring-message.ts';
import type { Sequencer } from './sequencer.ts';
import { encodeSupply } from './transfer-answers.ts';

/** Questions that may wait for their answer at once. */
const MAX_OPEN_QUERIES = 1_024;
/** Of these, of one client's account. */
const MAX_OPEN_QUERIES_PER_ACCOUNT = 64;

interface Question {
  readonly kind: number;
  /** Asks for the market's supply, not for a balance. */
  readonly isSupply: boolean;
  /** Of open orders: those behind this one. */
  readonly after: number;
  readonly request: RequestName;
}

interface OpenQuery extends Pick<Question, 'kind' | 'isSupply'> {
  readonly reply: string;
  readonly market: Market;
  readonly account: number;
}

export interface ClientQueriesParts {
  readonly transport: Transport;
  readonly dispatcher: Dispatcher;
  readonly publisher: Publisher;
  readonly sequencer: Sequencer;
}

export class ClientQueries {
  readonly #parts: ClientQueriesParts;
  readonly #open = new Map<bigint, OpenQuery>();
  readonly #openOf = new Map<number, number>();
  #nextToken = 1;

  constructor(parts: ClientQueriesParts) {
    this.#parts = parts;
  }

  /**
   * Answers on `reply` when the engine has, or says why not.
   *
   * Payload: empty for the sender's balance; a msgpack map { v: 1, after: order id } for its open
   * orders, { v: 1, session: number, request: id } for what became of a request; from operators
   * (account 0) { v: 1, supply: 1 } for the supply and where it came from, any other for the book.
   */
  ask(reply: string, market: Market, account: number, payload: Uint8Array): Refusal | undefined {
    const openOf = this.#openOf.get(account) ?? 0;
    const isOver = account > 0 && openOf >= MAX_OPEN_QUERIES_PER_ACCOUNT;
    if (isOver || this.#open.size >= MAX_OPEN_QUERIES) return refuse('BUSY', 0, market.name);
    const question = readQuestion(account, payload);
    if (typeof question === 'string') return refuse('FIELD_RANGE', 0, question);
    const token = BigInt(this.#nextToken);
    this.#nextToken += 1;
    const record = recordOf(market, account, question, token);
    if (!this.#parts.dispatcher.query(market, record)) return refuse('BUSY', 0, market.name);
    const { kind, isSupply } = question;
    this.#open.set(token, { reply, market, account, kind, isSupply });
    this.#count(account, 1);
    return undefined;
  }

  /** The market thread's answer. */
  answered(token: bigint, records: Uint8Array, sequence: number): void {
    const query = this.#open.get(token);
    if (query === undefined) return;
    this.#open.delete(token);
    this.#count(query.account, -1);
    const { transport } = this.#parts;
    for (const payload of this.#payloadsOf(query, records, sequence)) {
      answer(transport, query.reply, payload);
    }
  }

  #payloadsOf(query: OpenQuery, records: Uint8Array, sequence: number): Iterable<Uint8Array> {
    const { kind, isSupply, market } = query;
    if (kind === ControlKind.QUERY_OUTCOME) return [this.#outcome(query, records, sequence)];
    if (isSupply) return [encodeSupply(market, records, sequence)];
    const fields = { market: market.id, last: sequence };
    if (kind !== ControlKind.QUERY_DEPTH) {
      return [encodeBatch({ kind: BatchKind.REPLY, ...fields }, records)];
    }
    const { generation } = this.#parts.publisher;
    return snapshotChunks(records, { ...fields, generation, depthCrc: 0 });
  }

  #outcome({ account }: OpenQuery, records: Uint8Array, sequence: number): Uint8Array {
    const { sequencer, publisher } = this.#parts;
    const view = viewOf(records);
    const outcome = OUTCOMES[view.getUint8(OutcomeOffset.OUTCOME)];
    const facts = {
      v: PROTOCOL_VERSION,
      code: 0,
      outcome: outcome === 'expired' ? 'unknown_expired' : outcome,
      lastRequestId: view.getBigUint64(OutcomeOffset.LAST_REQUEST, true),
      sequence,
      pending: sequencer.admission.pendingOf(account),
      term: publisher.generation,
    };
    const result = {
      result: view.getUint16(OutcomeOffset.CODE, true),
      firstSequence: Number(view.getBigUint64(OutcomeOffset.FIRST_SEQUENCE, true)),
    };
    return encode(outcome === 'executed' ? { ...facts, ...result } : facts, { useBigInt64: true });
  }

  #count(account: number, change: number): void {
    const open = (this.#openOf.get(account) ?? 0) + change;
    if (open > 0) this.#openOf.set(account, open);
    else this.#openOf.delete(account);
  }
}

const NO_REQUEST: RequestName = { session: 0, id: 0n };

/** What is asked, or which fields are not right. */
function readQuestion(account: number, payload: Uint8Array): Question | string {
  const isSupply = account === 0 && hasField(payload, 'supply');
  const kind = isSupply ? ControlKind.QUERY_BALANCE : kindOf(account, payload);
  const after = kind === ControlKind.QUERY_ORDERS ? readInteger(payload, 'after') : 0;
  if (after === undefined) return 'after';
  const request = kind === ControlKind.QUERY_OUTCOME ? readRequestName(payload) : NO_REQUEST;
  if (request === undefined) return 'session and request';
  return { kind, isSupply, after, request };
}

function kindOf(account: number, payload: Uint8Array): number {
  if (payload.byteLength === 0) return ControlKind.QUERY_BALANCE;
  if (hasField(payload, 'request')) return ControlKind.QUERY_OUTCOME;
  return account === 0 ? ControlKind.QUERY_DEPTH : ControlKind.QUERY_ORDERS;
}

function recordOf(
  market: Market,
  account: number,
  { kind, after, request }: Question,
  token: bigint,
): Uint8Array {
  const record = new Uint8Array(RECORD_BYTES);
  const view = viewOf(record);
  view.setUint8(ControlOffset.KIND, kind);
  view.setUint32(ControlOffset.ACCOUNT, account, true);
  view.setBigUint64(ControlOffset.TOKEN, token, true);
  view.setUint32(ControlOffset.MARKET, market.id, true);
  view.setBigUint64(ControlOffset.AFTER, BigInt(after), true);
  view.setUint16(OutcomeOffset.SESSION, request.session, true);
  view.setBigUint64(OutcomeOffset.REQUEST, request.id, true);
  return record;
}
