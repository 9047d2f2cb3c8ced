import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ColumnReader, ColumnWriter, unzigzag, unzigzagBig, zigzag, zigzagBig } from './columns.ts';

class Refused extends Error {}

const refuse = (what: string, offset: number): never => {
  throw new Refused(`byte ${offset}: ${what}`);
};

function written(values: readonly bigint[]): Uint8Array {
  const column = new ColumnWriter();
  for (const value of values) column.pushBig(value);
  return column.finish();
}

function read(bytes: Uint8Array, count: number): bigint[] {
  const column = new ColumnReader(bytes, 0, bytes.length, refuse);
  const values = Array.from({ length: count }, () => column.nextBig());
  column.end();
  return values;
}

const edges = [
  1n,
  127n,
  128n,
  2n ** 49n - 1n,
  2n ** 49n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 64n - 1n,
];
const value = fc.oneof(
  fc.constant(0n),
  fc.bigInt(0n, 300n),
  fc.constantFrom(...edges),
  fc.bigInt(0n, 2n ** 64n - 1n),
);

test('a column gives back its values, as numbers and as bigints', () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 400 }), (values) => {
      assert.deepEqual(read(written(values), values.length), values);
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.maxSafeNat()), (values) => {
      const bytes = written(values.map(BigInt));
      const column = new ColumnReader(bytes, 0, bytes.length, refuse);
      assert.deepEqual(
        values.map(() => column.next()),
        values,
      );
    }),
  );
});

test('its bytes are as documented', () => {
  const bytes = written([0n, 0n, 0n, 5n, 300n, 0n, 2n ** 64n - 1n]);
  assert.equal(Buffer.from(bytes).toString('hex'), '000205ac020000ffffffffffffffffff01');
});

test('a list of values has one encoding', () => {
  const anyBytes = fc.array(fc.constantFrom(0, 0, 1, 2, 0x7f, 0x80, 0x81, 0xff), { maxLength: 24 });
  fc.assert(
    fc.property(anyBytes, fc.nat(30), (bytes, count) => {
      let values: bigint[];
      try {
        values = read(Uint8Array.from(bytes), count);
      } catch (error) {
        assert(error instanceof Refused, String(error));
        return;
      }
      assert.deepEqual([...written(values)], bytes);
    }),
    { numRuns: 5_000 },
  );
});

test('what is no column is refused, with the byte and why', () => {
  const bad: [number[], number, RegExp][] = [
    [[], 1, /byte 0: the column ends before its last value/],
    [[0x80], 1, /byte 0: the column ends within a number/],
    [[5, 0x80, 0], 2, /byte 1: a number is longer than it must be/],
    [[0, 0x80, 0], 1, /byte 0: a number is longer than it must be/],
    [[0, 0, 0, 0], 2, /byte 2: a run of zeros follows another one/],
    [[0, 1], 1, /byte 0: 1 more zeros than there are values/],
    [[1, 2], 1, /byte 1: 1 bytes follow/],
    [[0, 0x80, 0x80, 0x80, 0x80, 0x10], 1, /byte 0: a run of 4294967296 zeros/],
    [[...Array(9).fill(0xff), 2], 1, /byte 0: \d+ is not below 2\^64/],
    [Array(11).fill(0xff), 1, /byte 0: a number of more than 10 bytes/],
  ];
  for (const [bytes, count, words] of bad) {
    assert.throws(() => read(Uint8Array.from(bytes), count), words);
  }
});

test('limits are those of the caller', () => {
  const bytes = written([9n, 10n]);
  const column = new ColumnReader(bytes, 0, 2, refuse);
  assert.equal(column.next(10), 9);
  assert.throws(() => column.next(10), /byte 1: 10 is not below 10/);
  const big = new ColumnReader(bytes, 1, 2, refuse);
  assert.throws(() => big.nextBig(10n), /byte 1: 10 is not below 10/);
});

test('zigzag and back', () => {
  assert.deepEqual([0, -1, 1, -2, 2].map(zigzag), [0, 1, 2, 3, 4]);
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (any) => {
      assert.equal(unzigzagBig(zigzagBig(any)), any);
    }),
  );
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 51), max: 2 ** 51 }), (any) => {
      assert.equal(unzigzag(zigzag(any)), any);
    }),
  );
});
