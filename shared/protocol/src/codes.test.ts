import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { describeResult, ResultCode, resultName, resultTable } from './codes.ts';

const pinned: Readonly<Record<string, number>> = JSON.parse(
  readFileSync(new URL('../vectors/codes.json', import.meta.url), 'utf8'),
);

test('numbers are what they have always been', () => {
  assert.deepEqual({ ...ResultCode }, pinned);
});

test('numbers are distinct, in order and of the two ranges', () => {
  const codes = resultTable().map(({ code }) => code);
  assert.equal(new Set(codes).size, codes.length);
  assert.deepEqual(
    codes,
    codes.toSorted((a, b) => a - b),
  );
  assert.equal(codes[0], 0);
  for (const code of codes.slice(1)) assert(code >= 100 && code < 300, String(code));
});

test('edge codes come before the log, engine codes after it', () => {
  const edge = ['MALFORMED', 'ACCOUNT_MISMATCH', 'NOT_PERMITTED', 'BUSY', 'UNKNOWN_MARKET'];
  const engine = ['INVALID_PRICE', 'INSUFFICIENT_FUNDS', 'SUPERSEDED', 'CAPACITY'];
  for (const name of edge) assert.equal(Math.floor((pinned[name] ?? 0) / 100), 1, name);
  for (const name of engine) assert.equal(Math.floor((pinned[name] ?? 0) / 100), 2, name);
});

test('every code but OK says what it means and what to do', () => {
  for (const { name, code, meaning, remedy } of resultTable()) {
    assert.equal(resultName(code), name);
    assert.notEqual(meaning, '');
    assert.equal(remedy === '', name === 'OK');
    assert(describeResult(code).startsWith(`${name} (${code}): ${meaning}`));
  }
  assert.equal(describeResult(0), 'OK (0): done');
  assert.equal(describeResult(202), 'INVALID_SIDE (202): side is not buy or sell; use 0 or 1');
});

test('a code that this version does not know is shown by its number', () => {
  assert.equal(resultName(299), 'CODE_299');
  assert.equal(describeResult(299), 'CODE_299: unknown to this version');
});
