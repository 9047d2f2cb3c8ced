import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AssetPair, addSupply, type MarketSupply } from './supply.ts';

const NONE: AssetPair<bigint> = [0n, 0n];

/** BTC-USD was funded with 100 and paid 30 to USD-EUR, where USD is the base asset. */
function venue(change: {
  arrived?: bigint;
  unsettled?: number;
  decimals?: number;
  supply?: bigint;
}) {
  const { arrived = 30n, unsettled = 0, decimals = 2, supply = arrived } = change;
  const payer: MarketSupply = {
    ...{ market: 'BTC-USD', partition: 0, sequence: 9, unsettled },
    ...{ symbols: ['BTC', 'USD'], decimals: [8, 2], withdrawn: NONE },
    ...{ deposited: [0n, 100n], supply: [0n, 70n] },
    peers: new Map([['USD-EUR', { paid: [0n, 30n], returned: NONE, arrived: NONE }]]),
  };
  const payee: MarketSupply = {
    ...{ market: 'USD-EUR', partition: 1, sequence: 4, unsettled: 0 },
    ...{ symbols: ['USD', ''], decimals: [decimals, 2], withdrawn: NONE },
    ...{ deposited: NONE, supply: [supply, 0n] },
    peers: new Map([['BTC-USD', { paid: NONE, returned: NONE, arrived: [arrived, 0n] }]]),
  };
  return addSupply([payer, payee]);
}

const usd = ({ assets }: ReturnType<typeof venue>) => assets.find(({ symbol }) => symbol === 'USD');

test('what was paid and arrived is in the other market', () => {
  const sum = venue({});
  assert.deepEqual(sum.faults, []);
  const expected = { symbol: 'USD', decimals: 2, markets: 2, supply: 100n, inFlight: 0n };
  assert.deepEqual(usd(sum), { ...expected, funded: 100n });
  const nameless = sum.assets.find(({ symbol }) => symbol === 'USD-EUR quote');
  assert.equal(nameless?.markets, 1, 'an asset without a symbol is its market alone');
});

test('what was paid and is delivered still is in flight', () => {
  const sum = venue({ arrived: 20n, unsettled: 1 });
  assert.deepEqual(sum.faults, []);
  assert.deepEqual([usd(sum)?.supply, usd(sum)?.inFlight], [90n, 10n]);
});

test('what nobody delivers, what arrived twice and what nobody paid does not add up', () => {
  assert.deepEqual(venue({ arrived: 20n }).faults, [
    'BTC-USD to USD-EUR, USD: 10 was paid, and nobody delivers it',
  ]);
  assert.deepEqual(venue({ arrived: 60n }).faults, [
    'BTC-USD to USD-EUR, USD: 30 more arrived or came back than was paid',
  ]);
  const made = venue({ supply: 31n }).faults;
  assert.match(made[0] ?? '', /^USD-EUR: its accounts have 31 base, and it was funded with 30$/);
  assert.match(made[1] ?? '', /^USD: 101 in markets and 0 in flight, but 100 was deposited/);
  assert(venue({ decimals: 3 }).faults.length > 0, 'another unit is another asset');
});
