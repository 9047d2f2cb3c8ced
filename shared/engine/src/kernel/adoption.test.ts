import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Asset, CommandKind, Side, TimeInForce } from '@foldbook/protocol';
import { buildKernel } from '../../build.ts';
import { type CommandFields, commandRecord, concatenate } from '../command-record.ts';
import { eventsOf } from '../compare-engines.ts';
import { FLOW_CAPACITY, RandomFlow } from '../random-flow.ts';
import { Adoption } from './adoption.ts';
import type { KernelEngine } from './kernel-engine.ts';
import { KernelHost } from './kernel-host.ts';
import { loadKernel } from './kernel-module.ts';

await buildKernel();
const kernel = await loadKernel();

const COMMANDS = 6_000;
const STEPS = 7;
const TAKER = 7;

/** Moves a market step by step, and does `meanwhile` at each of them. */
function move(from: KernelEngine, to: KernelHost, meanwhile: () => void): KernelEngine {
  const adoption = to.adopt();
  for (const chunk of from.snapshot()) {
    adoption.add(chunk);
    meanwhile();
  }
  assert(adoption.isWhole);
  let engine = adoption.step(STEPS);
  while (engine === undefined) {
    meanwhile();
    engine = adoption.step(STEPS);
  }
  while (from.dismantle(STEPS)) meanwhile();
  return engine;
}

test('a market that moves all the time does what one does that stays', () => {
  const hosts = [new KernelHost(kernel), new KernelHost(kernel)] as const;
  const stays = new KernelHost(kernel).addMarket(FLOW_CAPACITY);
  let moves = hosts[0].addMarket(FLOW_CAPACITY);
  // Others are in both places and go on meanwhile.
  const others = hosts.map((host) => host.addMarket(FLOW_CAPACITY));
  const otherFlow = new RandomFlow(77).groups(1_000_000)[Symbol.iterator]();
  const meanwhile = () => {
    const group = otherFlow.next().value;
    assert(group !== undefined);
    const [one, other] = others.map((engine) => eventsOf(engine, group));
    assert.deepEqual(one, other);
  };
  let groups = 0;
  const used: number[] = [];
  for (const group of new RandomFlow(5).groups(COMMANDS)) {
    assert.deepEqual(eventsOf(moves, group), eventsOf(stays, group));
    assert.equal(moves.stateHash(), stays.stateHash());
    groups += 1;
    if (groups % 16 !== 0) continue;
    const to = hosts[(groups / 16) % 2];
    assert(to !== undefined);
    moves = move(moves, to, meanwhile);
    assert.equal(moves.stateHash(), stays.stateHash());
    used.push(hosts[0].usedBytes + hosts[1].usedBytes);
  }
  assert(used.length > 10);
});

/** Orders of several accounts by turns, all at one price; then one that takes them all. */
function queueOf(orders: number) {
  const accounts = [2, 3, 4, 5, 6];
  const order = (account: number, requestId: number, fields: CommandFields) =>
    commandRecord({
      kind: CommandKind.NEW,
      account,
      session: 1,
      requestId: BigInt(requestId),
      clientOrderId: BigInt(requestId),
      timeInForce: TimeInForce.GTC,
      price: 100n,
      ...fields,
    });
  const deposits = [Asset.BASE, Asset.QUOTE].flatMap((asset) =>
    [...accounts, TAKER].map((account) => ({ account, asset })),
  );
  const setUp = [
    commandRecord({ kind: CommandKind.CREATE_MARKET, session: 1, requestId: 1n }),
    ...deposits.map(({ account, asset }, index) => {
      const head = { kind: CommandKind.DEPOSIT, session: 1, requestId: BigInt(index + 2) };
      return commandRecord({ ...head, account, asset, amount: 2n ** 40n });
    }),
  ];
  const resting = Array.from({ length: orders }, (_, index) => {
    const account = accounts[index % accounts.length] ?? 0;
    return order(account, index + 1, { side: Side.BUY, quantity: 1n });
  });
  const sweep = [order(TAKER, 1, { side: Side.SELL, quantity: BigInt(orders) })];
  const group = (records: readonly Uint8Array[]) => {
    return { records: concatenate(records), count: records.length, timeNs: 1n };
  };
  return { filling: group([...setUp, ...resting]), sweep: group(sweep) };
}

test('a queue longer than a step is sorted in several, and comes out in time priority', () => {
  for (const orders of [1, 2, 3, 64, 333]) {
    const { filling, sweep } = queueOf(orders);
    const [stays, moves] = [new KernelHost(kernel), new KernelHost(kernel)].map((host) => {
      const market = host.addMarket();
      eventsOf(market, filling);
      return market;
    });
    assert(stays !== undefined && moves !== undefined);
    const to = new KernelHost(kernel);
    const other = to.addMarket();
    eventsOf(other, filling);
    const adoption = to.adopt();
    for (const chunk of moves.snapshot()) adoption.add(chunk);
    let steps = 1;
    let moved = adoption.step(1);
    for (; moved === undefined; steps += 1) {
      // Another market is written meanwhile, which sorts as well.
      assert.equal([...other.snapshot()].length > 0, true);
      moved = adoption.step(1);
    }
    assert(steps >= orders, `${orders} orders in ${steps} steps of one`);
    assert.equal(moved.openOrders(), orders);
    const trades = eventsOf(moved, sweep);
    assert.deepEqual(trades, eventsOf(stays, sweep));
    assert.equal(moved.openOrders(), 0);
    assert.equal(moved.stateHash(), stays.stateHash());
  }
});

test('what a market had is there for the next one', () => {
  const host = new KernelHost(kernel);
  const fill = () => {
    const market = host.addMarket(FLOW_CAPACITY);
    for (const group of new RandomFlow(9).groups(COMMANDS)) eventsOf(market, group);
    return market;
  };
  let market = fill();
  while (market.dismantle(STEPS)) {
    // All of it.
  }
  const { usedBytes } = host;
  for (let round = 0; round < 5; round += 1) {
    market = fill();
    while (market.dismantle(1_000)) {
      // All of it.
    }
  }
  assert.equal(host.usedBytes, usedBytes);
});

test('a market that was given away takes no commands', () => {
  const host = new KernelHost(kernel);
  const market = host.addMarket(FLOW_CAPACITY);
  const [group] = [...new RandomFlow(1).groups(10)];
  assert(group !== undefined);
  market.dismantle(1);
  assert.throws(() => eventsOf(market, group), /elsewhere/);
});

test('one market at a time comes', () => {
  const host = new KernelHost(kernel);
  assert(host.adopt() instanceof Adoption);
  assert.throws(() => host.adopt(), /another market/);
});
