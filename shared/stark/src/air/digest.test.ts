/** The tables as SPEC.md section 8 counts them, and their digest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { airDigest, airText } from './digest.ts';
import { TABLES } from './tables.ts';

/** What verifiers know. It changes with the statement, and then proofs of before are refused. */
const DIGEST = '69ee3e7bbe852ecc5749cd03a807283519b9eb5ba1adf305197d559d97bf4850';

test('the AIR digest is the one that verifiers know', () => {
  assert.equal(Buffer.from(airDigest()).toString('hex'), DIGEST);
});

test('columns, constraints and fractions are as many as the specification says', () => {
  const counts = TABLES.map(({ groups, sums, constraints, fractions }) => ({
    columns: groups.map(({ tree, columns }) => `${tree} ${columns.length}`).join(', '),
    sums: sums.length,
    constraints: constraints.length,
    fractions,
  }));
  assert.deepEqual(counts, [
    { columns: 'records 28, witness 15', sums: 12, constraints: 67, fractions: 21 },
    { columns: 'after 18, witness 102', sums: 14, constraints: 161, fractions: 26 },
    { columns: 'before 18', sums: 1, constraints: 1, fractions: 1 },
  ]);
});

test('no constraint is of a degree above 3, and names are unique', () => {
  for (const { constraints } of TABLES) {
    const degrees = constraints.map(({ expression }) => expression.degree);
    assert.ok(degrees.every((degree) => degree >= 1 && degree <= 3));
    assert.equal(new Set(constraints.map(({ name }) => name)).size, constraints.length);
  }
});

test('columns that are read in the next row', () => {
  const next = TABLES.map(({ columns, sums, next: read }) =>
    [...read.columns.map((index) => columns[index]), ...read.sums.map((index) => sums[index])].join(
      ' ',
    ),
  );
  assert.deepEqual(next, ['k1 k2 k3 k4 k5 k6 k7 index t S', 'real id fee supply S', 'S']);
});

test('the text of the tables says every constraint by nodes that stand before', () => {
  const lines = airText(TABLES).split('\n');
  assert.equal(lines[0], 'foldbook/stark/air/v1');
  let nodes = 0;
  for (const line of lines) {
    if (line.startsWith('table ')) nodes = 0;
    if (/^[0-9]/.test(line)) {
      const [number, operation = '', ...parts] = line.split(' ');
      assert.equal(Number(number), nodes++);
      if (!['add', 'sub', 'mul', 'neg', 'pair'].includes(operation)) continue;
      assert.ok(
        parts.every((part) => Number(part) < Number(number)),
        line,
      );
    }
    const [, node] = line.match(/^constraint ([0-9]+) /) ?? [];
    if (node !== undefined) assert.ok(Number(node) < nodes);
  }
});
