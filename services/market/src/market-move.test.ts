import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { KernelHost, loadKernel } from '@foldbook/engine';
import { RECORD_BYTES } from '@foldbook/protocol';
import { fillingGroups } from './bench/order-groups.ts';
import { Coming, Leaving, type MovableEngine, passageOver } from './market-move.ts';

const MARKET = 1;
const MIB = 2 ** 20;
const CAPACITY = { resultCapacity: 2 ** 12 };

const kernel = await loadKernel();

/** A market with as many orders as accounts and prices, each far from the next in the kernel. */
function filled(host: KernelHost, orders: number): MovableEngine {
  const engine = host.addMarket(CAPACITY);
  const filling = { orders, accounts: 100, levels: orders };
  for (const group of fillingGroups(MARKET, filling)) {
    const count = group.byteLength / RECORD_BYTES - 1;
    engine.apply(group.subarray(RECORD_BYTES), count, 1n, () => undefined);
  }
  assert.equal(engine.openOrders(), orders);
  return engine;
}

/** Both ends' steps in turns, until neither has anything to do. */
function move(engine: MovableEngine, to: KernelHost) {
  const { port1, port2 } = new MessageChannel();
  const leaving = new Leaving(MARKET, engine, passageOver(port1));
  const coming = new Coming(MARKET, to.adopt(), passageOver(port2));
  let come = coming.step();
  let left = leaving.step();
  while ((left !== 'gone' && left !== 'stays') || come === 'going' || come === 'waiting') {
    if (left !== 'gone' && left !== 'stays') left = leaving.step();
    if (come === 'going' || come === 'waiting') come = coming.step();
  }
  port1.close();
  return { left, come };
}

it('a market that a kernel has no memory for is whole where it was, and goes elsewhere', () => {
  const home = new KernelHost(kernel);
  const market = filled(home, 50_000);
  const hash = market.stateHash();
  // Room for some pieces, for one, and for none.
  for (const mostMib of [36, 33, 8]) {
    const full = new KernelHost(kernel, { mostBytes: mostMib * MIB });
    assert.deepEqual(move(market, full), { left: 'stays', come: 'refused' });
    const other = filled(full, 100);
    assert.equal(other.openOrders(), 100, 'markets that are there go on');
    assert.equal(market.stateHash(), hash);
  }
  const { left, come } = move(market, new KernelHost(kernel));
  assert.equal(left, 'gone');
  assert(typeof come !== 'string');
  assert.equal(come.stateHash(), hash);
  assert.throws(() => market.stateHash(), /elsewhere/);
});
