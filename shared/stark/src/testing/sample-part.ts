/** Records and accounts for tests, from a seed: every kind, large and small amounts. */
import { PRIME } from '../field/base.ts';
import type { Extension } from '../field/extension.ts';
import { type AccountTable, genesisAccounts } from '../trace/account-table.ts';
import type { SettlementRecord } from '../trace/settlement-record.ts';

/** Numbers below 2^32 that look random (xorshift). */
export function randomWords(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

export function randomExtension(random: () => number): Extension {
  const next = (): number => random() % PRIME;
  return [next(), next(), next(), next(), next()];
}

const record = (
  kind: number,
  a: number,
  b: number,
  dBase: bigint,
  dQuote: bigint,
  price = 0n,
): SettlementRecord => ({ kind, a, b, price, dBase, dQuote });

const LARGEST = 2n ** 63n - 1n;

/** Records of all kinds that leave every balance in its range, from the accounts below on. */
export function sampleRecords(seed = 1): SettlementRecord[] {
  const random = randomWords(seed);
  const [seller, buyer, other] = [2, 5000, 2 ** 24 - 1];
  const records = [
    record(4, 0, seller, 2n ** 62n + 12_345_678_901n, 0n),
    record(5, buyer, 0, 0n, LARGEST - 2n ** 61n),
    record(4, 0, other, 4095n + 4096n * 4095n, 0n),
    // The largest carries there are: price and base have as many ones as the product allows.
    record(1, seller, buyer, 2n ** 27n - 1n, (2n ** 27n - 1n) * (2n ** 35n - 1n), 2n ** 35n - 1n),
    record(1, seller, buyer, 2n ** 48n - 1n, 8191n * (2n ** 48n - 1n), 8191n),
    record(1, seller, seller, 7n, 77n, 11n),
    record(2, 1, buyer, 0n, 123_456_789_012n),
    record(3, seller, 1, 0n, 23_456_789_012n),
    record(2, 1, seller, 0n, 0n),
    record(6, seller, 0, 987_654_321n, 0n),
    record(7, 0, buyer, 0n, 2n ** 40n + 1n),
  ];
  for (let trade = 0; trade < 40; trade++) {
    const [price, base] = [BigInt(random() % 100_000) + 1n, BigInt(random() % 100_000) + 1n];
    const user = 10 + (random() % 20);
    records.push(
      record(5, user, 0, 0n, price * base),
      record(1, seller, user, base, price * base, price),
    );
  }
  return records;
}

/** Accounts that were there before: some that the records move, some that they do not name. */
export function sampleAccounts(): AccountTable {
  const { ids, base, quote } = genesisAccounts();
  return {
    ids: Uint32Array.of(...ids, 2, 3, 5000, 70_000),
    base: BigUint64Array.of(...base.map(() => 2n ** 60n), 3n, 2n ** 60n - 4n, 0n, 1n),
    quote: BigUint64Array.of(...quote.map(() => 4095n), 95n, 0n, 4000n, 0n),
  };
}
