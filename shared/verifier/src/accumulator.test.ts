import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { netDeltas } from './account-diffs.ts';
import { accountAccumulator, batchAccumulator } from './accumulator.ts';
import { inverse, inverses, reduce, SCALAR_ORDER } from './field.ts';
import type { SettlementRecord } from './settlement-record.ts';
import { record } from './testing/records.ts';

const account = fc.integer({ min: 2, max: 12 });
const amount = fc.bigInt({ min: 1n, max: 2n ** 40n });
const anyRecord: fc.Arbitrary<SettlementRecord> = fc.oneof(
  fc.tuple(account, account, amount, amount).map((fields) => record.trade(...fields)),
  fc
    .tuple(fc.constantFrom('fee', 'rebate', 'depositBase', 'withdrawQuote'), account, amount)
    .map(([kind, id, moved]) => record[kind](id, moved)),
);
const challenge = fc.record({
  x: fc.bigInt({ min: 2n ** 24n, max: SCALAR_ORDER - 1n }),
  y: fc.bigInt({ min: 0n, max: SCALAR_ORDER - 1n }),
});
/** Two different changes can give one sum at few points, which these leave out: y = 1 is one. */
const drawnChallenge = challenge.map(({ x, y }) => ({ x, y: y < 2n ** 64n ? y + 2n ** 64n : y }));

test('what any records move is what their accounts change by, however they are batched', () => {
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 12 }), fc.nat(12), challenge, (list, cut, at) => {
      const moved =
        batchAccumulator(list.slice(0, cut), at) + batchAccumulator(list.slice(cut), at);
      assert.equal(reduce(moved), accountAccumulator(netDeltas(list), at));
    }),
  );
});

test('one unit more on any account is another sum', () => {
  fc.assert(
    fc.property(
      fc.array(anyRecord, { minLength: 1, maxLength: 6 }),
      account,
      fc.constantFrom([1n, 0n], [0n, 1n], [-1n, 0n], [1n, -1n]),
      drawnChallenge,
      (list, id, [base = 0n, quote = 0n], at) => {
        const honest = netDeltas(list);
        const minted = accountAccumulator([...honest, { id, base, quote }], at);
        assert.notEqual(minted, batchAccumulator(list, at));
      },
    ),
  );
});

test('a challenge that may be an account id is a mistake of the caller', () => {
  const at = { x: 2n ** 24n - 1n, y: 1n };
  assert.throws(() => batchAccumulator([record.fee(2, 1)], at), /challenge/);
});

test('inverses', () => {
  const element = fc.bigInt({ min: 1n, max: SCALAR_ORDER - 1n });
  fc.assert(
    fc.property(fc.array(element, { maxLength: 8 }), (values) => {
      const found = inverses(values);
      assert.deepEqual(found, values.map(inverse));
      found.forEach((value, i) => {
        assert.equal(reduce(value * (values[i] ?? 0n)), 1n);
      });
    }),
  );
  assert.throws(() => inverse(SCALAR_ORDER), /zero/);
  assert.throws(() => inverses([1n, 0n]), /zero/);
});
