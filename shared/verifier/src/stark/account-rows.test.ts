import assert from 'node:assert/strict';
import { test } from 'node:test';
import { genesisAccounts } from '@foldbook/stark/verify';
import { record } from '../testing/records.ts';
import { accountsAfter } from './account-rows.ts';

test('records move the accounts that they name, and give each a row', () => {
  const trade = record.trade(7, 7, 3, 4);
  const records = [record.depositBase(9, 5), record.depositQuote(2, 6), trade, record.fee(2, 1)];
  const after = accountsAfter(genesisAccounts(), records);
  assert.deepEqual(after, {
    ids: Uint32Array.of(0, 1, 2, 7, 9),
    base: BigUint64Array.of(5n, 0n, 0n, 0n, 5n),
    quote: BigUint64Array.of(6n, 1n, 5n, 0n, 0n),
  });
  assert(typeof after !== 'string');
  const more = accountsAfter(after, [record.withdrawQuote(2, 5), record.depositBase(8, 1)]);
  assert(typeof more !== 'string');
  assert.deepEqual([...more.ids], [0, 1, 2, 7, 8, 9]);
  assert.deepEqual([...more.quote], [1n, 1n, 0n, 0n, 0n, 0n]);
});

test('a balance that would leave its range is named', () => {
  const words = accountsAfter(genesisAccounts(), [record.withdrawBase(4, 1)]);
  assert.equal(words, 'account 0 would have base -1, not in 0 to 2^63 - 1');
  const deposits = [record.depositQuote(4, 2n ** 62n), record.depositQuote(4, 2n ** 62n)];
  const large = accountsAfter(genesisAccounts(), deposits);
  assert(typeof large === 'string' && large.startsWith('account 0 would have quote 92'));
});
