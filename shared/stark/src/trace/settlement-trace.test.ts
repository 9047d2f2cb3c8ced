import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StarkError } from '../kernel/stark-error.ts';
import { sampleAccounts, sampleRecords } from '../testing/sample-part.ts';
import { type AccountTable, genesisAccounts } from './account-table.ts';
import { joinLimbs, splitLimbs } from './limbs.ts';
import { RECORD_LIMIT, traceRecords } from './records-trace.ts';
import type { SettlementRecord } from './settlement-record.ts';
import { traceSettlement } from './settlement-trace.ts';

const record = (changes: Partial<SettlementRecord>): SettlementRecord => ({
  ...{ kind: 4, a: 0, b: 2, price: 0n, dBase: 5n, dQuote: 0n },
  ...changes,
});

/** Balances by account, the supply's with its true sign, moved one record after another. */
function settle(accounts: AccountTable, records: readonly SettlementRecord[]): AccountTable {
  const balances = new Map<number, [base: bigint, quote: bigint]>();
  accounts.ids.forEach((id, row) => {
    const sign = id === 0 ? -1n : 1n;
    balances.set(id, [sign * (accounts.base[row] ?? 0n), sign * (accounts.quote[row] ?? 0n)]);
  });
  const move = (id: number, base: bigint, quote: bigint): void => {
    const [oldBase, oldQuote] = balances.get(id) ?? [0n, 0n];
    balances.set(id, [oldBase + base, oldQuote + quote]);
  };
  for (const { a, b, dBase, dQuote } of records) {
    move(a, -dBase, dQuote);
    move(b, dBase, -dQuote);
  }
  const rows = [...balances].sort(([a], [b]) => a - b);
  const signed = (id: number, value: bigint): bigint => (id === 0 ? -value : value);
  return {
    ids: Uint32Array.from(rows, ([id]) => id),
    base: BigUint64Array.from(rows, ([id, [base]]) => signed(id, base)),
    quote: BigUint64Array.from(rows, ([id, [, quote]]) => signed(id, quote)),
  };
}

test('accounts after are those before and what records move', () => {
  const records = sampleRecords(7);
  const { accounts, before, after } = traceSettlement(records, sampleAccounts());
  assert.deepEqual(accounts, settle(sampleAccounts(), records));
  assert.equal(before.height, 64);
  const rows = accounts.ids.length;
  assert.deepEqual([...after.named('id').slice(0, rows)], [...accounts.ids]);
  assert.deepEqual(
    accounts.ids.filter((_, row) => after.named('fresh')[row] === 1),
    accounts.ids.filter((id) => !sampleAccounts().ids.includes(id)),
  );
});

test('the table that a part ends with is the one that the next begins with', () => {
  const first = traceSettlement(sampleRecords(), sampleAccounts());
  const { before, after } = traceSettlement([record({})], first.accounts);
  for (const name of before.table.columns) {
    assert.deepEqual(before.named(name), first.after.named(name), name);
  }
  assert.ok(after.named('fresh').every((cell) => cell === 0));
});

test('heights are powers of two that hold what there is', () => {
  const many = Array.from({ length: 4097 }, (_, index) => record({ b: 2 + index }));
  const { records, after } = traceSettlement(many, genesisAccounts());
  assert.deepEqual([records.height, after.height], [8192, 8192]);
  assert.equal(traceSettlement(many.slice(0, 4096), genesisAccounts()).records.height, 4096);
});

const invalid: readonly (readonly [RegExp, Partial<SettlementRecord>])[] = [
  [/its kind is 0/, { kind: 0 }],
  [/its kind is 8/, { kind: 8 }],
  [/cannot have a = 2/, { a: 2 }],
  [/cannot have b = 1/, { b: 1 }],
  [/cannot have b = 16777216/, { b: 2 ** 24 }],
  [/cannot have b = 2.5/, { b: 2.5 }],
  [/has no price/, { price: 1n }],
  [/moves no quote/, { dQuote: 1n }],
  [/moves no base/, { kind: 5, a: 2, b: 0 }],
  [/dBase -1 /, { dBase: -1n }],
  [/dBase 9223372036854775808 /, { dBase: 2n ** 63n }],
  [/dQuote 9223372036854775808 /, { kind: 5, a: 2, b: 0, dBase: 0n, dQuote: 2n ** 63n }],
  [/price 0 /, { kind: 1, a: 2 }],
  [/price 68719476736 /, { kind: 1, a: 2, price: 2n ** 36n }],
  [/dBase 0 /, { kind: 1, a: 2, price: 1n, dBase: 0n }],
  [/dBase 281474976710656 /, { kind: 1, a: 2, price: 1n, dBase: 2n ** 48n }],
  [/dQuote 34 is not price x dBase = 35/, { kind: 1, a: 2, price: 7n, dQuote: 34n }],
  [/is not price x dBase/, { kind: 1, a: 2, price: 2n ** 35n, dBase: 2n ** 40n, dQuote: 0n }],
];

test('a record that is not valid is refused with its index', () => {
  for (const [fault, changes] of invalid) {
    const records = [record({}), record(changes)];
    assert.throws(
      () => traceSettlement(records, genesisAccounts()),
      (error) =>
        error instanceof StarkError &&
        error.code === 'STATEMENT_FALSE' &&
        error.message.startsWith('record 1 is not valid: ') &&
        fault.test(error.message),
      String(fault),
    );
  }
});

test('a balance that leaves its range is refused with its account', () => {
  const refused = (message: RegExp, records: SettlementRecord[], accounts = genesisAccounts()) => {
    const expected = { code: 'STATEMENT_FALSE', message };
    assert.throws(() => traceSettlement(records, accounts), expected);
  };
  const largest = 2n ** 63n - 1n;
  const trade = record({ kind: 1, a: 2, b: 3, price: 3n, dQuote: 15n });
  refused(/account 2 would have base -5,/, [trade]);
  refused(/account 3 would have quote -15,/, [record({}), trade]);
  const withdrawal = record({ kind: 6, a: 2, b: 0 });
  refused(/account 0 would have base -5,/, [withdrawal], {
    ids: Uint32Array.of(0, 1, 2),
    base: BigUint64Array.of(0n, 0n, 7n),
    quote: new BigUint64Array(3),
  });
  const deposits = [record({ dBase: largest }), record({ dBase: 1n, b: 3 })];
  refused(/account 0 would have base 9223372036854775808,/, deposits);
  const full = { ...genesisAccounts(), base: BigUint64Array.of(largest, 0n) };
  refused(/account 0 would have base 9223372036854775812,/, [record({})], full);
  const { accounts } = traceSettlement([record({ dBase: largest })], genesisAccounts());
  assert.deepEqual([...accounts.base], [largest, 0n, largest]);
});

test('as many records as a part can have, each with the largest limbs', () => {
  const most = 2n ** 36n - 1n;
  const kept = 2n ** 62n + 2n ** 24n - 1n;
  const accounts = {
    ids: Uint32Array.of(0, 1, 2),
    base: BigUint64Array.of(kept, 0n, kept),
    quote: new BigUint64Array(3),
  };
  const change = BigInt(RECORD_LIMIT) * most;
  for (const [given, sign] of [
    [record({ dBase: most }), 1n],
    [record({ kind: 6, a: 2, b: 0, dBase: most }), -1n],
  ] as const) {
    const records = new Array<SettlementRecord>(RECORD_LIMIT).fill(given);
    const after = traceSettlement(records, accounts).accounts;
    assert.deepEqual([...after.base], [kept + sign * change, 0n, kept + sign * change]);
    assert.throws(() => traceRecords([...records, given]), /assertion failed: 131072 records/);
  }
});

test("accounts that are no table are the caller's mistake", () => {
  const wrong: AccountTable[] = [
    { ...genesisAccounts(), ids: Uint32Array.of(0, 2) },
    { ...genesisAccounts(), base: new BigUint64Array(1) },
    { ...genesisAccounts(), quote: BigUint64Array.of(0n, 2n ** 63n) },
  ];
  for (const accounts of wrong) {
    assert.throws(() => traceSettlement([record({})], accounts), /assertion failed/);
  }
});

test('limbs of every amount', () => {
  const limbs = new Int32Array(6);
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (value) => {
      splitLimbs(value, limbs);
      const expected = Array.from(limbs, (_, limb) => Number((value >> BigInt(12 * limb)) & 4095n));
      assert.deepEqual([...limbs], expected);
      assert.equal(joinLimbs(limbs), value);
    }),
  );
});
