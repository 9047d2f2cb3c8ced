import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadKernel } from '@foldbook/engine';
import { SettlementKind } from '@foldbook/protocol';
import { STAGES } from '@foldbook/stark';
import { RecordList } from '@foldbook/verifier';
import { benchRows } from '../testing/bench-run.ts';
import { builtInRecords, cutParts } from './settlement-flow.ts';

const NOTHING = { a: 2, b: 3, price: 0n, dBase: 0n, dQuote: 0n };
const kinds = (...all: number[]) => RecordList.from(all.map((kind) => ({ ...NOTHING, kind })));

test('parts end behind a trade with its fees; what fills no part is left', () => {
  const { TRADE, FEE, REBATE } = SettlementKind;
  const records = kinds(TRADE, FEE, REBATE, TRADE, FEE, REBATE, TRADE, FEE, REBATE, TRADE);
  const lengths = (most: number, parts: number) =>
    cutParts(records, most, parts).map(({ length }) => length);
  assert.deepEqual(lengths(5, 9), [3, 3]);
  assert.deepEqual(lengths(6, 9), [6]);
  assert.deepEqual(lengths(3, 2), [3, 3]);
  assert.deepEqual(lengths(20, 9), [10]);
});

test('records of the built-in flow: deposits, trades and fees', async () => {
  const records = builtInRecords(await loadKernel(), 20, 500);
  assert.ok(records.length >= 500);
  const found = new Set([...records].map(({ kind }) => kind));
  const { TRADE, FEE, REBATE, DEPOSIT_BASE, DEPOSIT_QUOTE } = SettlementKind;
  const expected = [TRADE, FEE, REBATE, DEPOSIT_BASE, DEPOSIT_QUOTE];
  assert.deepEqual([...found].sort(), expected.sort());
});

test('bench prove --backend stark: rows, with what the contract names', async () => {
  const [row, two] = await benchRows([
    ...['bench', 'prove', '--backend', 'stark', '--workers', '1,2', '--proofs', '1', '--json'],
    ...['--records', '2000', '--accounts', '20', '--baseline', '0'],
  ]);
  assert.deepEqual([row.circuit, row.backend, row.workers], ['settlement', 'stark', 1]);
  assert.ok(row.securityBits >= 100);
  for (const name of ['recordsPerSec', 'wallPerSec', 'rssBytes', 'proofBytes', 'verifyMs']) {
    assert.ok(row[name] > 0, name);
  }
  assert.ok(row.verifyColdMs > 0 && row.part.accounts === 22 && row.part.blowup === 4);
  assert.ok(row.part.records > 1_990 && row.part.records <= 2_000);
  assert.deepEqual(Object.keys(row.stagesMs), [...STAGES]);
  assert.deepEqual([two.workers, row.machine], [2, undefined]);
  const [least, most] = two.toOneWorkerRange;
  assert.ok(least > 0 && least <= two.toOneWorker && two.toOneWorker <= most);
  assert.deepEqual(Object.keys(two.machine), ['compute', 'memory']);
  for (const times of Object.values(two.machine)) assert.ok(Number(times) > 0);
});
