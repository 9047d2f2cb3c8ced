import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKernelEngine, loadKernel } from '@foldbook/engine';
import { RECORD_BYTES } from '@foldbook/protocol';
import { growthOrders, growthSetUp } from './growth-orders.ts';

const ORDERS = 20_000;

test('every order of those that fill a market rests, with few accounts and with many', async () => {
  const kernel = await loadKernel();
  for (const accounts of [1, 10_000]) {
    const market = createKernelEngine(kernel);
    const setUp = growthSetUp(accounts);
    market.apply(setUp, setUp.byteLength / RECORD_BYTES, 1n, () => undefined);
    const orders = growthOrders(ORDERS, accounts);
    market.apply(orders, ORDERS, 1n, () => undefined);
    assert.equal(market.openOrders(), ORDERS);
  }
});
