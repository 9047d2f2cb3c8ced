/**
 * What accounts are told in private: their reports (durable, one batch per account and flush) and
 * the answers to messages that asked to hear of execution.
 */
import {
  Account,
  BatchKind,
  EventKind,
  EventOffset,
  encodeReply,
  Liquidity,
  RECORD_BYTES,
  reportSubject,
  Side,
  TradeOffset,
  viewOf,
} from '@foldbook/protocol';
import type { BatchBuffers } from './batch-buffers.ts';
import type { DurableOutput } from './durable-output.ts';
import type { Asker } from './group-builder.ts';
import type { CommittedGroup, Market } from './market-registry.ts';
import { copyRecord, noGeneration, OutputBatch } from './output-batch.ts';
import type { ReceiptDesk } from './receipt-desk.ts';

export type SendReply = (subject: string, payload: Uint8Array) => void;

interface ReportFeed {
  readonly batch: OutputBatch;
  /** Events up to here were written by another process. */
  covered: number;
}

interface OpenReply {
  readonly asker: Asker;
  readonly records: Uint8Array[];
}

export class PrivateOutput {
  readonly #market: Market;
  readonly #output: DurableOutput;
  readonly #sendReply: SendReply;
  readonly #buffers: BatchBuffers;
  readonly #receipts: ReceiptDesk | undefined;
  readonly #feeds = new Map<number, ReportFeed>();
  /** Those with something to send: a flush walks no others, however many accounts there are. */
  #unsent: OutputBatch[] = [];
  readonly #fill = viewOf(new Uint8Array(RECORD_BYTES));
  #replies: OpenReply[] = [];
  #replyIndex = 0;
  #groupFirst = 0;

  constructor(
    market: Market,
    output: DurableOutput,
    sendReply: SendReply,
    buffers: BatchBuffers,
    receipts?: ReceiptDesk | undefined,
  ) {
    this.#receipts = receipts;
    this.#market = market;
    this.#output = output;
    this.#sendReply = sendReply;
    this.#buffers = buffers;
  }

  startGroup(firstSequence: number, askers: readonly Asker[]): void {
    this.#groupFirst = firstSequence;
    this.#replies = askers.map((asker) => ({ asker, records: [] }));
    this.#replyIndex = 0;
  }

  /** Answers everybody who asked about the group that ends. */
  endGroup(group: CommittedGroup, last: number): void {
    const { logSequence } = group;
    for (const { asker, records } of this.#replies) {
      const told = asker.whenReceived ? [] : records;
      const all = new Uint8Array(told.length * RECORD_BYTES);
      for (const [index, record] of told.entries()) all.set(record, index * RECORD_BYTES);
      if (asker.wantsReceipt && this.#receipts !== undefined) {
        const first = this.#groupFirst;
        this.#receipts.answer(this.#market, { ...group, first, last }, asker, all);
      } else this.#sendReply(asker.replySubject, encodeReply(asker.encoding, logSequence, all));
    }
    this.#replies = [];
  }

  /** An event that its account at +4 is told as it is. */
  event(view: DataView, offset: number, sequence: number): void {
    const account = view.getUint32(offset + EventOffset.ACCOUNT, true);
    this.#tell(account, view, offset, sequence);
  }

  /** Both sides of a trade, each told only its own. */
  trade(view: DataView, offset: number, sequence: number, takerClientOrderId: bigint): void {
    const takerSide = view.getUint8(offset + EventOffset.SIDE) as Side;
    const makerSide = takerSide === Side.BUY ? Side.SELL : Side.BUY;
    const fill = this.#fill;
    copyRecord(view, offset, fill, 0);
    fill.setUint8(EventOffset.KIND, EventKind.FILL);
    fill.setBigUint64(TradeOffset.MAKER_CLIENT_ORDER_ID, 0n, true);
    fill.setBigUint64(TradeOffset.MAKER_ACCOUNT, 0n, true);
    const makerOrderId = view.getBigUint64(offset + TradeOffset.MAKER_ORDER_ID, true);
    const takerOrderId = view.getBigUint64(offset + TradeOffset.TAKER_ORDER_ID, true);
    const makerClientOrderId = view.getBigUint64(offset + TradeOffset.MAKER_CLIENT_ORDER_ID, true);
    const makerAccount = view.getUint32(offset + TradeOffset.MAKER_ACCOUNT, true);

    fill.setUint16(EventOffset.CODE, Liquidity.TAKER, true);
    fill.setBigUint64(EventOffset.ORDER_ID, takerOrderId, true);
    fill.setBigUint64(EventOffset.CLIENT_ORDER_ID, takerClientOrderId, true);
    this.#tell(fill.getUint32(EventOffset.ACCOUNT, true), fill, 0, sequence);

    fill.setUint8(EventOffset.SIDE, makerSide);
    fill.setUint16(EventOffset.CODE, Liquidity.MAKER, true);
    fill.setUint32(EventOffset.ACCOUNT, makerAccount, true);
    fill.setBigUint64(EventOffset.ORDER_ID, makerOrderId, true);
    fill.setBigUint64(EventOffset.CLIENT_ORDER_ID, makerClientOrderId, true);
    this.#tell(makerAccount, fill, 0, sequence);
  }

  /** Another process has written an account's reports up to there. */
  cover(account: number, sequence: number): void {
    const feed = this.#feeds.get(account);
    if (feed !== undefined && feed.covered < sequence) coverFeed(feed, sequence);
  }

  flush(): void {
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const batch of unsent) batch.flush();
  }

  #tell(account: number, view: DataView, offset: number, sequence: number): void {
    this.#answer(account, view, offset, sequence);
    if (account < Account.FIRST_CLIENT) return;
    const feed = this.#feeds.get(account) ?? this.#openFeed(account);
    if (sequence <= feed.covered) return;
    if (this.#output.isMuted) {
      coverFeed(feed, sequence);
      return;
    }
    if (feed.batch.isEmpty) this.#unsent.push(feed.batch);
    feed.batch.add(view, offset, sequence);
  }

  #openFeed(account: number): ReportFeed {
    const subject = reportSubject(this.#market.partition, account, this.#market.name);
    const covered = this.#output.covered(subject);
    const batch = new OutputBatch({
      kind: BatchKind.REPORTS,
      market: this.#market.id,
      generation: noGeneration,
      prev: covered,
      send: (payload) => this.#output.send(subject, payload),
      buffers: this.#buffers,
    });
    const feed = { batch, covered };
    this.#feeds.set(account, feed);
    return feed;
  }

  /** Askers stand in order of their commands, and events come in order of commands. */
  #answer(account: number, view: DataView, offset: number, sequence: number): void {
    let reply = this.#replies[this.#replyIndex];
    while (reply !== undefined) {
      const start = this.#groupFirst + reply.asker.index;
      if (sequence < start) return;
      if (sequence < start + reply.asker.count) break;
      this.#replyIndex += 1;
      reply = this.#replies[this.#replyIndex];
    }
    if (reply === undefined) return;
    const isOperator = reply.asker.account < Account.FIRST_CLIENT;
    if (!isOperator && reply.asker.account !== account) return;
    const record = new Uint8Array(view.buffer, view.byteOffset + offset, RECORD_BYTES);
    reply.records.push(record.slice());
  }
}

function coverFeed(feed: ReportFeed, sequence: number): void {
  feed.covered = sequence;
  feed.batch.startAfter(sequence);
}
