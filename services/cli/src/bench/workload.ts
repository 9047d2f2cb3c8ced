/**
 * Workload files: a header with what a right book ends up with, then records.
 *
 * ```
 * header  +0    +4       +8       +12      +16    +20        +24      +28
 *         magic version  prefill  commands books  finalLive  bestBid  bestAsk
 *         +32     +40       +48            +52         +56    +60
 *         trades  quantity  tradeChecksum  l2Checksum  maxId  rejects
 * record  +0    +1    +2    +4  +8     +12
 *         type  side  book  id  price  quantity
 * ```
 * Little-endian; trades and quantity are u64, bestBid, bestAsk and price i32. The first `prefill`
 * records fill the book and are not timed; `commands` follow.
 *
 * The checksums are sums modulo 2^32. Trades: 3 x maker id + 5 x taker id + 7 x price + 11 x
 * quantity each; the books: 31 x price + 17 x quantity + 7 x book + side of each level.
 */
import { viewOf } from '@foldbook/protocol';
import { BenchError } from './bench-error.ts';

export const WORKLOAD_HEADER_BYTES = 64;
export const WORKLOAD_RECORD_BYTES = 16;
/** "LOBW". */
const MAGIC = 0x57424f4c;
const VERSION = 1;
/** Prices are ticks from 1 to this less one. */
export const PRICE_LIMIT = 65_536;
/** Best prices of sides that are empty. */
export const NO_BID = -1;
export const NO_ASK = PRICE_LIMIT;
const MAX_RECORDS = 20_000_000;

/** EXECUTE: of a resting order, in the feed of a market; the others there need no matching. */
export const RecordType = { NEW: 0, CANCEL: 1, MODIFY: 2, EXECUTE: 3 } as const;

export const RecordOffset = { TYPE: 0, SIDE: 1, BOOK: 2, ID: 4, PRICE: 8, QUANTITY: 12 } as const;

/** Where a run must end. */
export interface WorkloadOutcome {
  readonly trades: number;
  /** Lots of all trades. */
  readonly quantity: number;
  readonly tradeChecksum: number;
  readonly l2Checksum: number;
  readonly openOrders: number;
  readonly bestBid: number;
  readonly bestAsk: number;
  readonly rejects: number;
}

/** Commands for an engine, or what a feed says of a market: it has executions and many books. */
export type WorkloadKind = 'match' | 'mbo';

const KINDS = {
  match: { mostBooks: 1, lastType: RecordType.MODIFY, holds: 'new, cancel and modify' },
  mbo: {
    mostBooks: 65_536,
    lastType: RecordType.EXECUTE,
    holds: 'new, cancel, modify and execute',
  },
} as const;

export interface Workload {
  /** Records before the clock starts. */
  readonly prefill: number;
  /** Records that are timed. */
  readonly commands: number;
  readonly books: number;
  readonly maxId: number;
  readonly expected: WorkloadOutcome;
  /** Of the records. */
  readonly records: DataView;
}

/**
 * Checks the header and every record.
 * @param name - of the file, for messages
 * @throws BenchError WORKLOAD_DAMAGED or WORKLOAD_UNSUPPORTED
 */
export function parseWorkload(
  bytes: Uint8Array,
  name: string,
  kind: WorkloadKind = 'match',
): Workload {
  const view = viewOf(bytes);
  if (view.byteLength < WORKLOAD_HEADER_BYTES || view.getUint32(0, true) !== MAGIC) {
    throw damaged(name, 'it does not start with "LOBW": name a file written for this benchmark');
  }
  const version = view.getUint32(4, true);
  if (version !== VERSION) {
    throw new BenchError(
      'WORKLOAD_UNSUPPORTED',
      `${name} has version ${version}; only version ${VERSION} is known`,
    );
  }
  const prefill = view.getUint32(8, true);
  const commands = view.getUint32(12, true);
  const count = prefill + commands;
  const expectedBytes = WORKLOAD_HEADER_BYTES + count * WORKLOAD_RECORD_BYTES;
  if (count > MAX_RECORDS || commands === 0) {
    throw damaged(name, `it says ${prefill} + ${commands} records: write it again`);
  }
  if (bytes.byteLength !== expectedBytes) {
    const found = `${bytes.byteLength} bytes long, but ${count} records need ${expectedBytes}`;
    throw damaged(name, `it is ${found}: write it again`);
  }
  const books = view.getUint32(16, true);
  const { mostBooks } = KINDS[kind];
  if (books < 1 || books > mostBooks) {
    const words = `${name} has ${books} books; this benchmark's have 1 to ${mostBooks}`;
    throw new BenchError('WORKLOAD_UNSUPPORTED', words);
  }
  const records = viewOf(bytes.subarray(WORKLOAD_HEADER_BYTES));
  const maxId = view.getUint32(56, true);
  checkRecords(records, { kind, books, maxId }, name);
  const expected = {
    trades: Number(view.getBigUint64(32, true)),
    quantity: Number(view.getBigUint64(40, true)),
    tradeChecksum: view.getUint32(48, true),
    l2Checksum: view.getUint32(52, true),
    openOrders: view.getUint32(20, true),
    bestBid: view.getInt32(24, true),
    bestAsk: view.getInt32(28, true),
    rejects: view.getUint32(60, true),
  };
  return { prefill, commands, books, maxId, expected, records };
}

function checkRecords(
  records: DataView,
  allowed: { readonly kind: WorkloadKind; readonly books: number; readonly maxId: number },
  name: string,
): void {
  const { books, maxId } = allowed;
  const { lastType, holds } = KINDS[allowed.kind];
  for (let at = 0; at < records.byteLength; at += WORKLOAD_RECORD_BYTES) {
    const type = records.getUint8(at + RecordOffset.TYPE);
    const wrong = (what: string) =>
      damaged(name, `record ${at / WORKLOAD_RECORD_BYTES} has ${what}: write it again`);
    if (type > lastType) {
      const words = `${name} holds records of type ${type}; this benchmark's have ${holds}`;
      throw new BenchError('WORKLOAD_UNSUPPORTED', words);
    }
    const book = records.getUint16(at + RecordOffset.BOOK, true);
    if (book >= books) throw wrong(`book ${book} of ${books}`);
    const id = records.getUint32(at + RecordOffset.ID, true);
    if (id === 0 || id > maxId) throw wrong(`order id ${id}, not 1 to ${maxId}`);
    const side = records.getUint8(at + RecordOffset.SIDE);
    if (side > 1) throw wrong(`side ${side}`);
    const price = records.getInt32(at + RecordOffset.PRICE, true);
    if (price < 1 || price >= PRICE_LIMIT) throw wrong(`price ${price}`);
    if (records.getUint32(at + RecordOffset.QUANTITY, true) === 0) throw wrong('quantity 0');
  }
}

const damaged = (name: string, words: string) =>
  new BenchError('WORKLOAD_DAMAGED', `${name} can't be played: ${words}`);

/** Writes the header of a file; `bytes` holds the records already. */
export function writeWorkloadHeader(bytes: Uint8Array, workload: Omit<Workload, 'records'>): void {
  const { expected } = workload;
  const view = viewOf(bytes);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, workload.prefill, true);
  view.setUint32(12, workload.commands, true);
  view.setUint32(16, workload.books, true);
  view.setUint32(20, expected.openOrders, true);
  view.setInt32(24, expected.bestBid, true);
  view.setInt32(28, expected.bestAsk, true);
  view.setBigUint64(32, BigInt(expected.trades), true);
  view.setBigUint64(40, BigInt(expected.quantity), true);
  view.setUint32(48, expected.tradeChecksum, true);
  view.setUint32(52, expected.l2Checksum, true);
  view.setUint32(56, workload.maxId, true);
  view.setUint32(60, expected.rejects, true);
}
