/** Accounts and open orders of a snapshot: as JSON, as they are in memory, and packed. */
import { RECORD_BYTES, Side, viewOf } from '@foldbook/protocol';

/** Kinds of a snapshot's records, and where their fields are: RULES.md, section 10. */
const ACCOUNT = 5;
const RESULTS = 7;
const ORDER = 8;
const TERMS = 9;
/** Of the kernel's own records, without the maps and levels that lead to them. */
const MEMORY_BYTES = { account: 128, order: 64, terms: 64, result: 16 };
const PIECE_RECORDS = 1_022;

export interface MarketState {
  readonly accounts: number;
  readonly orders: number;
  /** Results of requests, which a repeated request is answered from. */
  readonly results: number;
  readonly jsonBytes: number;
  /** Records of accounts, orders and terms. */
  readonly memoryBytes: number;
  readonly resultBytes: number;
  /** These records alone, in pieces as a snapshot has them. */
  readonly pieces: readonly Uint8Array[];
}

export function marketState(snapshot: readonly Uint8Array[]): MarketState {
  const kept: Uint8Array[] = [];
  const counts = { accounts: 0, orders: 0, terms: 0, results: 0 };
  let jsonBytes = 0;
  for (const piece of snapshot) {
    for (let at = 0; at < piece.byteLength; at += RECORD_BYTES) {
      const record = piece.subarray(at, at + RECORD_BYTES);
      if (record[0] === RESULTS) counts.results += record[1] ?? 0;
      const json = jsonOf(record);
      if (json === undefined) continue;
      kept.push(record);
      jsonBytes += json.length + 1;
      if (record[0] === ACCOUNT) counts.accounts += 1;
      else if (record[0] === ORDER) counts.orders += 1;
      else counts.terms += 1;
    }
  }
  const { accounts, orders, terms, results } = counts;
  const { account, order, terms: termsBytes, result } = MEMORY_BYTES;
  return {
    accounts,
    orders,
    results,
    jsonBytes,
    memoryBytes: accounts * account + orders * order + terms * termsBytes,
    resultBytes: results * result,
    pieces: piecesOf(new Uint8Array(Buffer.concat(kept))),
  };
}

function piecesOf(records: Uint8Array): Uint8Array[] {
  const size = PIECE_RECORDS * RECORD_BYTES;
  const count = Math.ceil(records.byteLength / size);
  return Array.from({ length: count }, (_, index) =>
    records.subarray(index * size, (index + 1) * size),
  );
}

/** Sides by their words, and what is zero left out: as short as JSON is with its names. */
function jsonOf(record: Uint8Array): string | undefined {
  const fields = fieldsOf(record);
  if (fields === undefined) return undefined;
  const parts = Object.entries(fields).filter(([, value]) => value !== 0 && value !== 0n);
  return `{${parts.map(([name, value]) => `"${name}":${value}`).join(',')}}`;
}

function fieldsOf(
  record: Uint8Array,
): Readonly<Record<string, bigint | number | string>> | undefined {
  const view = viewOf(record);
  const word = (at: number) => view.getBigUint64(at, true);
  switch (record[0]) {
    case ACCOUNT:
      return {
        account: view.getUint32(4, true),
        tier: view.getUint8(1),
        baseAvailable: word(8),
        baseHeld: word(16),
        quoteAvailable: word(24),
        quoteHeld: word(32),
        deadline: word(40),
      };
    case ORDER:
      return {
        orderId: word(8),
        clientOrderId: word(16),
        side: view.getUint8(1) === Side.BUY ? '"buy"' : '"sell"',
        type: view.getUint8(2),
        timeInForce: view.getUint8(3),
        selfTrade: view.getUint8(4),
        flags: view.getUint8(5),
        price: word(24),
        displayed: word(32),
        hidden: word(40),
        priority: word(48),
        expireTime: view.getUint32(56, true),
      };
    case TERMS:
      return { displaySize: word(8), stopPrice: word(16) };
    default:
      return undefined;
  }
}
