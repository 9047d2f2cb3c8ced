/** False witnesses of the batch circuits, by the group of constraints that has to stop them. */
import { at, inverse, scalarOrder } from '../builder/field.ts';
import { type Attack, inGroups, several, sole } from './attack.ts';
import {
  batchAccumulator,
  batchInstance,
  type Instance,
  kinds,
  paddingRow,
  type Row,
  type Values,
} from './model.ts';
import { challenge, place, sampleRows } from './samples.ts';
import type { Input } from './traces.ts';

// Rows of the sample: 0 base deposit, 1 quote deposit, 2 trade (5 sells 20 to 7 at 10), 3 fee,
// 4 rebate, 5 base withdrawal, 6 quote withdrawal, 7 trade; 8 and up padding.
const fieldNames = ['kind', 'a', 'b', 'price', 'dBase', 'dQuote'] as const;
const { trade, fee } = kinds;
const active = (j: number): string => `main.prefix.active[${j}]`;
const smallTrade: Row = { kind: trade, a: 5n, b: 7n, price: 1n, dBase: 1n, dQuote: 1n };

/** The sample as a batch of `size` rows. */
export function honestBatch(size: number): Instance {
  return batchInstance(size, sampleRows, place, challenge);
}

/** Attacks on the batch circuit of `size` rows, which start from the sample. */
export function batchAttacks(size: number): Attack[] {
  const { input: honest, publicSignals } = honestBatch(size);
  /** The sample with fields of some rows changed and, where given, another count. */
  const rows = (changes: Readonly<Record<number, Partial<Row>>>, count?: bigint): Input => {
    const all = Array.from({ length: size }, (_, j) => ({
      ...(sampleRows[j] ?? paddingRow),
      ...changes[j],
    }));
    const columns = fieldNames.map((name): [string, Values] => [name, all.map((row) => row[name])]);
    const input = { ...honest, ...Object.fromEntries(columns) };
    return count === undefined ? input : { ...input, count };
  };
  /** Other records under the public signals of the sample. */
  const published = (name: string, records: readonly Row[], count?: bigint): Attack => {
    const [digest = 0n, acc = 0n] = publicSignals;
    const forged = batchAccumulator(records, challenge) === acc ? {} : { 'main.acc': acc };
    return several(name, rows(records.concat(new Array<Row>(size).fill(paddingRow)), count), {
      'main.digest': digest,
      ...forged,
    });
  };
  const all = [...sampleRows];
  const [deposit, credit, sale] = [at(all, 0), at(all, 1), at(all, 2)];
  return inGroups({
    count: [
      several('count one too high', rows({}, 9n), { [active(8)]: 0n }),
      several('count one too low', rows({}, 7n), { [active(7)]: 1n }),
      several('count zero', rows({}, 0n), { [active(0)]: 1n }),
      several('count zero, no row active', rows({ 0: paddingRow }, 0n)),
      several('count above the size', rows({}, BigInt(size + 1))),
      sole('a gap in the active rows', rows({ 3: paddingRow, 8: smallTrade }), {
        [active(3)]: 0n,
        [active(8)]: 1n,
      }),
      several('an activity of two', rows({}, 9n), { [active(7)]: 2n }),
    ],
    padding: [
      several('a record after the count', rows({ 9: smallTrade })),
      several('an active row of padding', rows({}, 9n)),
      several('padding with a kind', rows({ 9: { kind: fee } })),
      sole('padding with an account a', rows({ 9: { a: 5n } })),
      sole('padding with an account b', rows({ 9: { b: 5n } })),
      sole('padding with a price', rows({ 9: { price: 5n } })),
      several('padding that moves base', rows({ 9: { dBase: 5n } })),
      sole('padding that moves quote', rows({ 9: { dQuote: 5n } })),
      several('padding that moves quote from 7 to 5', rows({ 9: { a: 5n, b: 7n, dQuote: 5n } })),
    ],
    kinds: [
      several('kind eight', rows({ 2: { kind: 8n } })),
      several('kind zero in an active row', rows({ 2: { kind: 0n } })),
      several('a trade that calls itself a fee', rows({ 2: { kind: fee } }), {
        'main.rows[2].is[1]': 1n,
        'main.rows[2].is[2]': 0n,
      }),
      several('two kinds at once', rows({ 2: { kind: 3n } }), {
        'main.rows[2].is[1]': 1n,
        'main.rows[2].is[2]': 1n,
        'main.rows[2].is[3]': 0n,
      }),
      several('kind flags that are not 0 or 1', rows({ 2: { kind: 3n } }), {
        'main.rows[2].is[1]': 2n,
        'main.rows[2].is[3]': scalarOrder - 1n,
        'main.rows[2].is[4]': 1n,
      }),
    ],
    sides: [
      sole('a fee between users', rows({ 3: { a: 5n } })),
      sole('a fee to the supply', rows({ 3: { a: 0n } })),
      sole('a fee paid by the fee account', rows({ 3: { b: 1n } })),
      sole('a fee paid by the supply', rows({ 3: { b: 0n } })),
      sole('a rebate from a user', rows({ 4: { b: 7n } })),
      sole('a rebate to the supply', rows({ 4: { a: 0n } })),
      sole('a trade that sells from the supply', rows({ 2: { a: 0n } })),
      sole('a trade that buys with the supply', rows({ 2: { b: 0n } })),
      sole('a trade with the fee account', rows({ 2: { a: 1n } })),
      sole('a base deposit from a user', rows({ 0: { a: 7n } })),
      sole('a base deposit to the fee account', rows({ 0: { b: 1n } })),
      sole('a quote deposit from a user', rows({ 1: { b: 5n } })),
      sole('a base withdrawal to a user', rows({ 5: { b: 5n } })),
      sole('a base withdrawal of the fee account', rows({ 5: { a: 1n } })),
      sole('a quote withdrawal to a user', rows({ 6: { a: 7n } })),
      sole('account 2^24', rows({ 2: { a: 2n ** 24n } })),
      sole('account 2^24 + 7', rows({ 2: { b: 2n ** 24n + 7n } })),
      sole('a bit of an account that is two', rows({ 2: { a: 6n } }), {
        'main.rows[2].aBits.out[0]': 2n,
        'main.rows[2].aBits.out[1]': 0n,
        'main.rows[2].aIsUser.inverse': inverse(2n),
      }),
    ],
    'amounts by kind': [
      sole('a base deposit with a quote amount', rows({ 0: { dQuote: 1n } })),
      sole('a quote deposit with a base amount', rows({ 1: { dBase: 1n } })),
      sole('a fee in base', rows({ 3: { dBase: 1n } })),
      sole('a rebate in base', rows({ 4: { dBase: 1n } })),
      sole('a base withdrawal with a quote amount', rows({ 5: { dQuote: 1n } })),
      sole('a quote withdrawal with a base amount', rows({ 6: { dBase: 1n } })),
      sole('a fee with a price', rows({ 3: { price: 1n } })),
      sole('a deposit with a price', rows({ 0: { price: 1n } })),
    ],
    ranges: [
      sole('base of 2^63', rows({ 0: { dBase: 2n ** 63n } })),
      sole('quote of 2^63', rows({ 1: { dQuote: 2n ** 63n } })),
      sole('a negative withdrawal', rows({ 6: { dQuote: scalarOrder - 9n } })),
      sole('a negative fee', rows({ 3: { dQuote: scalarOrder - 3n } })),
      sole('a trade of 2^48', rows({ 2: { price: 1n, dBase: 2n ** 48n, dQuote: 2n ** 48n } })),
      sole('a trade at 2^36', rows({ 2: { price: 2n ** 36n, dBase: 1n, dQuote: 2n ** 36n } })),
      sole(
        'a trade worth 2^63',
        rows({ 2: { price: 2n ** 32n, dBase: 2n ** 31n, dQuote: 2n ** 63n } }),
      ),
    ],
    product: [
      sole('quote one above price x base', rows({ 2: { dQuote: 201n } })),
      sole('quote one below price x base', rows({ 2: { dQuote: 199n } })),
      sole('a trade for nothing', rows({ 2: { price: 0n, dQuote: 0n } })),
      sole('a trade of nothing', rows({ 2: { dBase: 0n, dQuote: 0n } })),
      sole(
        'a price that is right only in the field',
        rows({ 2: { price: 201n * inverse(20n), dQuote: 201n } }),
      ),
      sole(
        'a base that is right only in the field',
        rows({ 2: { dBase: 201n * inverse(10n), dQuote: 201n } }),
      ),
      sole('another product in the circuit', rows({ 2: { dQuote: 201n } }), {
        'main.rows[2].notional': 201n,
      }),
    ],
    'accumulator and digest': [
      sole('a pole of zero', honest, { 'main.rows[2].aPole.out': 0n }),
      sole('a pole of another account', honest, {
        'main.rows[2].bPole.out': inverse(challenge.x - 6n),
      }),
      several('a challenge that is an account', { ...honest, x: 5n }),
      sole('another share of the quote', honest, { 'main.rows[2].quotePart': 0n }),
      sole('another term', honest, { 'main.rows[2].term': 0n }),
      sole('another sum', honest, { 'main.acc': 1n }),
      several('another word in the digest', honest, { 'main.rows[2].word': 1n }),
      sole('another digest', honest, { 'main.digest': 1n }),
      several('another initial state', honest, { 'main.sponge.permutation[0].inputs[0]': 1n }),
    ],
    'other records, same public signals': [
      published('records reordered', [credit, deposit, ...all.slice(2)]),
      published('a record dropped', [...all.slice(0, 6), at(all, 7)], BigInt(all.length - 1)),
      published('a record dropped, its count kept', [...all.slice(0, 6), at(all, 7)]),
      published('a record twice', [...all, at(all, 3)], BigInt(all.length + 1)),
      published('a record twice, its count kept', [...all, at(all, 3)]),
      published('a trade at another price', [
        ...all.slice(0, 2),
        { ...sale, price: 11n, dQuote: 220n },
        ...all.slice(3),
      ]),
      published('a trade of the same value at another price', [
        ...all.slice(0, 2),
        { ...sale, price: 20n, dBase: 10n },
        ...all.slice(3),
      ]),
      published('a trade the other way round', [
        ...all.slice(0, 2),
        { ...sale, a: sale.b, b: sale.a },
        ...all.slice(3),
      ]),
    ],
    'bits with another value': bitAttacks(honest),
  });
}

/** Widths of a row's ranges, by component. */
const ranges = { aBits: 24, bBits: 24, quantityBits: 48, amountBits: 63, priceBits: 36 };

/** In the trade of the sample each bit by itself raised by two, the next lowered by one for it. */
function bitAttacks(honest: Input): Attack[] {
  const { a, b, price, dBase, dQuote } = at(sampleRows, 2);
  const values = { aBits: a, bBits: b, quantityBits: dBase, amountBits: dQuote, priceBits: price };
  return (Object.keys(ranges) as (keyof typeof ranges)[]).flatMap((name) =>
    Array.from({ length: ranges[name] - 1 }, (_, i) => {
      const bit = (j: number): bigint => (values[name] >> BigInt(j)) & 1n;
      return several(`bit ${i} of ${name} plus two`, honest, {
        [`main.rows[2].${name}.out[${i}]`]: bit(i) + 2n,
        [`main.rows[2].${name}.out[${i + 1}]`]: bit(i + 1) - 1n,
      });
    }),
  );
}
