import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as big from '../testing/big-field.ts';
import { Kernel } from './kernel.ts';
import { readKernelModule } from './module-node.ts';

const kernel = new Kernel(await readKernelModule());
const { exports, arena } = kernel;
const p = Number(big.P);

const value = fc.oneof(fc.constantFrom(0, 0, 1, p - 1), fc.nat(p - 1));
const columns = (n: number, count: number) =>
  fc.array(value, { minLength: n * count, maxLength: n * count });
const heights = fc.constantFrom(16, 64, 128);

function place(values: readonly number[]): number {
  const address = arena.take(4 * values.length);
  arena.words(address, values.length).set(values);
  exports.enterColumn(address, address, Math.ceil(values.length / 4) * 4);
  return address;
}

function read(address: number, count: number): bigint[] {
  exports.leaveColumn(address, address, count);
  return Array.from(arena.words(address, count), BigInt);
}

const rowsOf = (values: readonly number[], n: number): bigint[][] =>
  Array.from({ length: n }, (_, i) => [0, 1, 2, 3, 4].map((j) => BigInt(values[j * n + i] ?? 0)));
const columnsOf = (rows: readonly (readonly bigint[])[]): bigint[] =>
  [0, 1, 2, 3, 4].flatMap((j) => rows.map((row) => row[j] ?? 0n));

test('base columns; zeros stay', () => {
  const cases = heights.chain((n) => columns(n, 1));
  fc.assert(
    fc.property(cases, (values) => {
      const { mark } = arena;
      const column = place(values);
      exports.invertColumn(column, values.length, arena.take(4 * values.length));
      assert.deepEqual(read(column, values.length), values.map(BigInt).map(big.inverse));
      arena.release(mark);
    }),
  );
});

test('extension columns; zeros stay', () => {
  const cases = heights.chain((n) => fc.tuple(fc.constant(n), columns(n, 5), fc.nat(n - 1)));
  fc.assert(
    fc.property(cases, ([n, values, zero]) => {
      const { mark } = arena;
      const given = values.map((one, index) => (index % n === zero ? 0 : one));
      const address = place(given);
      exports.invertExtension(address, n, arena.take(8 * n));
      const found = rowsOf(read(address, 5 * n).map(Number), n);
      rowsOf(given, n).forEach((row, i) => {
        const isZero = row.every((coordinate) => coordinate === 0n);
        const unit = isZero ? [0n, 0n, 0n, 0n, 0n] : [1n, 0n, 0n, 0n, 0n];
        assert.deepEqual(big.multiply(row, found[i] ?? []), unit, `row ${i}`);
        if (isZero) assert.deepEqual(found[i], unit);
      });
      arena.release(mark);
    }),
    { numRuns: 50 },
  );
});

test('differences of base elements to one of the extension', () => {
  const point = fc.array(value, { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(columns(64, 1), fc.oneof(point, fc.tuple(value)), (xs, z) => {
      const { mark } = arena;
      // A point of the base field is one of the column's, too: its difference is 0.
      const column = xs.with(7, z[0] ?? 0);
      const whole = [...z, 0, 0, 0, 0].slice(0, 5);
      const [x, words] = [place(column), place([...whole, 0, 0, 0])];
      const [target, scratch] = [arena.take(4 * 5 * 64), arena.take(8 * 64)];
      exports.invertDifferences(target, x, 64, words, scratch);
      const wanted = column.map((one) =>
        big.inverseExtension(
          whole.map((coordinate, j) => big.modulo(BigInt((j === 0 ? one : 0) - coordinate))),
        ),
      );
      assert.deepEqual(read(target, 5 * 64), columnsOf(wanted));
      arena.release(mark);
    }),
    { numRuns: 12 },
  );
});
