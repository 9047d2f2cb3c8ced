// SPDX-License-Identifier: GPL-3.0-or-later
/** Writes a market's diff stream by hand: what a market service would publish. Tests only. */
import { createHash } from 'node:crypto';
import {
  BatchKind,
  ChainOffset,
  EpochOffset,
  EventKind,
  EventOffset,
  encodeBatch,
  FEE_TIERS,
  MarketCreatedOffset,
  RECORD_BYTES,
  SettlementKind,
  viewOf,
  writeCount,
  writeSettlement,
} from '@foldbook/protocol';

export interface Movement {
  readonly kind: SettlementKind;
  readonly a: number;
  readonly b: number;
  readonly price?: bigint;
  readonly base?: bigint;
  readonly quote?: bigint;
}

export const depositBase = (account: number, base: bigint): Movement => ({
  kind: SettlementKind.DEPOSIT_BASE,
  a: 0,
  b: account,
  base,
});

export const depositQuote = (account: number, quote: bigint): Movement => ({
  kind: SettlementKind.DEPOSIT_QUOTE,
  a: account,
  b: 0,
  quote,
});

export const withdrawBase = (account: number, base: bigint): Movement => ({
  kind: SettlementKind.WITHDRAW_BASE,
  a: account,
  b: 0,
  base,
});

export const withdrawQuote = (account: number, quote: bigint): Movement => ({
  kind: SettlementKind.WITHDRAW_QUOTE,
  a: 0,
  b: account,
  quote,
});

export const trade = (seller: number, buyer: number, price: bigint, base: bigint): Movement => ({
  kind: SettlementKind.TRADE,
  a: seller,
  b: buyer,
  price,
  base,
  quote: price * base,
});

export const fee = (payer: number, quote: bigint): Movement => ({
  kind: SettlementKind.FEE,
  a: 1,
  b: payer,
  quote,
});

export const rebate = (receiver: number, quote: bigint): Movement => ({
  kind: SettlementKind.REBATE,
  a: receiver,
  b: 1,
  quote,
});

/** One command a movement, one group an epoch; each epoch is one message of the stream. */
export class DiffScript {
  readonly #market: number;
  #records: Uint8Array[] = [];
  #sequence = 0;
  #recordIndex = 0;
  #epoch = 0;
  #recordFirst = 0;
  #sequenceFirst = 1;
  #logSequence = 0;
  #head = new Uint8Array(32);
  #rates: readonly [maker: number, taker: number] = [0, 0];

  constructor(market: number) {
    this.#market = market;
  }

  create(makerFeePpm: number, takerFeePpm: number): this {
    const view = this.#next(EventKind.MARKET_CREATED);
    view.setInt32(16, makerFeePpm, true);
    view.setInt32(20, takerFeePpm, true);
    this.#rates = [makerFeePpm, takerFeePpm];
    view.setUint32(MarketCreatedOffset.MAX_FEE_PPM, 100_000, true);
    return this;
  }

  /** Rates of all tiers: none is lowered before each is as high as it was or will be. */
  setFees(makerFeePpm: number, takerFeePpm: number): this {
    const [maker, taker] = this.#rates;
    this.#setTiers(Math.max(maker, makerFeePpm), Math.max(taker, takerFeePpm));
    this.#setTiers(makerFeePpm, takerFeePpm);
    this.#rates = [makerFeePpm, takerFeePpm];
    return this;
  }

  #setTiers(makerFeePpm: number, takerFeePpm: number): void {
    for (let tier = 0; tier < FEE_TIERS; tier++) {
      const view = this.#next(EventKind.FEES_CHANGED);
      view.setUint8(EventOffset.SIDE, tier);
      view.setInt32(MarketCreatedOffset.MAKER_FEE_PPM, makerFeePpm, true);
      view.setInt32(MarketCreatedOffset.TAKER_FEE_PPM, takerFeePpm, true);
    }
  }

  move(...movements: readonly Movement[]): this {
    for (const { kind, a, b, price = 0n, base = 0n, quote = 0n } of movements) {
      const view = this.#next(EventKind.SETTLEMENT);
      const recordIndex = this.#recordIndex;
      this.#recordIndex += 1;
      const sequence = this.#sequence;
      writeSettlement(view, 0, { kind, a, b, price, base, quote, sequence, recordIndex });
    }
    return this;
  }

  /** Marks the epoch's end and takes its message. */
  closeEpoch(timeMs = this.#epoch): Uint8Array {
    const mark = this.#next(EventKind.EPOCH_MARK);
    writeCount(mark, EpochOffset.EPOCH, this.#epoch);
    writeCount(mark, EpochOffset.RECORD_FIRST, this.#recordFirst);
    writeCount(mark, EpochOffset.RECORD_COUNT, this.#recordIndex - this.#recordFirst);
    mark.setBigUint64(EpochOffset.STATE_HASH, BigInt(this.#sequence) << 32n, true);
    writeCount(mark, EpochOffset.SEQUENCE_FIRST, this.#sequenceFirst);
    mark.setBigInt64(EpochOffset.TIME_NS, BigInt(timeMs) * 1_000_000n, true);
    this.#logSequence += 1;
    this.#head = Uint8Array.from(createHash('sha256').update(this.#head).digest());
    const chain = this.#record(EventKind.CHAIN_HEAD);
    new Uint8Array(chain.buffer).set(this.#head, ChainOffset.HEAD);
    writeCount(chain, ChainOffset.LOG_SEQUENCE, this.#logSequence);
    writeCount(chain, ChainOffset.LOG_FIRST, this.#logSequence);
    this.#epoch += 1;
    this.#recordFirst = this.#recordIndex;
    this.#sequenceFirst = this.#sequence + 1;
    return this.take();
  }

  /** Takes what was written since the last message. */
  take(): Uint8Array {
    const records = new Uint8Array(this.#records.length * RECORD_BYTES);
    for (const [index, record] of this.#records.entries())
      records.set(record, index * RECORD_BYTES);
    this.#records = [];
    return encodeBatch({ kind: BatchKind.DIFF, market: this.#market }, records);
  }

  #next(kind: EventKind): DataView {
    this.#sequence += 1;
    return this.#record(kind);
  }

  #record(kind: EventKind): DataView {
    const record = new Uint8Array(RECORD_BYTES);
    const view = viewOf(record);
    view.setUint8(EventOffset.KIND, kind);
    writeCount(view, EventOffset.SEQUENCE, this.#sequence);
    this.#records.push(record);
    return view;
  }
}
