import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at } from './field.ts';
import { MODULUS, wideMinus } from './numbers.ts';
import { SAMPLE_RECORDS, sampleTrace } from './sample-part.ts';
import { type Trace, traceOf } from './trace.ts';
import { faultOf, LOOKUP_SUM, rowCheck } from './trace-check.ts';

const COUNT = SAMPLE_RECORDS.length;

test('the sample satisfies every constraint, and its lookups add up', () => {
  const trace = sampleTrace();
  assert.equal(faultOf(trace, COUNT), undefined);
  assert.deepEqual(
    trace.accountsAfter.map(({ id }) => id),
    [0, 1, 2, 3, 4, 5, 16_777_215],
  );
});

/** Cells whose value says nothing where it stands: constraints leave them to the prover. */
function isFree(trace: Trace, table: number, column: number, row: number): boolean {
  if (table === 0) return column === 39 && at(at(trace.records.columns, 0), row) === 0;
  // The proof that ended with the table has shown that its padding is zero.
  if (table === 2) return at(at(trace.before.columns, 0), row) === 0;
  const isCarryBit = column >= 50 && (column - 50) % 7 !== 0;
  return isCarryBit && at(at(trace.after.columns, 0), row) === 0;
}

/** True if a cell's change breaks a constraint there or in the row above, or moves the sums. */
function isCaught(trace: Trace, table: number, row: number, column: number, value: number) {
  const cell = at(at([trace.records, trace.after, trace.before], table).columns, column);
  const old = at(cell, row);
  const honest = rowCheck(trace, table, row, COUNT).sum;
  cell[row] = value;
  const changed = rowCheck(trace, table, row, COUNT);
  const above = rowCheck(trace, table, (row + cell.length - 1) % cell.length, COUNT);
  cell[row] = old;
  const faults = [changed.fault, above.fault].some((fault) => fault !== undefined);
  return faults || wideMinus(changed.sum, honest).some((part) => part !== 0);
}

test('no cell of any table can be changed alone', () => {
  const trace = sampleTrace();
  const tables = [trace.records, trace.after, trace.before];
  const free: string[] = [];
  tables.forEach(({ columns }, table) => {
    const rows = table === 0 ? [0, 3, COUNT - 1, COUNT, 4095] : [0, 1, 2, 6, 7];
    columns.forEach((cells, column) => {
      for (const row of rows) {
        const old = at(cells, row);
        for (const value of [(old + 1) % MODULUS, (old + MODULUS - 1) % MODULUS, 1 - (old % 2)]) {
          if (value === old || isCaught(trace, table, row, column, value)) continue;
          if (!isFree(trace, table, column, row)) free.push(`${table}: ${column} at ${row}`);
        }
      }
    });
  });
  assert.deepEqual(free, []);
});

test('records that are not valid break a constraint', () => {
  const accounts = [
    { id: 0, base: 0n, quote: 0n },
    { id: 1, base: 0n, quote: 0n },
    { id: 2, base: 2n ** 60n, quote: 2n ** 60n },
    { id: 3, base: 2n ** 60n, quote: 2n ** 60n },
  ];
  const trade = { kind: 1, a: 2, b: 3, price: 3n, dBase: 5n, dQuote: 15n };
  const quote = { kind: 2, a: 1, b: 2, price: 0n, dBase: 0n, dQuote: 5n };
  const base = { kind: 4, a: 0, b: 2, price: 0n, dBase: 5n, dQuote: 0n };
  for (const valid of [trade, quote, base]) {
    assert.equal(faultOf(traceOf([valid], accounts), 1), undefined);
  }
  const invalid = [
    { ...trade, dQuote: 16n },
    { ...trade, dQuote: 15n + BigInt(MODULUS) },
    { ...trade, price: 0n, dQuote: 0n },
    { ...trade, dBase: 2n ** 48n, dQuote: 3n * 2n ** 48n },
    { ...trade, a: 1 },
    { ...trade, b: 0 },
    { ...quote, a: 2 },
    { ...quote, price: 1n },
    { ...quote, dBase: 1n },
    { ...quote, b: 1 },
    { ...quote, b: 0 },
    { ...base, dQuote: 1n },
    { ...base, a: 1 },
    { ...base, dBase: 2n ** 63n },
    { ...base, dBase: 2n ** 62n, b: 3, a: 2 },
    { ...quote, dQuote: 2n ** 60n + 1n },
    { ...quote, b: 4, dQuote: 1n },
    { ...base, kind: 6, a: 2, b: 0, dBase: 1n },
  ];
  for (const record of invalid) {
    const fault = faultOf(traceOf([record], accounts), 1);
    assert.notEqual(
      fault,
      undefined,
      JSON.stringify(record, (_, value) => `${value}`),
    );
  }
});

test('a table before that is not the one the accounts come from is seen', () => {
  for (const change of [
    (trace: Trace) => trace.before.put(2, 2, 11n),
    (trace: Trace) => trace.before.put(3, 1, 6n),
    (trace: Trace) => trace.before.put(4, 0, 1n),
    (trace: Trace) => trace.after.put(2, 18, 0n),
  ]) {
    const trace = sampleTrace();
    change(trace);
    assert.equal(faultOf(trace, COUNT), LOOKUP_SUM);
  }
});

test('the count is that of the rows that are on', () => {
  const trace = sampleTrace();
  assert.notEqual(faultOf(trace, COUNT + 1), undefined);
  assert.notEqual(faultOf(trace, COUNT - 1), undefined);
});
