/** The kernel and its naive twin, given the same commands, must not differ in a single byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Account,
  CommandKind,
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
import { type CommandFields, commandRecord } from './command-record.ts';
import { type CompareOptions, compareEngines } from './compare-engines.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { createKernelEngine, restoreKernelEngine } from './kernel/kernel-engine.ts';
import { loadKernel } from './kernel/kernel-module.ts';
import { createNaiveEngine } from './naive/naive-engine.ts';
import { restoreNaiveEngine } from './naive/restore.ts';
import { FLOW_ACCOUNTS, FLOW_CAPACITY, type FlowOptions, RandomFlow } from './random-flow.ts';
import { settlementRecord } from './settlement.ts';
import { compareFlow } from './shrink-flow.ts';

await buildKernel();
const kernel = await loadKernel();
const newKernel = (options?: EngineOptions) => createKernelEngine(kernel, options);
const engines = (options: EngineOptions = {}) => {
  return { left: () => newKernel(options), right: () => createNaiveEngine(options) };
};
const restore: CompareOptions['restore'] = {
  left: (chunks) => restoreKernelEngine(kernel, chunks),
  right: (chunks) => restoreNaiveEngine(chunks),
};

/** Small enough to be reached by a flow of a few hundred commands. */
const TIGHT: EngineOptions = { orderCapacity: 40, levelCapacity: 12, sessionCapacity: 20 };
const START_SECONDS = 1_000;

/** Most values make sense, so that orders meet; the others are at or beyond the limits. */
const mostly = <Value>(sensible: fc.Arbitrary<Value>, ...strange: Value[]) =>
  fc.oneof(
    { weight: 24, arbitrary: sensible },
    { weight: 1, arbitrary: fc.constantFrom(...strange) },
  );
/** None, but for one in a few. */
const seldom = <Value>(none: Value, some: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(none) }, { weight: 1, arbitrary: some });

const { NEW, CANCEL, REPLACE, AMEND, QUOTE, DEPOSIT } = CommandKind;
const wide = [
  0n,
  MAX_PRICE,
  MAX_PRICE + 1n,
  MAX_QUANTITY + 1n,
  MAX_AMOUNT,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** Kinds share bytes: what is a price to one is a limit, or nothing, to another. */
const fields = fc.record({
  kind: mostly(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.constantFrom<number[]>(NEW, NEW, NEW, CANCEL, REPLACE, AMEND, QUOTE),
      },
      { weight: 1, arbitrary: fc.constantFrom<number[]>(...Object.values(CommandKind)) },
    ),
    ...[0, 9, 255],
  ),
  side: mostly(fc.integer({ min: 0, max: 1 }), 2, 255),
  timeInForce: mostly(fc.integer({ min: 0, max: 4 }), 5, 255),
  orderType: mostly(seldom(0, fc.integer({ min: 1, max: 3 })), 4, 255),
  selfTrade: mostly(seldom(0, fc.integer({ min: 1, max: 4 })), 5, 255),
  flags: mostly(seldom(0, fc.integer({ min: 1, max: 7 })), 8, 255),
  account: mostly(fc.constantFrom(...FLOW_ACCOUNTS), 0, 1, MAX_ACCOUNT + 1, 2 ** 32 - 1),
  session: fc.integer({ min: 0, max: 1 }),
  isStale: mostly(fc.constant(false), true),
  clientOrderId: mostly(fc.bigInt({ min: 0n, max: 9n }), ...wide),
  price: mostly(fc.bigInt({ min: 95n, max: 105n }), 1n, 70_000n, 9_999_999n, ...wide),
  quantity: mostly(fc.bigInt({ min: 1n, max: 20n }), MAX_QUANTITY, 2n ** 64n - 5n, ...wide),
  displayQuantity: mostly(seldom(0n, fc.bigInt({ min: 1n, max: 9n })), ...wide),
  stopPrice: mostly(seldom(0n, fc.bigInt({ min: 95n, max: 105n })), ...wide),
  expireTime: mostly(seldom(0, fc.integer({ min: 1, max: 9 })), 500, 2 ** 32 - 1),
  /** From the command before it; some are exactly a second. */
  waitNs: mostly(fc.constant(0n), 1n, 500_000_000n, 1_000_000_000n, 5_000_000_000n),
});
type Fields = typeof fields extends fc.Arbitrary<infer Value> ? Value : never;

const rates = fc.constantFrom([0, 0], [1_000, 2_500], [-200, 300], [450, -450], [99_999, 100_000]);

/**
 * Deadlines are told from the beginning; CANCEL_AFTER, tiers and the like have other numbers there.
 */
function expiry({ kind, timeInForce, expireTime }: Fields): number {
  const hasTime = kind === NEW || kind === REPLACE || kind === QUOTE;
  return hasTime && timeInForce === 4 && expireTime < 500 ? START_SECONDS + expireTime : expireTime;
}

/** Orders that a stop or a time makes no sense for have none, so that most of them get further. */
function commandOf(command: Fields, place: number): CommandFields {
  const { isStale, waitNs: _, ...rest } = command;
  const requestId = isStale ? place >> 1 : place;
  const isStop = command.orderType === 2 || command.orderType === 3;
  const stopPrice = isStop && command.stopPrice === 0n ? 103n : command.stopPrice;
  return { ...rest, requestId, expireTime: expiry(command), stopPrice };
}

/** Enough for the usual orders, not for all of them. */
const MONEY: CommandFields[] = FLOW_ACCOUNTS.flatMap((account) =>
  [200, 10_000].map((amount, asset) => ({ kind: DEPOSIT, account, asset, amount })),
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

/** Request ids follow the place in the flow, so that commands stay fresh while a flow is shrunk. */
function* singleCommands(flow: readonly Fields[], maker: number, taker: number) {
  const create = { kind: CommandKind.CREATE_MARKET, makerFeePpm: maker, takerFeePpm: taker };
  const opening = [{ ...create, maxFeePpm: 100_000 }, ...MONEY].map((command, index) => {
    return { ...command, session: 0, requestId: index + 1 };
  });
  let timeNs = BigInt(START_SECONDS) * 1_000_000_000n;
  for (const command of opening) yield { records: commandRecord(command), count: 1, timeNs };
  for (const [index, command] of flow.entries()) {
    timeNs += command.waitNs;
    const records = commandRecord(commandOf(command, opening.length + 1 + index));
    yield { records, count: 1, timeNs };
  }
}

test('the kernel and its twin agree on any flow, and no invariant breaks', () => {
  const flows = fc.array(fields, { minLength: 100, maxLength: 250, size: 'max' });
  const property = fc.property(flows, rates, (flow, [maker = 0, taker = 0]) => {
    for (const options of [{}, TIGHT]) {
      const { left, right } = { left: newKernel(options), right: createNaiveEngine(options) };
      let sequence = 0n;
      for (const group of singleCommands(flow, maker, taker)) {
        compareEngines(left, right, [group]);
        sequence += 1n;
        assert.equal(left.sequence, sequence);
        assertInvariants(left);
      }
      const nothing = { records: new Uint8Array(0), count: 0, timeNs: 0n };
      compareEngines(left, right, [nothing], { snapshotEvery: 1, restore });
    }
  });
  fc.assert(property, { numRuns: 120 });
});

/** Markets of different characters. */
const FLOWS: readonly (readonly [what: string, capacity: EngineOptions, flow: FlowOptions])[] = [
  ['everything, in little room', FLOW_CAPACITY, {}],
  ['everything, in much room', {}, {}],
  ['few names and prices', {}, { names: 6, spread: 2 }],
  ['a wide book', {}, { names: 2_000, spread: 3_000 }],
  ['one account against itself', {}, { accounts: [9], names: 60 }],
  [
    'nothing but orders',
    {},
    { weights: { purge: 0, cancelAll: 0, cancelAfter: 0, state: 0, admin: 0 } },
  ],
];

for (const [what, capacity, flow] of FLOWS) {
  test(`the kernel and its twin agree on long flows: ${what}`, () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const groups = new RandomFlow(seed, flow).groups(8_000);
    const options = { isThorough: true, snapshotEvery: 40, restore };
    const { commands, events } = compareFlow(`seed ${seed}`, engines(capacity), groups, options);
    assert.equal(commands, 8_000, `seed ${seed}`);
    assert(events > 8_000, `seed ${seed}`);
  });
}

test('money stays what it is on long flows', (t) => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  t.diagnostic(`seed ${seed}`);
  const [left, right] = [newKernel(), createNaiveEngine()];
  compareEngines(left, right, new RandomFlow(seed).groups(10_000), {
    onGroup: () => assertInvariants(left),
  });
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
  const onGroup = (events: Uint8Array) => {
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
  };
  compareEngines(left, right, new RandomFlow(seed).groups(10_000), { onGroup });
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
