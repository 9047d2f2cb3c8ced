/** Addresses above 2 GiB, which are negative numbers to whoever forgets that they are not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderType } from '@foldbook/protocol';
import { buildKernel } from '../../build.ts';
import { createNaiveEngine } from '../naive/naive-engine.ts';
import { TestMarket } from '../suite/test-market.ts';
import { KernelHost } from './kernel-host.ts';
import { loadKernel } from './kernel-module.ts';

/** See assembly/market.ts, ladder.ts and levels.ts. */
const BOOKS = 128;
const BOOK_BYTES = 192;
const LEVELS_PER_PAGE = 2_048;
const LEVEL_BYTES = 32;
const CAPACITIES = 1_096;
const PAGES = 65_536;
const BUY_STOPS = 2;
const SELL_STOPS = 3;

await buildKernel();
const kernel = await loadKernel();
const capacity = {
  orderCapacity: 8_191,
  levelCapacity: 4_095,
  sessionCapacity: 16,
  resultCapacity: 4_096,
};

test('stops are seen wherever their levels lie, even at addresses that add up to 2^32', () => {
  const host = new KernelHost(kernel);
  const market = new TestMarket(host.addMarket(capacity), { maker: 0, taker: 0 });
  const twin = new TestMarket(createNaiveEngine(capacity), { maker: 0, taker: 0 });
  const both = (act: (one: TestMarket) => string[]) => assert.deepEqual(act(market), act(twin));
  for (const one of [market, twin]) one.fund(10n ** 15n, 2, 3);
  const words = () => new DataView(host.layCommands(0).bytes.buffer);
  const address = addressOfMarket(words());
  const best = (book: number) => words().getUint32(address + BOOKS + book * BOOK_BYTES, true);
  // A level for each price, until two are left of their page.
  let price = 0;
  do {
    price += 1;
    both((one) => one.buy(2, price, price, 1));
  } while (best(0) % PAGES !== (LEVELS_PER_PAGE - 2) * LEVEL_BYTES);
  both((one) => one.sell(2, 90_001, 1, 1, { orderType: OrderType.STOP_LIMIT, stopPrice: price }));
  const page = best(SELL_STOPS) >>> 16;
  // The next order takes a page, and the next page of levels comes where it has to.
  host.exports.reserveInput(PAGES - 2 - page - host.usedBytes / PAGES);
  price += 1;
  both((one) => one.buy(2, 90_002, price, 1));
  const stopPrice = price + 100;
  both((one) => one.buy(3, 90_003, 5_000, 1, { orderType: OrderType.STOP_LIMIT, stopPrice }));
  assert.equal(best(SELL_STOPS) + best(BUY_STOPS), 2 ** 32);
  both((one) => one.sell(3, 90_004, price, 1));
  both((one) => one.sell(3, 90_005, price - 1, 1));
  assert.equal(best(SELL_STOPS), 0, 'it was triggered');
  assert.equal(market.engine.stateHash(), twin.engine.stateHash());
});

test('nothing ends at 2^32', () => {
  const host = new KernelHost(kernel);
  const used = host.usedBytes / PAGES;
  host.exports.reserveInput(PAGES - 2 - used);
  assert.equal(host.exports.reserveInput(1) >>> 0, (PAGES - 2) * PAGES);
  assert.throws(() => host.exports.reserveInput(1), { code: 'KERNEL_OUT_OF_MEMORY' });
});

function addressOfMarket(words: DataView): number {
  for (let address = PAGES; address < 2 ** 24; address += 2_048) {
    const orders = words.getUint32(address + CAPACITIES, true);
    const levels = words.getUint32(address + CAPACITIES + 4, true);
    if (orders === capacity.orderCapacity && levels === capacity.levelCapacity) return address;
  }
  return assert.fail('no market in the first megabytes');
}
