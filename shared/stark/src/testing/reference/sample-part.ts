/** A small part with every kind of record. */
import { type ReferenceAccount, type ReferenceRecord, type Trace, traceOf } from './trace.ts';

const NOTHING = { price: 0n, dBase: 0n, dQuote: 0n };

function trade(a: number, b: number, price: bigint, dBase: bigint): ReferenceRecord {
  return { kind: 1, a, b, price, dBase, dQuote: price * dBase };
}

/** Every kind, trades at the edges of their ranges, a user's trade with itself, new accounts. */
export const SAMPLE_RECORDS: readonly ReferenceRecord[] = [
  { ...NOTHING, kind: 4, a: 0, b: 2, dBase: 2n ** 62n + 12_345_678_901n },
  { ...NOTHING, kind: 5, a: 3, b: 0, dQuote: 2n ** 63n - 1n - 700n },
  { ...NOTHING, kind: 4, a: 0, b: 16_777_215, dBase: 4095n },
  trade(2, 3, 2n ** 12n - 1n, 2n ** 48n - 1n),
  trade(2, 3, 2n ** 24n - 1n, 2n ** 36n - 1n),
  trade(2, 3, 2n ** 36n - 1n, 2n ** 25n),
  { ...NOTHING, kind: 2, a: 1, b: 2, dQuote: 777n },
  { ...NOTHING, kind: 3, a: 5, b: 1, dQuote: 77n },
  { ...NOTHING, kind: 6, a: 2, b: 0, dBase: 555n },
  { ...NOTHING, kind: 7, a: 0, b: 3, dQuote: 5_555n },
  trade(3, 3, 1n, 1n),
  { ...NOTHING, kind: 2, a: 1, b: 5, dQuote: 0n },
];

const SAMPLE_ACCOUNTS: readonly ReferenceAccount[] = [
  { id: 0, base: 10n, quote: 700n },
  { id: 1, base: 0n, quote: 0n },
  { id: 4, base: 10n, quote: 0n },
  { id: 5, base: 0n, quote: 700n },
];

export function sampleTrace(): Trace {
  return traceOf(SAMPLE_RECORDS, SAMPLE_ACCOUNTS);
}
