/** Answers questions: market facts, snapshots, missed deltas, balances, the engine's own book. */

import {
  BatchKind,
  encodeBatch,
  encodeRefusal,
  INFO_FILTER,
  isMsgpackMap,
  MAX_PARTITIONS,
  MAX_SESSION,
  marketListSubject,
  marketToken,
  PROTOCOL_VERSION,
  parseClientSubject,
  QUERY_FILTER,
  RECORD_BYTES,
  REPLAY_FILTER,
  type Refusal,
  readMsgpack,
  refuse,
  SNAPSHOT_FILTER,
  viewOf,
} from '@foldbook/protocol';
import {
  answer,
  type OnRefused,
  type Subscription,
  type Transport,
  type TransportMessage,
} from '@foldbook/runtime';
import { encode } from '@msgpack/msgpack';
import type { AnswerShare } from './answer-share.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Market, MarketRegistry } from './market-registry.ts';
import type { Mover } from './mover.ts';
import type { PartitionDoor } from './partition-door.ts';
import { type PublicOutput, snapshotChunks } from './public-output.ts';
import type { Publisher } from './publisher.ts';
import type { ReceiptKey } from './receipt-desk.ts';
import type { ReportReplay } from './report-replay.ts';
import { ControlKind, ControlOffset, OUTCOMES, OutcomeOffset } from './ring-message.ts';
import type { Sequencer } from './sequencer.ts';
import { encodeArrived, encodeSupply } from './transfer-answers.ts';

/** Questions to the market thread that may wait for their answer at once. */
const MAX_OPEN_QUERIES = 1_024;
/** Of these, of one client's account. */
const MAX_OPEN_QUERIES_PER_ACCOUNT = 64;

/** Answers, or says why not. */
type Answerer = (reply: string, market: Market, message: TransportMessage) => Refusal | undefined;

interface OpenQuery {
  readonly reply: string;
  readonly market: Market;
  readonly account: number;
  readonly kind: number;
  /** Asked for the market's supply, not for a balance. */
  readonly isSupply: boolean;
}

/** Facts that don't change while the process runs. */
export interface ServiceFacts {
  readonly durability: string;
  /** Of each host, where it is pinned to one. */
  readonly cores: readonly (number | undefined)[];
  readonly partition: number;
  /** What receipts are signed with; absent where none are. */
  readonly receipts?: ReceiptKey | undefined;
}

/** What answers come from, and what they may cost. */
export interface AnswerSources {
  readonly publisher: Publisher;
  readonly reports: ReportReplay;
  readonly share: AnswerShare;
  readonly dispatcher: Dispatcher;
  readonly mover: Mover;
}

export class RequestAdapter {
  readonly #transport: Transport;
  readonly #markets: MarketRegistry;
  readonly #sequencer: Sequencer;
  readonly #publisher: Publisher;
  readonly #reports: ReportReplay;
  readonly #facts: ServiceFacts;
  readonly #share: AnswerShare;
  readonly #dispatcher: Dispatcher;
  readonly #mover: Mover;
  readonly #open = new Map<bigint, OpenQuery>();
  readonly #openOf = new Map<number, number>();
  #subscriptions: Subscription[] = [];
  #nextToken = 1;
  /** Where the answer about a market that moves goes to. */
  #moveReply: string | undefined;

  constructor(
    transport: Transport,
    markets: MarketRegistry,
    sequencer: Sequencer,
    { publisher, reports, share, dispatcher, mover }: AnswerSources,
    facts: ServiceFacts,
  ) {
    this.#share = share;
    this.#dispatcher = dispatcher;
    this.#mover = mover;
    this.#transport = transport;
    this.#markets = markets;
    this.#sequencer = sequencer;
    this.#publisher = publisher;
    this.#reports = reports;
    this.#facts = facts;
  }

  /** `onRefused`: the broker keeps it from hearing some of the questions. */
  open(door: PartitionDoor, onRefused?: OnRefused): void {
    const subscribe = (plain: string, answerer: Answerer) =>
      door
        .requestFilters(plain)
        .map((filter) =>
          this.#transport.subscribe(
            filter,
            (message) => this.#route(message, door, answerer),
            onRefused,
          ),
        );
    this.#subscriptions = [
      ...subscribe(INFO_FILTER, (reply, market) => this.#info(reply, market)),
      ...subscribe(SNAPSHOT_FILTER, (reply, market) => this.#snapshot(reply, market)),
      ...subscribe(REPLAY_FILTER, (reply, market, message) => this.#replay(reply, market, message)),
      ...subscribe(QUERY_FILTER, (reply, market, message) => this.#query(reply, market, message)),
      this.#transport.subscribe(
        marketListSubject(this.#facts.partition),
        ({ reply }) => this.#list(reply),
        onRefused,
      ),
    ];
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#answerMove(encodeRefusal('msgpack', refuse('UNAVAILABLE', 0, 'the service ends')));
  }

  /** The market thread's answer to a query. */
  answered(token: bigint, records: Uint8Array, sequence: number): void {
    const query = this.#open.get(token);
    if (query === undefined) return;
    this.#open.delete(token);
    this.#count(query.account, -1);
    if (query.kind === ControlKind.QUERY_OUTCOME) {
      this.#send(query.reply, this.#outcome(query, records, sequence));
      return;
    }
    if (query.isSupply) {
      this.#send(query.reply, encodeSupply(query.market, records, sequence));
      return;
    }
    const fields = { market: query.market.id, last: sequence };
    if (query.kind !== ControlKind.QUERY_DEPTH) {
      this.#send(query.reply, encodeBatch({ kind: BatchKind.REPLY, ...fields }, records));
      return;
    }
    const { generation } = this.#publisher;
    for (const chunk of snapshotChunks(records, { ...fields, generation, depthCrc: 0 })) {
      this.#send(query.reply, chunk);
    }
  }

  #outcome({ account }: OpenQuery, records: Uint8Array, sequence: number): Uint8Array {
    const view = viewOf(records);
    const outcome = OUTCOMES[view.getUint8(OutcomeOffset.OUTCOME)];
    const facts = {
      v: PROTOCOL_VERSION,
      code: 0,
      outcome: outcome === 'expired' ? 'unknown_expired' : outcome,
      lastRequestId: view.getBigUint64(OutcomeOffset.LAST_REQUEST, true),
      sequence,
      pending: this.#sequencer.admission.pendingOf(account),
      term: this.#publisher.generation,
    };
    const result = {
      result: view.getUint16(OutcomeOffset.CODE, true),
      firstSequence: Number(view.getBigUint64(OutcomeOffset.FIRST_SEQUENCE, true)),
    };
    return encode(outcome === 'executed' ? { ...facts, ...result } : facts, { useBigInt64: true });
  }

  #route(message: TransportMessage, door: PartitionDoor, answerer: Answerer): void {
    if (message.reply === undefined) return;
    const stranger = door.strangerTo(message.subject);
    const name = marketToken(message.subject);
    const market = this.#markets.byName(name);
    const refusal =
      stranger ??
      (market?.isLogged
        ? answerer(message.reply, market, message)
        : refuse('UNKNOWN_MARKET', 0, name));
    if (refusal !== undefined && refusal !== 'others') {
      this.#send(message.reply, encodeRefusal('msgpack', refusal));
    }
  }

  #send(reply: string, payload: Uint8Array): void {
    answer(this.#transport, reply, payload);
  }

  #list(reply: string | undefined): void {
    if (reply === undefined) return;
    const { partition } = this.#facts;
    const markets = Array.from(this.#markets.all(), ({ name }) => name);
    this.#send(reply, encode({ v: PROTOCOL_VERSION, code: 0, partition, markets }));
  }

  #info(reply: string, market: Market): undefined {
    const { durability, cores, partition, receipts } = this.#facts;
    const facts = {
      v: PROTOCOL_VERSION,
      code: 0,
      market: market.name,
      id: market.id,
      partition,
      sequence: market.sequence,
      term: this.#publisher.generation,
      durability,
      host: market.host,
      hosts: cores.length,
      core: cores[market.host] ?? null,
      pending: this.#sequencer.pending,
      openRecords: market.epoch.records,
      receiptKey: hexOrNull(receipts?.key.publicKey),
      receiptCertificate: hexOrNull(receipts?.certificate),
      ...this.#publisher.counters(market),
      ...market.terms.facts(),
    };
    this.#send(reply, encode(facts));
  }

  #snapshot(reply: string, market: Market): Refusal | undefined {
    return this.#answerWhole(reply, market, (output) => output.snapshot());
  }

  /** Payload: msgpack map { v: 1, from: first missing market sequence }. */
  #replay(reply: string, market: Market, message: TransportMessage): Refusal | undefined {
    const from = readInteger(message.payload, 'from');
    if (from === undefined) return refuse('FIELD_RANGE', 0, 'from');
    return this.#answerWhole(reply, market, (output) => {
      const answer = output.replay(from);
      return answer === undefined ? refuse('TOO_LARGE', 0, 'older than the window') : [answer];
    });
  }

  /** Answers from a market's public book, as soon as it is whole, while the share for it lasts. */
  #answerWhole(
    reply: string,
    market: Market,
    answer: (output: PublicOutput) => Uint8Array[] | Refusal,
  ): Refusal | undefined {
    const busy = refuse('BUSY', 0, `market ${market.name} answers too many readers`);
    const isTaken = this.#publisher.whenWhole(market, (output) => {
      const parts = this.#share.isOpen() ? answer(output) : busy;
      if (!Array.isArray(parts)) {
        this.#send(reply, encodeRefusal('msgpack', parts));
        return;
      }
      for (const part of parts) {
        this.#share.spend(part.byteLength);
        this.#send(reply, part);
      }
    });
    return isTaken ? undefined : busy;
  }

  /**
   * Payload: empty for the sender's balance; a msgpack map { v: 1, after: order id } for its open
   * orders, { v: 1, reports: sequence, skip: batches } for its reports after that,
   * { v: 1, session: number, request: id } for what became of a request; from operators
   * (account 0) { v: 1, host: number } to move the market there, { v: 1, arrived: partition } for
   * how far transfers from there were judged, { v: 1, supply: 1 } for the supply and where it came
   * from, any other for the book.
   */
  #query(reply: string, market: Market, message: TransportMessage): Refusal | undefined {
    const sender = parseClientSubject(message.subject);
    if (sender === undefined) return refuse('FIELD_RANGE', 0, message.subject);
    if (sender.account === 0 && hasField(message.payload, 'host')) {
      return this.#move(reply, market, readInteger(message.payload, 'host'));
    }
    const arrived = sender.account === 0 ? readInteger(message.payload, 'arrived') : undefined;
    if (arrived !== undefined) {
      if (arrived >= MAX_PARTITIONS) return refuse('FIELD_RANGE', 0, 'arrived');
      this.#send(reply, encodeArrived(market, arrived));
      return undefined;
    }
    const reported = readInteger(message.payload, 'reports');
    if (reported !== undefined) {
      const skip = readInteger(message.payload, 'skip') ?? 0;
      const missed = { account: sender.account, after: reported, skip };
      void this.#reports.answer(market, missed).then((payload) => this.#send(reply, payload));
      return undefined;
    }
    const openOf = this.#openOf.get(sender.account) ?? 0;
    const isOver = sender.account > 0 && openOf >= MAX_OPEN_QUERIES_PER_ACCOUNT;
    if (isOver || this.#open.size >= MAX_OPEN_QUERIES) return refuse('BUSY', 0, market.name);
    const isSupply = sender.account === 0 && hasField(message.payload, 'supply');
    const kind = isSupply ? ControlKind.QUERY_BALANCE : queryKind(sender.account, message.payload);
    const after = kind === ControlKind.QUERY_ORDERS ? readInteger(message.payload, 'after') : 0;
    if (after === undefined) return refuse('FIELD_RANGE', 0, 'after');
    const request = kind === ControlKind.QUERY_OUTCOME ? readRequest(message.payload) : NO_REQUEST;
    if (request === undefined) return refuse('FIELD_RANGE', 0, 'session and request');
    const token = BigInt(this.#nextToken);
    this.#nextToken += 1;
    const record = new Uint8Array(RECORD_BYTES);
    const view = viewOf(record);
    view.setUint8(ControlOffset.KIND, kind);
    view.setUint32(ControlOffset.ACCOUNT, sender.account, true);
    view.setBigUint64(ControlOffset.TOKEN, token, true);
    view.setUint32(ControlOffset.MARKET, market.id, true);
    view.setBigUint64(ControlOffset.AFTER, BigInt(after), true);
    view.setUint16(OutcomeOffset.SESSION, request.session, true);
    view.setBigUint64(OutcomeOffset.REQUEST, request.id, true);
    if (!this.#dispatcher.query(market, record)) return refuse('BUSY', 0, market.name);
    this.#open.set(token, { reply, market, account: sender.account, kind, isSupply });
    this.#count(sender.account, 1);
    return undefined;
  }

  /** Sends a market to another host; answers when it is there. */
  #move(reply: string, market: Market, host: number | undefined): Refusal | undefined {
    const { hosts } = this.#mover;
    if (host === undefined || host >= hosts)
      return refuse('FIELD_RANGE', 0, `host: there are ${hosts}, from 0`);
    if (this.#mover.isBusy) return refuse('BUSY', 0, 'another market moves');
    this.#moveReply = reply;
    const tell = (fields: object) =>
      this.#answerMove(
        encode({ v: PROTOCOL_VERSION, code: 0, market: market.name, host, ...fields }),
      );
    if (host === market.host) tell({ from: host, tookMs: 0, held: 0 });
    else
      this.#mover.move(market, host, ({ from, tookNs, held, isRefused }) => {
        if (!isRefused) tell({ from, tookMs: tookNs / 1e6, held });
        else this.#answerMove(encodeRefusal('msgpack', refuse('NO_ROOM', 0, `host ${host}`)));
      });
    return undefined;
  }

  /** Once: a service that ends has answered before the market is there. */
  #answerMove(payload: Uint8Array): void {
    const reply = this.#moveReply;
    this.#moveReply = undefined;
    if (reply !== undefined) this.#send(reply, payload);
  }

  #count(account: number, change: number): void {
    const open = (this.#openOf.get(account) ?? 0) + change;
    if (open > 0) this.#openOf.set(account, open);
    else this.#openOf.delete(account);
  }
}

function queryKind(account: number, payload: Uint8Array): number {
  if (payload.byteLength === 0) return ControlKind.QUERY_BALANCE;
  if (hasField(payload, 'request')) return ControlKind.QUERY_OUTCOME;
  return account === 0 ? ControlKind.QUERY_DEPTH : ControlKind.QUERY_ORDERS;
}

const MAP_LIMITS = { depth: 1, arrayLength: 0, mapLength: 8, stringBytes: 32 };

function hasField(payload: Uint8Array, key: string): boolean {
  const map = readMsgpack(payload, MAP_LIMITS);
  return map.ok && isMsgpackMap(map.value) && map.value.has(key);
}

const hexOrNull = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? null : Buffer.from(bytes).toString('hex');

function readInteger(payload: Uint8Array, key: string): number | undefined {
  const map = readMsgpack(payload, MAP_LIMITS);
  if (!map.ok || !isMsgpackMap(map.value)) return undefined;
  const field = map.value.get(key);
  return typeof field === 'number' && Number.isSafeInteger(field) && field >= 0 ? field : undefined;
}

interface RequestName {
  readonly session: number;
  readonly id: bigint;
}

const NO_REQUEST: RequestName = { session: 0, id: 0n };
const REQUEST_IDS = 2n ** 64n;

function readRequest(payload: Uint8Array): RequestName | undefined {
  const map = readMsgpack(payload, MAP_LIMITS);
  const field = map.ok && isMsgpackMap(map.value) ? map.value.get('request') : undefined;
  const session = readInteger(payload, 'session');
  if (session === undefined || session > MAX_SESSION) return undefined;
  const isInteger = typeof field === 'number' && Number.isSafeInteger(field);
  if (typeof field !== 'bigint' && !isInteger) return undefined;
  const id = BigInt(field);
  return id >= 0n && id < REQUEST_IDS ? { session, id } : undefined;
}
