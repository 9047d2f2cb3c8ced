import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Asset, CommandKind, Side, TimeInForce } from '@foldbook/protocol';
import { buildKernel } from '../../build.ts';
import { type CommandFields, commandRecord, concatenate } from '../command-record.ts';
import { eventsOf } from '../compare-engines.ts';
import { FLOW_CAPACITY, RandomFlow } from '../random-flow.ts';
import { Adoption, CHUNK_ROOM_BYTES } from './adoption.ts';
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

test('a market that was given away takes no commands and answers nothing', () => {
  const host = new KernelHost(kernel);
  const [market, other] = [host.addMarket(FLOW_CAPACITY), host.addMarket(FLOW_CAPACITY)];
  const [group] = [...new RandomFlow(1).groups(10)];
  assert(group !== undefined);
  market.dismantle(1);
  assert.throws(() => eventsOf(market, group), /elsewhere/);
  for (const ask of [() => market.stateHash(), () => market.balance(7), () => market.sequence]) {
    assert.throws(ask, /elsewhere/);
  }
  eventsOf(other, group);
});

test('what is given back is given back once', () => {
  const host = new KernelHost(kernel);
  const gone = host.addMarket(FLOW_CAPACITY);
  while (gone.dismantle(STEPS)) {
    // All of it.
  }
  assert.equal(gone.dismantle(STEPS), false);
  const markets = [host.addMarket(FLOW_CAPACITY), host.addMarket(FLOW_CAPACITY)];
  for (const group of new RandomFlow(4).groups(400)) {
    const [one, other] = markets.map((market) => eventsOf(market, group));
    assert.deepEqual(one, other);
  }
});

test('a step takes a bounded number of accounts and sessions apart', () => {
  const host = new KernelHost(kernel);
  const market = host.addMarket();
  const create = commandRecord({ kind: CommandKind.CREATE_MARKET, session: 1, requestId: 1n });
  const [accounts, sessions] = [40, 30];
  const cancels = Array.from({ length: accounts * sessions }, (_, index) => {
    const head = { kind: CommandKind.CANCEL, session: 1 + (index % sessions), requestId: 1n };
    return commandRecord({ ...head, account: 2 + Math.floor(index / sessions), clientOrderId: 1n });
  });
  const records = concatenate([create, ...cancels]);
  eventsOf(market, { records, count: cancels.length + 1, timeNs: 1n });
  let steps = 1;
  while (market.dismantle(10)) steps += 1;
  // An order is worth eight of them.
  assert(steps >= (accounts * sessions) / 80, `${steps} steps`);
});

/** Bytes that differ. */
function changed(before: Uint8Array, after: Uint8Array): number {
  let count = 0;
  for (const [index, byte] of before.entries()) if (byte !== after[index]) count += 1;
  return count;
}

test('results that a market left are not cleared for the next one', () => {
  const capacity = { resultCapacity: 2 ** 17 };
  const host = new KernelHost(kernel);
  const fill = (market: KernelEngine) => {
    const create = commandRecord({ kind: CommandKind.CREATE_MARKET, session: 1, requestId: 1n });
    eventsOf(market, { records: create, count: 1, timeNs: 1n });
    for (let first = 0; first < capacity.resultCapacity; first += 8_192) {
      const cancels = Array.from({ length: 8_192 }, (_, index) => {
        const requestId = 2n ** 60n + BigInt(first + index);
        const head = { kind: CommandKind.CANCEL, account: 7, session: 1, requestId };
        return commandRecord({ ...head, clientOrderId: 1n });
      });
      market.apply(concatenate(cancels), cancels.length, 1n, () => undefined);
    }
  };
  const first = host.addMarket(capacity);
  fill(first);
  while (first.dismantle(STEPS)) {
    // All of it.
  }
  const bytes = new Uint8Array(host.input.buffer);
  const before = bytes.slice();
  const next = host.addMarket(capacity);
  assert(changed(before, bytes) < 2 ** 14);
  const empty = new KernelHost(kernel).addMarket(capacity);
  const flow = { ...FLOW_CAPACITY, ...capacity };
  assert.equal(next.stateHash(), empty.stateHash());
  const stays = new KernelHost(kernel).addMarket(flow);
  while (next.dismantle(STEPS)) {
    // All of it.
  }
  // Resends find their own results only, of a market that comes to where they are, too.
  let moves = new KernelHost(kernel).addMarket(flow);
  let groups = 0;
  for (const group of new RandomFlow(6).groups(COMMANDS)) {
    assert.deepEqual(eventsOf(moves, group), eventsOf(stays, group));
    groups += 1;
    if (groups === 40) moves = move(moves, host, () => undefined);
  }
  assert(groups > 40);
  assert.equal(moves.stateHash(), stays.stateHash());
});

/** A market with what takes most memory: accounts and prices that are all far from each other. */
function sparseMarket(host: KernelHost, accounts: number): KernelEngine {
  const market = host.addMarket({ resultCapacity: 2 ** 12 });
  const create = commandRecord({ kind: CommandKind.CREATE_MARKET, session: 1, requestId: 1n });
  const records = Array.from({ length: accounts }, (_, index) => {
    const account = 2 + index * 64;
    const head = { session: 1, requestId: BigInt(index + 2) };
    const funds = { account, asset: Asset.QUOTE, amount: 2n ** 40n };
    const order = { timeInForce: TimeInForce.GTC, side: Side.BUY, quantity: 1n };
    const price = 1n + BigInt(index) * 4_096n;
    const name = { clientOrderId: 1n, price, session: 1, requestId: 1n };
    return [
      commandRecord({ kind: CommandKind.DEPOSIT, ...head, ...funds }),
      commandRecord({ kind: CommandKind.NEW, account, ...order, ...name }),
    ];
  }).flat();
  const group = { records: concatenate([create, ...records]), count: records.length + 1 };
  eventsOf(market, { ...group, timeNs: 1n });
  assert.equal(market.openOrders(), accounts);
  return market;
}

test('no chunk takes more than the room that is asked for', () => {
  const market = sparseMarket(new KernelHost(kernel), 6_000);
  const host = new KernelHost(kernel);
  const adoption = host.adopt();
  let most = 0;
  for (const chunk of market.snapshot()) {
    const { usedBytes } = host;
    assert(adoption.add(chunk));
    most = Math.max(most, host.usedBytes - usedBytes);
  }
  assert(most > 2 ** 20 && most * 4 < CHUNK_ROOM_BYTES, `${most} bytes`);
});

test('a market that there is no memory for is refused, and nothing is left of it', () => {
  const market = sparseMarket(new KernelHost(kernel), 6_000);
  const before = market.stateHash();
  const mostBytes = CHUNK_ROOM_BYTES + 24 * 2 ** 20;
  const host = new KernelHost(kernel, { mostBytes });
  const [flow, other] = [new RandomFlow(3).groups(COMMANDS), host.addMarket(FLOW_CAPACITY)];
  const stays = new KernelHost(kernel).addMarket(FLOW_CAPACITY);
  const used: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const adoption = host.adopt();
    let chunks = 0;
    for (const chunk of market.snapshot()) {
      if (!adoption.add(chunk)) break;
      chunks += 1;
    }
    assert(chunks > (round === 0 ? 1 : -1) && !adoption.isWhole, `${chunks} chunks`);
    while (adoption.drop(STEPS)) {
      const group = flow.next().value;
      if (group !== undefined) assert.deepEqual(eventsOf(other, group), eventsOf(stays, group));
    }
    used.push(host.usedBytes);
  }
  assert(used.every((bytes) => bytes <= mostBytes - CHUNK_ROOM_BYTES + 2 ** 23));
  assert.equal(market.stateHash(), before, 'it goes on where it was');
  assert.equal(other.stateHash(), stays.stateHash());
});

test('one market at a time comes', () => {
  const host = new KernelHost(kernel);
  assert(host.adopt() instanceof Adoption);
  assert.throws(() => host.adopt(), /another market/);
});
