import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkRecord, recordWord, type SettlementRecord } from './settlement-record.ts';
import { everyKind, record } from './testing/records.ts';

const user = 5;
const other = 9;
const max = 2n ** 63n - 1n;

test('every kind of record holds, at its limits too', () => {
  const accepted = [
    ...everyKind,
    record.trade(2, 2 ** 24 - 1, 1, 1),
    record.trade(user, user, 7, 7),
    record.trade(user, other, 2n ** 36n - 1n, 2n ** 27n),
    record.trade(user, other, 2n ** 15n - 1n, 2n ** 48n - 1n),
    record.depositBase(user, max),
    record.depositQuote(user, max),
    record.fee(user, 0),
  ];
  for (const good of accepted)
    assert.equal(checkRecord(good), undefined, JSON.stringify(good.kind));
});

const trade = record.trade(user, other, 10, 20);
const refusals: readonly (readonly [string, SettlementRecord, RegExp])[] = [
  ['padding', { kind: 0, a: 0, b: 0, price: 0n, dBase: 0n, dQuote: 0n }, /kind 0/],
  ['kind 8', { ...trade, kind: 8 }, /kind 8/],
  ['kind 1.5', { ...trade, kind: 1.5 }, /kind 1.5/],
  ['trade that mints', { ...trade, a: 0 }, /TRADE has a = 0/],
  ['trade with the fee account', { ...trade, b: 1 }, /TRADE has b = 1/],
  ['trade with an account too high', { ...trade, b: 2 ** 24 }, /TRADE has b/],
  ['trade at price 0', { ...trade, price: 0n, dQuote: 0n }, /price 0/],
  ['trade at too high a price', { ...trade, price: 2n ** 36n }, /price/],
  ['trade of nothing', { ...trade, dBase: 0n, dQuote: 0n }, /moves base 0/],
  ['trade of too much', record.trade(user, other, 1, 2n ** 48n), /moves base/],
  ['trade whose product is wrong', { ...trade, dQuote: 199n }, /price x dBase is 200/],
  ['trade that overflows', record.trade(user, other, 2n ** 35n, 2n ** 28n), /dQuote/],
  ['fee to a user', { ...record.fee(user, 3), a: other }, /FEE has a = 9/],
  ['fee from the supply', { ...record.fee(user, 3), b: 0 }, /FEE has b = 0/],
  ['fee in base', { ...record.fee(user, 3), dBase: 1n }, /moves base/],
  ['fee with a price', { ...record.fee(user, 3), price: 1n }, /price/],
  ['rebate from a user', { ...record.rebate(user, 3), b: other }, /REBATE has b = 9/],
  ['rebate to the fee account', { ...record.rebate(user, 3), a: 1 }, /REBATE has a = 1/],
  ['deposit from a user', { ...record.depositBase(user, 3), a: other }, /DEPOSIT_BASE has a = 9/],
  ['deposit to the fee account', { ...record.depositBase(user, 3), b: 1 }, /DEPOSIT_BASE has b/],
  ['base deposit of quote', { ...record.depositBase(user, 3), dQuote: 1n }, /moves quote/],
  ['quote deposit of base', { ...record.depositQuote(user, 3), dBase: 1n }, /moves base/],
  ['quote deposit turned round', { ...record.depositQuote(user, 3), a: 0, b: user }, /has a = 0/],
  ['withdrawal turned round', { ...record.withdrawBase(user, 3), a: 0, b: user }, /has a = 0/],
  ['quote withdrawal turned round', { ...record.withdrawQuote(user, 3), a: user, b: 0 }, /has a/],
  ['negative amount', { ...record.depositBase(user, 3), dBase: -1n }, /dBase -1/],
  ['amount of 2^63', { ...record.depositQuote(user, 3), dQuote: 2n ** 63n }, /dQuote/],
];
for (const [name, bad, reason] of refusals) {
  test(`refused: ${name}`, () => assert.match(checkRecord(bad) ?? 'accepted', reason));
}

const anyRecord: fc.Arbitrary<SettlementRecord> = fc.record(
  {
    kind: fc.integer({ min: 1, max: 7 }),
    a: fc.nat(2 ** 24 - 1),
    b: fc.nat(2 ** 24 - 1),
    price: fc.bigInt({ min: 0n, max: 2n ** 36n - 1n }),
    dBase: fc.bigInt({ min: 0n, max }),
    dQuote: fc.bigInt({ min: 0n, max }),
  },
  { noNullPrototype: true },
);

test('a word holds each field in bits of its own', () => {
  fc.assert(
    fc.property(anyRecord, (fields) => {
      const word = recordWord(fields);
      const bits = (from: number, width: number) => BigInt.asUintN(width, word >> BigInt(from));
      assert(word < 2n ** 213n);
      assert.deepEqual(
        {
          kind: Number(bits(0, 3)),
          a: Number(bits(3, 24)),
          b: Number(bits(27, 24)),
          price: bits(51, 36),
          dBase: bits(87, 63),
          dQuote: bits(150, 63),
        },
        fields,
      );
    }),
  );
});
