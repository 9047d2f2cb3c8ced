import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadKernel } from '@foldbook/engine';
import fc from 'fast-check';
import { blockOf, sharedKernel } from '../../test/decoding.ts';
import { Action, EventFlag, EventSide, type MarketEvent } from '../event.ts';
import { FeaturePlan } from '../features/feature-plan.ts';
import { type BookSide, ReplayBook } from '../replay-book.ts';
import { defineStrategy } from '../strategy/strategy.ts';
import type { StrategyOrders } from '../strategy/strategy-orders.ts';
import { marketEvent } from '../testing/event-block.ts';
import { Backtest, type BacktestResult, type Standing } from './backtest.ts';
import type { LogEntry } from './order-log.ts';

const engine = await loadKernel();

const { ADD, REDUCE, DELETE, MODIFY, EXECUTE, TRADE, CLEAR } = Action;
const SIDES = [EventSide.BUY, EventSide.SELL] as const;
const STEP_NS = 10n;

const prices = fc.bigInt({ min: 97n, max: 103n });
const ids = fc.bigInt({ min: 1n, max: 9n });
const quantities = fc.bigInt({ min: 1n, max: 9n });
const sides = fc.constantFrom(...SIDES);
const told = { orderId: ids, price: prices, quantity: quantities, side: sides };
const flags = fc.constantFrom(EventFlag.LAST, EventFlag.LAST, EventFlag.LAST, 0);
/** Of an order that is named alone, as ITCH does; its price is its own. */
const NAMED = EventFlag.LAST | EventFlag.NO_PRICE;
const events = fc.oneof(
  { weight: 10, arbitrary: fc.record({ ...told, action: fc.constant(ADD), flags }) },
  {
    weight: 5,
    arbitrary: fc.record({ ...told, action: fc.constantFrom(REDUCE, DELETE, MODIFY), flags }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      orderId: ids,
      quantity: quantities,
      action: fc.constant(EXECUTE),
      side: fc.constant(EventSide.NONE),
      flags: fc.constant(NAMED),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      ...told,
      action: fc.constant(TRADE),
      flags: fc.constantFrom(EventFlag.LAST, 0, EventFlag.PART, EventFlag.PART | NAMED),
    }),
  },
  { weight: 1, arbitrary: fc.record({ action: fc.constant(CLEAR), quantity: quantities }) },
);
const asks = fc.record({
  what: fc.constantFrom('place', 'place', 'place', 'cancel', 'replace'),
  side: fc.constantFrom('buy' as const, 'sell' as const),
  price: fc.integer({ min: 96, max: 104 }),
  quantity: fc.integer({ min: 1, max: 9 }),
  timeInForce: fc.constantFrom('gtc', 'gtc', 'ioc', 'post_only', 'fok' as const),
  id: fc.nat(),
});
type Ask = typeof asks extends fc.Arbitrary<infer T> ? T : never;
type Step = { readonly event: Partial<MarketEvent>; readonly asks: readonly Ask[] };
const steps = fc.array(
  fc.record({ event: events, asks: fc.oneof(fc.constant([]), fc.array(asks, { maxLength: 2 })) }),
  { minLength: 30, maxLength: 60 },
);
const runs = fc.record({
  steps,
  latency: fc.record({
    dataNs: fc.nat({ max: 9 }),
    orderNs: fc.nat({ max: 40 }),
    jitterNs: fc.nat({ max: 9 }),
  }),
  fees: fc.constantFrom(
    { makerPpm: 0, takerPpm: 0 },
    { makerPpm: -9_000, takerPpm: 20_000 },
    { makerPpm: 30_000, takerPpm: -10_000 },
  ),
});
type Run = typeof runs extends fc.Arbitrary<infer T> ? T : never;

/** Of a price's side in the feed's book after each event. */
type Depth = { readonly timeNs: bigint; readonly sides: ReadonlyMap<bigint, bigint>[] };

interface Done extends BacktestResult {
  readonly standings: readonly Standing[];
  readonly depths: readonly Depth[];
}

function doAsk(orders: StrategyOrders, ask: Ask, placed: number[]): void {
  const id = placed[ask.id % placed.length];
  const { side, price, quantity } = ask;
  const timeInForce = ask.timeInForce as 'gtc';
  if (ask.what === 'place' || id === undefined) {
    placed.push(orders.place({ instrument: 0, side, price, quantity, timeInForce }));
  } else if (ask.what === 'cancel') orders.cancel(id);
  else orders.replace(id, { price, quantity });
}

function perform({ steps, latency, fees }: Run): Done {
  const kernel = sharedKernel();
  const book = new ReplayBook({ kernel, lenient: true });
  const depths: Depth[] = [];
  const strategy = defineStrategy({
    start: ({ orders }) => ({
      onBlock({ firstEvent, count }) {
        const placed = (placedBy.get(book) ?? placedBy.set(book, []).get(book)) as number[];
        depths.push({
          timeNs: BigInt(firstEvent + count - 1) * STEP_NS,
          sides: SIDES.map((side) => depthOf(book, side)),
        });
        for (let row = 0; row < count; row += 1) {
          for (const ask of steps[firstEvent + row]?.asks ?? []) {
            if (orders !== undefined) doAsk(orders, ask, placed);
          }
        }
      },
    }),
  });
  const placedBy = new Map<ReplayBook, number[]>();
  const context = { instruments: () => ['X'], priceDecimals: 0, quantityDecimals: 0 };
  const backtest = new Backtest({
    kernel,
    engine,
    book,
    plan: new FeaturePlan(kernel, []),
    strategy: { path: 'test', strategy, context, columns: [] },
    units: () => ({ tick: 1n, lot: 1n }),
    latency,
    fees,
  });
  const flow = steps.map(({ event }, index) =>
    marketEvent({ ...event, timeNs: BigInt(index) * STEP_NS }),
  );
  backtest.apply(blockOf(kernel, flow));
  const standings = backtest.standings();
  return { ...backtest.end(), standings, depths };
}

const depthOf = (book: ReplayBook, side: BookSide) =>
  new Map(book.levels(0, side).map(({ price, quantity }) => [price, quantity]));

/** The engine's balances are what the log says. */
function checkMoney({ standings, profit }: Done): void {
  for (const { instrument, position, total } of standings) {
    const found = profit.find((each) => each.instrument === instrument);
    assert.equal(found?.position ?? 0n, position);
    // Without a quote the log counts what is held at the last fill, the balances do not.
    if (total !== undefined) assert.equal(found?.total ?? 0n, total);
  }
}

const sumOf = (fills: readonly { readonly quantity: bigint }[]) =>
  fills.reduce((sum, { quantity }) => sum + quantity, 0n);
const fillsOf = (log: readonly LogEntry[]) =>
  log.flatMap((entry) => (entry.type === 'fill' ? [entry] : []));

/** An auction is called: nothing trades. */
const isCrossed = (depth: Depth | undefined) => {
  const [bids = [], asks = []] = depth?.sides.map((side) => [...side.keys()]) ?? [];
  return bids.some((bid) => asks.some((ask) => bid >= ask));
};

/**
 * What ours gave was traded in the feed, or came to rest there, at that very event, or waited for a
 * book that is whole and not crossed.
 */
function checkMakers({ log, depths }: Done, steps: readonly Step[]): void {
  const makers = fillsOf(log).filter(({ liquidity }) => liquidity === 'maker');
  for (const [timeNs, fills] of Map.groupBy(makers, (fill) => fill.timeNs)) {
    const event = steps[Number(timeNs / STEP_NS)]?.event;
    assert.ok(timeNs % STEP_NS === 0n && event?.quantity !== undefined);
    const before = steps[Number(timeNs / STEP_NS) - 1]?.event;
    // A trade may be settled once it is clear that no parts follow.
    const traded = event.quantity + (before?.action === TRADE ? (before.quantity ?? 0n) : 0n);
    const wasCrossed = isCrossed(depths.findLast((depth) => depth.timeNs < timeNs));
    const isStill = wasCrossed && isCrossed(depths.find((depth) => depth.timeNs >= timeNs));
    const isWithin = before !== undefined && ((before.flags ?? 0) & EventFlag.LAST) === 0;
    if ((wasCrossed && !isStill) || isWithin) continue;
    assert.ok(sumOf(fills) <= traded, `${sumOf(fills)} of ${traded}`);
    if (isStill) assert.ok(event.action === EXECUTE || [event, before].some(isTrade));
    if (event.action !== ADD || before?.action === TRADE) continue;
    for (const { side, price } of fills) {
      const isReached =
        side === 'buy' ? price >= (event.price ?? 0n) : price <= (event.price ?? 0n);
      assert.ok(isReached, `${side} at ${price}, where ${event.price} came`);
    }
  }
}

const isTrade = (event: Step['event'] | undefined) => event?.action === TRADE;

/** What ours took was there, and somebody let it. */
function checkTakers({ log, depths }: Done): void {
  const takers = fillsOf(log).filter(({ liquidity }) => liquidity === 'taker');
  for (const fills of Map.groupBy(
    takers,
    (fill) => `${fill.id} ${fill.timeNs} ${fill.price}`,
  ).values()) {
    const [first] = fills;
    assert.ok(first !== undefined);
    const shown = depths.findLast(({ timeNs }) => timeNs <= first.timeNs);
    assert.ok(!isCrossed(shown), `a fill at ${first.timeNs} of a crossed book`);
    const there = shown?.sides[first.side === 'buy' ? 1 : 0]?.get(first.price) ?? 0n;
    assert.ok(sumOf(fills) <= there, `${sumOf(fills)} of ${there} at ${first.price}`);
  }
}

/** An order fills no further than it asked, and has one end. */
function checkOrders({ log }: Done): void {
  const events = log.filter((entry) => entry.type !== 'mark');
  for (const [id, entries] of Map.groupBy(events, ({ id }) => id)) {
    let open = 0n;
    let isOver = false;
    for (const entry of entries) {
      if (entry.type === 'accepted' || entry.type === 'replaced') open = entry.quantity;
      if (entry.type === 'fill') {
        assert.ok(!isOver, `order ${id} is over`);
        open -= entry.quantity;
        assert.equal(entry.left, open);
      }
      if (entry.type === 'cancelled') assert.equal(entry.quantity, open);
      isOver ||= entry.type === 'cancelled' || (entry.type === 'fill' && open === 0n);
      assert.ok(open >= 0n);
    }
  }
}

test('money is kept, fills are of what traded or rested, and a run repeats itself', () => {
  fc.assert(
    fc.property(runs, (run) => {
      const done = perform(run);
      checkMoney(done);
      checkMakers(done, run.steps);
      checkTakers(done);
      checkOrders(done);
      assert.equal(perform(run).logHash, done.logHash);
    }),
    { numRuns: 200 },
  );
});
