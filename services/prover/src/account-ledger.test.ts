// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { netDeltas, RecordKind, RecordList, type SettlementRecord } from '@foldbook/verifier';
import fc from 'fast-check';
import { AccountLedger } from './account-ledger.ts';

const move = (kind: number, a: number, b: number, dBase: bigint, dQuote: bigint) => {
  return { kind, a, b, price: kind === RecordKind.TRADE ? 1n : 0n, dBase, dQuote };
};
const deposit = (account: number, quote: bigint) =>
  move(RecordKind.DEPOSIT_QUOTE, account, 0, 0n, quote);
const depositBase = (account: number, base: bigint) =>
  move(RecordKind.DEPOSIT_BASE, 0, account, base, 0n);
const trade = (a: number, b: number, amount: bigint) =>
  move(RecordKind.TRADE, a, b, amount, amount);
const fee = (account: number, quote: bigint) => move(RecordKind.FEE, 1, account, 0n, quote);
const rebate = (account: number, quote: bigint) => move(RecordKind.REBATE, account, 1, 0n, quote);

const rows = (ledger: AccountLedger) => {
  const { ids, base, quote } = ledger.table();
  return [...ids].map((id, row) => [id, base[row], quote[row]]);
};

/** Ends of the parts of so many records each. */
function cut(records: readonly SettlementRecord[], most: number): number[] {
  const ledger = new AccountLedger();
  const list = RecordList.from(records);
  const ends: number[] = [];
  while ((ends.at(-1) ?? 0) < list.length) {
    ends.push(ledger.takePart(list, ends.at(-1) ?? 0, most) ?? Number.NaN);
  }
  return ends;
}

const records = [
  ...[deposit(3, 100n), depositBase(2, 50n)],
  ...[trade(2, 3, 7n), fee(3, 2n), rebate(2, 1n)],
  ...[trade(2, 3, 5n), fee(2, 1n), fee(3, 0n)],
];

test('a part ends behind the fees of its last trade', () => {
  assert.deepEqual(cut(records, 4), [2, 5, 8]);
  assert.deepEqual(cut(records, 5), [5, 8]);
  assert.deepEqual(cut(records, 100), [8]);
});

test('what is behind the end of a part was not there, its accounts neither', () => {
  const ledger = new AccountLedger();
  const list = RecordList.from([deposit(9, 5n), trade(7, 8, 1n), fee(8, 1n)]);
  assert.equal(ledger.takePart(list, 0, 2), 1);
  assert.deepEqual(rows(ledger), [
    ...[
      [0, 0n, 5n],
      [1, 0n, 0n],
      [9, 0n, 5n],
    ],
  ]);
});

test('a part ends where every balance fits, and nowhere else', () => {
  const lent = [trade(2, 3, 5n), depositBase(2, 5n), deposit(3, 5n), deposit(4, 1n)];
  assert.deepEqual(cut(lent, 3), [3, 4]);
  const ledger = new AccountLedger();
  assert.equal(ledger.takePart(RecordList.from(lent), 0, 2), undefined);
  assert.match(ledger.fault() ?? '', /^account 3 would end with quote -5/);
  const over = new AccountLedger();
  const most = deposit(2, 2n ** 63n - 1n);
  assert.equal(over.takeAll(RecordList.from([most, deposit(3, 1n)])), false);
  assert.match(over.fault() ?? '', /^account 0 would end with quote 9223372036854775808/);
});

test('a part that can end nowhere within its size ends at the first place behind it', () => {
  const lent = [
    trade(2, 3, 5n),
    depositBase(2, 5n),
    deposit(3, 5n),
    deposit(4, 1n),
    deposit(4, 1n),
  ];
  const ledger = new AccountLedger();
  const list = RecordList.from(lent);
  assert.equal(ledger.takePart(list, 0, 1, 4), 3);
  assert.deepEqual(rows(ledger).at(-1), [3, 5n, 0n], 'nobody behind it is there');
  assert.equal(ledger.takePart(list, 3, 1, 4), 4);
  assert.equal(new AccountLedger().takePart(list, 0, 1, 2), undefined);
});

test('however it is cut, the balances are those that the records come to', () => {
  const kinds = fc.constantFrom(deposit, depositBase, fee, rebate);
  const some = fc.array(
    fc.tuple(kinds, fc.integer({ min: 2, max: 9 }), fc.bigInt({ min: 0n, max: 99n })),
    { minLength: 1, maxLength: 40 },
  );
  fc.assert(
    fc.property(some, fc.integer({ min: 1, max: 9 }), (moves, most) => {
      const funded = Array.from({ length: 8 }, (_, n) => deposit(2 + n, 10_000n));
      const list = RecordList.from([
        ...[...funded, fee(2, 9_000n)],
        ...moves.map(([kind, account, amount]) => kind(account, amount)),
      ]);
      const [parts, whole] = [new AccountLedger(), new AccountLedger()];
      assert(whole.takeAll(list));
      for (let first: number | undefined = 0; first !== undefined && first < list.length; ) {
        first = parts.takePart(list, first, most + 1 + moves.length);
        assert(first !== undefined);
      }
      assert.deepEqual(rows(parts), rows(whole));
      const held = new Map(netDeltas(list).map((delta) => [delta.id, delta]));
      for (const [id, base, quote] of rows(whole)) {
        const { base: b = 0n, quote: q = 0n } = held.get(Number(id)) ?? {};
        assert.deepEqual(id === 0 ? [-b, -q] : [b, q], [base, quote]);
      }
    }),
    { numRuns: 50 },
  );
});
