/**
 * Reads a snapshot from outside, which may be anything: what passes is what an engine wrote, or
 * could have written. It is read once, in pieces of any size, and handed on as it is checked.
 */
import { Account, FEE_TIERS, RECORD_BYTES, Side } from '@foldbook/protocol';
import { resultDigest } from '../naive/state-hash.ts';
import {
  readAccount,
  readResults,
  readSession,
  type SnapshotAccount,
  type SnapshotResult,
  whatIsWrongWithAccount,
  whatIsWrongWithSession,
} from './account-records.ts';
import { SnapshotKind, TermsOffset, TIERS_PER_RECORD, UNNAMED_BYTES } from './layout.ts';
import {
  checkLimits,
  checkTiers,
  readHeader,
  readMarket,
  readTiers,
  type SnapshotHeader,
  type SnapshotMarket,
} from './market-records.ts';
import {
  heldBy,
  readOrder,
  SnapshotBooks,
  type SnapshotOrder,
  type SnapshotTerms,
  whatIsWrong,
} from './order-records.ts';
import { checkDigest, ResultPlaces } from './result-places.ts';
import { SnapshotCursor } from './snapshot-cursor.ts';
import { SnapshotError } from './snapshot-error.ts';

/** Where the checked records go. Nothing is sure until `readSnapshot` has returned. */
export interface SnapshotSink {
  /** Before all records. */
  begin(header: SnapshotHeader): void;
  /**
   * `count` records, all but END; at most 1,024, valid during the call. A TERMS comes together with
   * its ORDER.
   */
  records(records: Uint8Array, count: number): void;
}

const NO_TERMS: SnapshotTerms = { displaySize: 0n, stopPrice: 0n };
const BLOCK_RECORDS = 1_024;
const KIND_NAMES = Object.keys(SnapshotKind);
const nameOf = (kind: number) => KIND_NAMES[kind - 1] ?? `kind ${kind}`;

/**
 * @throws SnapshotError for anything that is not a snapshot of a market as RULES.md allows it; the
 * state hash is to be compared by the caller (`checkStateHash`), once it has restored the market
 */
export function readSnapshot(chunks: Iterable<Uint8Array>, sink: SnapshotSink): SnapshotHeader {
  const cursor = new SnapshotCursor(chunks);
  try {
    return new SnapshotReader(cursor, sink).read();
  } catch (error) {
    if (error instanceof SnapshotError) throw explain(error, cursor);
    throw error;
  }
}

/** Compares what was restored with what was written. */
export function checkStateHash({ stateHash }: SnapshotHeader, restored: bigint): void {
  if (stateHash === restored) return;
  const hashes = `${stateHash.toString(16)}, what was restored has ${restored.toString(16)}`;
  throw new SnapshotError('SNAPSHOT_STATE_HASH', `the header names ${hashes}`, undefined);
}

/** Content that makes no sense is most often damage: the hash, at the end, knows. */
function explain(error: SnapshotError, cursor: SnapshotCursor): SnapshotError {
  if (error.code !== 'SNAPSHOT_INVALID' && error.code !== 'SNAPSHOT_CAPACITY') return error;
  try {
    while (cursor.advance()) {
      // Only the last record counts, and the sum of those before it.
    }
    cursor.checkEnd();
    return error;
  } catch (cause) {
    const { record } = error;
    const what = 'the hash does not match, and the content makes no sense from here on';
    return new SnapshotError('SNAPSHOT_DAMAGED', what, record, { cause });
  }
}

class SnapshotReader {
  readonly #cursor: SnapshotCursor;
  readonly #sink: SnapshotSink;
  readonly #block = new Uint8Array(BLOCK_RECORDS * RECORD_BYTES);
  #blockCount = 0;
  readonly #books = new SnapshotBooks();
  /** Of both assets over all accounts but the supply account. */
  #base = 0n;
  #quote = 0n;
  #supply = { base: 0n, quote: 0n };
  #sessions = 0;
  #results = new ResultPlaces(0);

  constructor(cursor: SnapshotCursor, sink: SnapshotSink) {
    this.#cursor = cursor;
    this.#sink = sink;
  }

  read(): SnapshotHeader {
    const cursor = this.#cursor;
    if (!cursor.advance()) throw new SnapshotError('SNAPSHOT_CUT', 'it is empty', undefined);
    if (cursor.kind !== SnapshotKind.HEADER) {
      cursor.fail('SNAPSHOT_VERSION', 'it is not the header of a snapshot');
    }
    const header = readHeader(cursor);
    this.#checkUnnamed(SnapshotKind.HEADER);
    this.#sink.begin(header);
    this.#results = new ResultPlaces(header.capacity.resultCapacity);
    this.#take();
    this.#expect(SnapshotKind.MARKET);
    const market = readMarket(cursor);
    this.#take();
    this.#expect(SnapshotKind.LIMITS);
    checkLimits(cursor, header);
    this.#take();
    this.#readTiers(market);
    for (let last = -1; cursor.kind === SnapshotKind.ACCOUNT; ) {
      last = this.#readAccount(header, market, last);
    }
    this.#expect(SnapshotKind.END);
    cursor.checkEnd();
    this.#checkTotals(header);
    if (cursor.advance()) cursor.fail('SNAPSHOT_DAMAGED', 'it follows the END');
    this.#flush();
    return header;
  }

  /** Fails unless the present record is of a kind, and is zero where it says nothing. */
  #expect(kind: SnapshotKind): void {
    const cursor = this.#cursor;
    if (cursor.kind !== kind) {
      const found = `it is of ${nameOf(cursor.kind)} where ${nameOf(kind)} is expected`;
      cursor.fail('SNAPSHOT_INVALID', found);
    }
    this.#checkUnnamed(kind);
  }

  #checkUnnamed(kind: SnapshotKind): void {
    const { record } = this.#cursor;
    for (const [from, to] of UNNAMED_BYTES[kind]) {
      for (let at = from; at < to; at += 1) {
        if (record[at] !== 0) this.#cursor.fail('SNAPSHOT_INVALID', `its byte ${at} is not zero`);
      }
    }
  }

  /** Hands the present record on and goes to the next, which there must be. */
  #take(): void {
    this.#put(this.#cursor.record);
    this.#advance();
  }

  #advance(): void {
    const cursor = this.#cursor;
    if (cursor.advance()) return;
    throw new SnapshotError('SNAPSHOT_CUT', 'it ends without an END', cursor.place);
  }

  /** `before` is a record that must be in the same block. */
  #put(record: Uint8Array, before?: Uint8Array): void {
    if (this.#blockCount + (before === undefined ? 1 : 2) > BLOCK_RECORDS) this.#flush();
    for (const each of before === undefined ? [record] : [before, record]) {
      this.#block.set(each, this.#blockCount * RECORD_BYTES);
      this.#blockCount += 1;
    }
  }

  #flush(): void {
    if (this.#blockCount > 0) this.#sink.records(this.#block, this.#blockCount);
    this.#blockCount = 0;
  }

  #readTiers(market: SnapshotMarket): void {
    const tiers = [];
    for (let first = 0; first < FEE_TIERS; first += TIERS_PER_RECORD) {
      this.#expect(SnapshotKind.TIERS);
      tiers.push(...readTiers(this.#cursor, first));
      if (tiers.length === FEE_TIERS) checkTiers(this.#cursor, tiers, market);
      this.#take();
    }
  }

  /** An account with its sessions and orders; gives its number. */
  #readAccount(header: SnapshotHeader, market: SnapshotMarket, last: number): number {
    this.#expect(SnapshotKind.ACCOUNT);
    const account = readAccount(this.#cursor);
    const wrong = whatIsWrongWithAccount(account, last, market, header);
    if (wrong !== undefined) {
      this.#cursor.fail('SNAPSHOT_INVALID', `account ${account.account}: ${wrong}`);
    }
    this.#addBalances(account);
    this.#take();
    for (let index = 0, number = -1; index < account.sessions; index += 1) {
      number = this.#readSession(header, account.account, number);
    }
    this.#readOrders(header, market, account);
    return account.account;
  }

  #addBalances(of: SnapshotAccount): void {
    const base = of.baseAvailable + of.baseHeld;
    const quote = of.quoteAvailable + of.quoteHeld;
    if (of.account === Account.SUPPLY) {
      this.#supply = { base, quote };
    } else {
      this.#base += base;
      this.#quote += quote;
    }
  }

  /** Gives the session's number. */
  #readSession(header: SnapshotHeader, account: number, last: number): number {
    this.#expect(SnapshotKind.SESSION);
    const cursor = this.#cursor;
    this.#sessions += 1;
    const { sessionCapacity } = header.capacity;
    if (this.#sessions > sessionCapacity) {
      const sessions = `it has more sessions than the ${sessionCapacity} of the market`;
      cursor.fail('SNAPSHOT_CAPACITY', sessions);
    }
    const session = readSession(cursor);
    const name = `session ${session.session} of account ${account}`;
    const wrong = whatIsWrongWithSession(session, last, header);
    if (wrong !== undefined) cursor.fail('SNAPSHOT_INVALID', `${name}: ${wrong}`);
    this.#take();
    let before: SnapshotResult = { requestId: 0n, sequence: session.sequenceBefore, code: 0 };
    let digest = 0n;
    for (let left = session.results; left > 0; ) {
      this.#expect(SnapshotKind.RESULTS);
      const results = readResults(cursor, name, left, before, header);
      before = results.at(-1) ?? before;
      for (const result of results) {
        this.#results.claim(cursor, name, result.sequence);
        digest += resultDigest(result);
      }
      left -= results.length;
      const { requestId, sequence } = before;
      const isLast = requestId === session.lastId && sequence === session.lastSequence;
      if (left === 0 && !isLast) {
        const ids = `its last request is ${requestId}, it says ${session.lastId}`;
        cursor.fail('SNAPSHOT_INVALID', `${name}: ${ids}`);
      }
      if (left === 0) checkDigest(cursor, name, session, digest);
      this.#take();
    }
    return session.session;
  }

  #readOrders(header: SnapshotHeader, market: SnapshotMarket, of: SnapshotAccount): void {
    const names = new Set<bigint>();
    let [last, baseHeld, quoteHeld] = [0n, 0n, 0n];
    for (let index = 0; index < of.orders; index += 1) {
      const order = this.#readOrder(header, market, last, names);
      names.add(order.clientOrderId);
      last = order.orderId;
      const held = heldBy(order, market.maxFeePpm);
      if (order.side === Side.BUY) quoteHeld += held;
      else baseHeld += held;
    }
    if (baseHeld === of.baseHeld && quoteHeld === of.quoteHeld) return;
    const orders = `its orders hold ${baseHeld} base and ${quoteHeld} quote`;
    const says = `it says ${of.baseHeld} and ${of.quoteHeld}`;
    this.#cursor.fail('SNAPSHOT_INVALID', `account ${of.account}: ${orders}, ${says}`);
  }

  /** An order, with its TERMS where it has any; `last` and `names` are those of its account. */
  #readOrder(
    header: SnapshotHeader,
    { arrivals }: SnapshotMarket,
    last: bigint,
    names: ReadonlySet<bigint>,
  ): SnapshotOrder {
    this.#expect(SnapshotKind.ORDER);
    const cursor = this.#cursor;
    const { place } = cursor;
    const order = readOrder(cursor);
    const fail = (what: string): never => {
      throw new SnapshotError('SNAPSHOT_INVALID', `order ${order.orderId}: ${what}`, place);
    };
    if (order.orderId <= last) fail(`it comes after order ${last}`);
    if (order.orderId > header.sequence) fail(`the last sequence is ${header.sequence}`);
    if (order.priority < 1n || order.priority > arrivals) fail(`its priority is ${order.priority}`);
    if (names.has(order.clientOrderId)) fail(`its name ${order.clientOrderId} comes twice`);
    const record = cursor.record.slice();
    this.#advance();
    const terms = this.#readTerms();
    const wrong = whatIsWrong(order, terms);
    if (wrong !== undefined) fail(wrong);
    if (terms === NO_TERMS) {
      this.#put(record);
    } else {
      this.#put(cursor.record, record);
      this.#advance();
    }
    this.#books.add(order, terms);
    return order;
  }

  #readTerms(): SnapshotTerms {
    const { kind, view } = this.#cursor;
    if (kind !== SnapshotKind.TERMS) return NO_TERMS;
    this.#expect(SnapshotKind.TERMS);
    const displaySize = view.getBigUint64(TermsOffset.DISPLAY_SIZE, true);
    const stopPrice = view.getBigUint64(TermsOffset.STOP_PRICE, true);
    if (displaySize === 0n && stopPrice === 0n) {
      this.#cursor.fail('SNAPSHOT_INVALID', 'TERMS without terms');
    }
    return { displaySize, stopPrice };
  }

  #checkTotals(header: SnapshotHeader): void {
    this.#books.check(this.#cursor, header);
    const { base, quote } = this.#supply;
    if (base === this.#base && quote === this.#quote) return;
    const accounts = `accounts have ${this.#base} base and ${this.#quote} quote`;
    const supply = `the supply is ${base} and ${quote}`;
    this.#cursor.fail('SNAPSHOT_INVALID', `${accounts}, ${supply}`);
  }
}
