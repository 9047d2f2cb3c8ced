/** Answers questions: market facts, snapshots, missed deltas and reports, what the engine has. */
import {
  encodeRefusal,
  INFO_FILTER,
  MAX_PARTITIONS,
  marketListSubject,
  marketToken,
  PROTOCOL_VERSION,
  parseClientSubject,
  QUERY_FILTER,
  REPLAY_FILTER,
  type Refusal,
  refuse,
  SNAPSHOT_FILTER,
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
import type { ClientQueries } from './client-queries.ts';
import type { Market, MarketRegistry } from './market-registry.ts';
import type { Mover } from './mover.ts';
import type { PartitionDoor } from './partition-door.ts';
import type { PublicOutput } from './public-output.ts';
import type { Publisher } from './publisher.ts';
import { hasField, readInteger } from './question-fields.ts';
import type { ReceiptKey } from './receipt-desk.ts';
import type { ReportReplay } from './report-replay.ts';
import type { Sequencer } from './sequencer.ts';
import { encodeArrived } from './transfer-answers.ts';

/** Answers, or says why not. */
type Answerer = (reply: string, market: Market, message: TransportMessage) => Refusal | undefined;

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
  readonly queries: ClientQueries;
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
  readonly #queries: ClientQueries;
  readonly #mover: Mover;
  #subscriptions: Subscription[] = [];
  /** Where the answer about a market that moves goes to. */
  #moveReply: string | undefined;

  constructor(
    transport: Transport,
    markets: MarketRegistry,
    sequencer: Sequencer,
    { publisher, reports, share, queries, mover }: AnswerSources,
    facts: ServiceFacts,
  ) {
    this.#share = share;
    this.#queries = queries;
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
   * Payload: a msgpack map { v: 1, reports: sequence, skip: batches } for the sender's reports
   * after that; from operators (account 0) { v: 1, host: number } to move the market there,
   * { v: 1, arrived: partition } for how far transfers from there were judged. Any other is the
   * engine's to answer: see `ClientQueries.ask`.
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
    return this.#queries.ask(reply, market, sender.account, message.payload);
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
}

const hexOrNull = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? null : Buffer.from(bytes).toString('hex');
