/** The kernel and its naive twin, given the same commands, must not differ in a single byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Account,
  CommandKind,
  CommandOffset,
  MAX_ACCOUNT,
  MAX_AMOUNT,
  MAX_PRICE,
  MAX_QUANTITY,
  RECORD_BYTES,
  Side,
  viewOf,
} from '@foldbook/protocol';
import fc from 'fast-check';
import { buildKernel } from '../build.ts';
import { compareEngines } from './compare-engines.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { createKernelEngine } from './kernel/kernel-engine.ts';
import { loadKernel } from './kernel/kernel-module.ts';
import { createNaiveEngine } from './naive/naive-engine.ts';
import { FLOW_ACCOUNTS, RandomFlow } from './random-flow.ts';
import { settlementRecord } from './settlement.ts';

await buildKernel();
const kernel = await loadKernel();
const newKernel = (options?: EngineOptions) => createKernelEngine(kernel, options);

/** Small enough to be reached by a flow of a few hundred commands. */
const TIGHT: EngineOptions = { orderCapacity: 40, levelCapacity: 12, sessionCapacity: 20 };

/** Most values make sense, so that orders meet; the others are at or beyond the limits. */
const mostly = <Value>(sensible: fc.Arbitrary<Value>, ...strange: Value[]) =>
  fc.oneof(
    { weight: 24, arbitrary: sensible },
    { weight: 1, arbitrary: fc.constantFrom(...strange) },
  );

const { NEW, CANCEL, REPLACE, DEPOSIT, WITHDRAW, CREATE_MARKET, CLOSE_EPOCH } = CommandKind;
const wide = [
  0n,
  MAX_PRICE,
  MAX_PRICE + 1n,
  MAX_QUANTITY + 1n,
  MAX_AMOUNT,
  2n ** 63n,
  2n ** 64n - 1n,
];

const fields = fc.record({
  kind: mostly(
    fc.constantFrom(NEW, NEW, NEW, NEW, NEW, CANCEL, REPLACE, REPLACE, DEPOSIT, WITHDRAW),
    ...([CREATE_MARKET, CLOSE_EPOCH, CLOSE_EPOCH, 0, 4, 255] as number[]),
  ),
  side: mostly(fc.integer({ min: 0, max: 1 }), 2, 255),
  timeInForce: mostly(fc.constantFrom<number[]>(0, 0, 0, 1, 2), 3, 255),
  asset: mostly(fc.integer({ min: 0, max: 1 }), 2, 255),
  account: mostly(fc.constantFrom(...FLOW_ACCOUNTS), 0, 1, MAX_ACCOUNT + 1, 2 ** 32 - 1),
  session: fc.integer({ min: 0, max: 1 }),
  isStale: mostly(fc.constant(false), true),
  clientOrderId: mostly(fc.bigInt({ min: 0n, max: 9n }), ...wide),
  price: mostly(fc.bigInt({ min: 95n, max: 105n }), 1n, 70_000n, 9_999_999n, ...wide),
  quantity: mostly(fc.bigInt({ min: 1n, max: 20n }), MAX_QUANTITY, ...wide),
});
type Fields = typeof fields extends fc.Arbitrary<infer Value> ? Value : never;

const rates = fc.constantFrom([0, 0], [1_000, 2_500], [-200, 300], [450, -450], [99_999, 100_000]);

/** Request ids follow the place in the flow, so that commands stay fresh while a flow is shrunk. */
function recordOf(command: Fields, place: number): Uint8Array {
  const record = new Uint8Array(RECORD_BYTES);
  const view = viewOf(record);
  view.setUint8(CommandOffset.KIND, command.kind);
  view.setUint8(CommandOffset.SIDE, command.side);
  view.setUint8(CommandOffset.TIME_IN_FORCE, command.timeInForce);
  view.setUint8(CommandOffset.ASSET, command.asset);
  view.setUint32(CommandOffset.ACCOUNT, command.account, true);
  view.setUint16(CommandOffset.SESSION, command.session, true);
  view.setBigUint64(CommandOffset.REQUEST_ID, BigInt(command.isStale ? place >> 1 : place), true);
  view.setBigUint64(CommandOffset.CLIENT_ORDER_ID, command.clientOrderId, true);
  view.setBigUint64(CommandOffset.PRICE, command.price, true);
  view.setBigUint64(CommandOffset.QUANTITY, command.quantity, true);
  return record;
}

function creation(makerFeePpm: number, takerFeePpm: number): Uint8Array {
  const record = new Uint8Array(RECORD_BYTES);
  const view = viewOf(record);
  view.setUint8(CommandOffset.KIND, CREATE_MARKET);
  view.setBigUint64(CommandOffset.REQUEST_ID, 1n, true);
  view.setInt32(CommandOffset.MAKER_FEE_PPM, makerFeePpm, true);
  view.setInt32(CommandOffset.TAKER_FEE_PPM, takerFeePpm, true);
  return record;
}

/** Enough for the usual orders, not for all of them. */
const MONEY = FLOW_ACCOUNTS.flatMap((account) =>
  [0, 1].map((asset): Fields => {
    const quantity = asset === 0 ? 200n : 10_000n;
    const none = { side: 0, timeInForce: 0, session: 0, isStale: false, price: 0n };
    return { kind: DEPOSIT, account, asset, quantity, clientOrderId: 0n, ...none };
  }),
);

const ALL_ACCOUNTS = [Account.FEES, ...FLOW_ACCOUNTS];

/** What must hold after every command, whatever it was. */
function assertInvariants(engine: Engine): void {
  const supply = engine.balance(Account.SUPPLY);
  let base = 0n;
  let quote = 0n;
  for (const account of ALL_ACCOUNTS) {
    const balance = engine.balance(account);
    for (const amount of Object.values(balance) as bigint[]) {
      assert(amount >= 0n && amount <= MAX_AMOUNT, `account ${account} has ${amount}`);
    }
    base += balance.baseAvailable + balance.baseHeld;
    quote += balance.quoteAvailable + balance.quoteHeld;
  }
  assert.equal(base, supply.baseAvailable);
  assert.equal(quote, supply.quoteAvailable);
  const bid = engine.depth(Side.BUY, 1)[0];
  const ask = engine.depth(Side.SELL, 1)[0];
  if (bid !== undefined && ask !== undefined) assert(bid.price < ask.price, 'the book is crossed');
}

function compareFlow(flow: readonly Fields[], maker: number, taker: number): void {
  for (const options of [{}, TIGHT]) {
    const [left, right] = [newKernel(options), createNaiveEngine(options)];
    const records = [...MONEY, ...flow].map((command, index) => recordOf(command, index + 2));
    let sequence = 0n;
    for (const record of [creation(maker, taker), ...records]) {
      compareEngines(left, right, [{ records: record, count: 1, timeNs: sequence * 10n }]);
      sequence += 1n;
      assert.equal(left.sequence, sequence);
      assertInvariants(left);
    }
    for (const account of [Account.SUPPLY, ...ALL_ACCOUNTS]) {
      assert.deepEqual(left.balance(account), right.balance(account));
    }
  }
}

test('the kernel and its twin agree on any flow, and the invariants hold in it', () => {
  const flow = fc.array(fields, { minLength: 200, maxLength: 300, size: 'max' });
  const property = fc.property(flow, rates, (commands, [maker = 0, taker = 0]) => {
    compareFlow(commands, maker, taker);
  });
  fc.assert(property, { numRuns: 60 });
});

test('the kernel and its twin agree on long flows', (t) => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  t.diagnostic(`seed ${seed}`);
  for (const offset of [0, 1, 2, 3, 4]) {
    const [left, right] = [newKernel(), createNaiveEngine()];
    const groups = new RandomFlow(seed + offset).groups(10_000);
    const { commands, events } = compareEngines(left, right, groups, () => assertInvariants(left));
    assert.equal(commands, 10_000, `seed ${seed + offset}`);
    assert(events > 10_000, `seed ${seed + offset}`);
  }
});

test('the kernel and its twin agree on a market that runs away', (t) => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  t.diagnostic(`seed ${seed}`);
  const [left, right] = [newKernel(), createNaiveEngine()];
  compareEngines(left, right, new RandomFlow(seed).runaway(3));
  for (const side of [Side.BUY, Side.SELL]) {
    const levels = left.depth(side, 20_000);
    assert(levels.length > 100, `seed ${seed}`);
    assert.deepEqual(levels, right.depth(side, 20_000), `seed ${seed}`);
  }
});

test('settlement records alone give the totals of every account', (t) => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  t.diagnostic(`seed ${seed}`);
  const [left, right] = [newKernel(), createNaiveEngine()];
  const base = new Map<number, bigint>();
  const quote = new Map<number, bigint>();
  const add = (totals: Map<number, bigint>, account: number, amount: bigint) =>
    totals.set(account, (totals.get(account) ?? 0n) + amount);
  let records = 0;
  compareEngines(left, right, new RandomFlow(seed).groups(10_000), (events) => {
    const view = viewOf(events);
    for (let at = 0; at < events.byteLength; at += RECORD_BYTES) {
      const move = settlementRecord(view, at);
      if (move === undefined) continue;
      records += 1;
      add(base, move.a, -move.base);
      add(base, move.b, move.base);
      add(quote, move.b, -move.quote);
      add(quote, move.a, move.quote);
    }
  });
  assert(records > 1_000, `seed ${seed}`);
  const supply = left.balance(Account.SUPPLY);
  assert.equal(-(base.get(Account.SUPPLY) ?? 0n), supply.baseAvailable, `seed ${seed}`);
  assert.equal(-(quote.get(Account.SUPPLY) ?? 0n), supply.quoteAvailable, `seed ${seed}`);
  for (const account of ALL_ACCOUNTS) {
    const balance = left.balance(account);
    const expected = [
      balance.baseAvailable + balance.baseHeld,
      balance.quoteAvailable + balance.quoteHeld,
    ];
    assert.deepEqual([base.get(account) ?? 0n, quote.get(account) ?? 0n], expected, `seed ${seed}`);
  }
});
