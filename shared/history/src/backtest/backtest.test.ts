import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadKernel } from '@foldbook/engine';
import { blockOf, sharedKernel } from '../../test/decoding.ts';
import { Action, EventFlag, EventSide, type MarketEvent } from '../event.ts';
import { parseFeature } from '../features/feature.ts';
import { FeaturePlan } from '../features/feature-plan.ts';
import type { HistoryKernel } from '../kernel/history-kernel.ts';
import { ReplayBook } from '../replay-book.ts';
import { defineStrategy, type Strategy } from '../strategy/strategy.ts';
import type { StrategyOrders } from '../strategy/strategy-orders.ts';
import { marketEvent } from '../testing/event-block.ts';
import { Backtest, type BacktestOptions } from './backtest.ts';
import { type LogEntry, logLine } from './order-log.ts';

const engine = await loadKernel();

const { DELETE, EXECUTE, MODIFY, TRADE } = Action;
const { SELL } = EventSide;
const { LAST, PART } = EventFlag;
const TICK = { tick: 1n, lot: 1n };

/** What to do once an event was seen, by its number. */
type Script = Readonly<Record<number, (orders: StrategyOrders) => void>>;
type Options = Partial<Pick<BacktestOptions, 'latency' | 'fees' | 'funds' | 'joined' | 'units'>>;

function newBacktest(kernel: HistoryKernel, strategy: Strategy, options: Options = {}): Backtest {
  const context = { instruments: () => ['X'], priceDecimals: 0, quantityDecimals: 0 };
  return new Backtest({
    kernel,
    engine,
    book: new ReplayBook({ kernel, lenient: true, joined: options.joined ?? false }),
    plan: new FeaturePlan(kernel, [parseFeature('mid')]),
    strategy: { path: 'test', strategy, context, columns: [0] },
    units: () => TICK,
    ...options,
  });
}

/** Events are 10 ns apart where they do not say when, and each is a message of its own. */
function run(flow: readonly Partial<MarketEvent>[], script: Script, options: Options = {}) {
  const kernel = sharedKernel();
  const seen: string[] = [];
  const strategy = defineStrategy({
    start: ({ orders }) => ({
      onBlock({ count, firstEvent }) {
        for (let row = 0; row < count; row += 1) {
          if (orders !== undefined) script[firstEvent + row]?.(orders);
        }
      },
      onOrder: ({ type, id, reason }) => seen.push([type, id, reason ?? []].flat().join(' ')),
      onFill: ({ id, quantity, price, left }) =>
        seen.push(`fill ${id} ${quantity}@${price} ${left}`),
    }),
  });
  const backtest = newBacktest(kernel, strategy, options);
  const events = flow.map((event, index) =>
    marketEvent({ flags: LAST, timeNs: BigInt(index) * 10n, ...event }),
  );
  backtest.apply(blockOf(kernel, events));
  const standings = backtest.standings();
  return { ...backtest.end(), standings, seen };
}

const filled = (log: readonly LogEntry[]) =>
  log.flatMap((entry) =>
    entry.type === 'fill' ? [[entry.timeNs, entry.quantity, entry.price, entry.liquidity]] : [],
  );
const kindsOf = ({ replay }: ReturnType<typeof run>) =>
  replay.differences.map(({ kind, quantity }) => `${kind} ${quantity}`);
const buy = (price: number, quantity: number) => (orders: StrategyOrders) =>
  void orders.place({ instrument: 0, side: 'buy', price, quantity });

/** Bid 10 lots at 100 (order 1), ask 10 at 103 (order 2). */
const BOOK = [{ orderId: 1n }, { orderId: 2n, side: SELL, price: 103n }] as const;
/** Somebody sells to order `orderId`. */
const sold = (orderId: bigint, quantity: bigint) => ({ action: EXECUTE, orderId, quantity });

describe('queue position', () => {
  test('behind an order, ours is filled once that one is gone, by what is traded then', () => {
    const late = { orderId: 3n, quantity: 10n };
    const flow = [...BOOK, {}, late, sold(1n, 10n), sold(3n, 4n), sold(3n, 3n), sold(3n, 3n)];
    const result = run(flow.with(2, { action: Action.STATUS }), { 1: buy(100, 5) });
    // It came after order 1 and before order 3, which keeps all that the feed leaves it.
    assert.deepEqual(filled(result.log), [
      [50n, 4n, 100n, 'maker'],
      [60n, 1n, 100n, 'maker'],
    ]);
    assert.deepEqual(result.seen, ['accepted 1', 'fill 1 4@100 1', 'fill 1 1@100 0']);
    assert.deepEqual(kindsOf(result), ['own_before 5']);
    assert.deepEqual([result.replay.same, result.replay.executions], [2, 4]);
  });

  test('an order that leaves before ours moves ours up, one that comes back goes behind it', () => {
    const wait = { action: Action.STATUS };
    const gone = run([...BOOK, wait, { action: DELETE }, { orderId: 3n }, sold(3n, 2n)], {
      1: buy(100, 5),
    });
    assert.deepEqual(filled(gone.log), [[50n, 2n, 100n, 'maker']]);
    const back = run([...BOOK, wait, { action: MODIFY, quantity: 11n }, sold(1n, 2n)], {
      1: buy(100, 5),
    });
    assert.deepEqual(filled(back.log), [[40n, 2n, 100n, 'maker']]);
  });

  test('at a better price ours is filled first, also by what traded hidden; at its own not', () => {
    const wait = { action: Action.STATUS };
    const hidden = { action: TRADE, orderId: 0n, quantity: 2n };
    const flow = [
      ...BOOK,
      wait,
      sold(1n, 3n),
      { ...hidden, price: 101n },
      { ...hidden, price: 100n },
    ];
    const result = run(flow, { 1: buy(101, 9) });
    assert.deepEqual(filled(result.log), [
      [30n, 3n, 101n, 'maker'],
      [50n, 2n, 101n, 'maker'],
    ]);
  });

  test('the parts of one trade fill ours once', () => {
    const part = { action: TRADE, flags: PART, timeNs: 40n } as const;
    const flow = [
      ...BOOK,
      { orderId: 3n, price: 99n },
      { orderId: 4n, price: 99n },
      { action: TRADE, orderId: 0n, quantity: 14n, flags: 0, timeNs: 40n },
      { ...part, orderId: 1n, quantity: 10n },
      { ...part, orderId: 3n, price: 99n, quantity: 4n },
      { action: DELETE, orderId: 1n, flags: 0, timeNs: 40n },
      { action: MODIFY, orderId: 3n, price: 99n, quantity: 6n, timeNs: 40n },
    ];
    const result = run(flow, { 1: buy(101, 2), 2: buy(99, 3) });
    assert.deepEqual(filled(result.log), [[40n, 2n, 101n, 'maker']]);
    assert.deepEqual(kindsOf(result), ['own_before 2']);
  });
});

describe('an auction is called: the book of the feed is crossed', () => {
  const wait = { action: Action.STATUS, quantity: 2n };
  const higher = { orderId: 3n, price: 104n };
  const sellAt = (price: number) => (orders: StrategyOrders) =>
    void orders.place({ instrument: 0, side: 'sell', price, quantity: 5 });

  test('ours are refused, and may be cancelled', () => {
    const result = run([...BOOK, wait, higher, wait, wait, wait], {
      1: buy(100, 1),
      3: buy(104, 1),
      4: (orders) => orders.replace(1, { price: 99, quantity: 1 }),
      5: (orders) => orders.cancel(1),
    });
    assert.deepEqual(result.seen, [
      ...['accepted 1', 'rejected 2 BOOK_CROSSED', 'rejected 1 BOOK_CROSSED'],
      'cancelled 1 requested',
    ]);
    assert.deepEqual(filled(result.log), []);
  });

  test('what crosses ours does not fill them, before the feed says who trades', () => {
    const later = { orderId: 4n, price: 105n };
    const gone = { action: DELETE, orderId: 3n };
    const flow = [...BOOK, wait, higher, later, { ...gone, orderId: 4n }, gone, wait];
    // Neither by the order that crosses first, nor by those that find the book so.
    const none = run(flow, { 1: sellAt(102) });
    assert.deepEqual([filled(none.log), kindsOf(none)], [[], []]);
    // Order 4 is still there when the book is not crossed any more.
    const auction = { action: EXECUTE, orderId: 2n, side: SELL, price: 104n };
    const opening = { ...auction, flags: 0, timeNs: 50n };
    const bought = { action: EXECUTE, orderId: 3n, price: 104n, timeNs: 50n };
    const opened = run([...BOOK, wait, higher, later, opening, bought, wait], { 1: sellAt(103) });
    assert.deepEqual(filled(opened.log), [[50n, 5n, 103n, 'maker']]);
    assert.deepEqual(opened.seen, ['accepted 1', 'fill 1 5@103 0']);
  });

  test('orders change place while they wait, and go with a clear', () => {
    const moved = { action: MODIFY, orderId: 3n, price: 101n };
    const taken = { ...sold(3n, 10n), price: 101n };
    const one = run([...BOOK, wait, higher, moved, taken], { 1: sellAt(102) });
    assert.deepEqual([filled(one.log), one.replay.same], [[], 1]);
    const clear = { action: Action.CLEAR, orderId: 0n };
    const other = run([...BOOK, wait, higher, clear, { orderId: 9n }, wait, wait], {
      5: sellAt(100),
    });
    assert.deepEqual(filled(other.log), [[50n, 5n, 100n, 'taker']]);
  });
});

describe('latency', () => {
  const flow = [...BOOK, { orderId: 3n, quantity: 1n }, { action: DELETE }, sold(3n, 1n)];
  const arrivals = [
    [0, 20n, true],
    // Arrives in the nanosecond of order 3, so after it.
    [10, 20n, false],
    [15, 25n, false],
  ] as const;
  for (const [orderNs, , isFirst] of arrivals) {
    test(`an order that takes ${orderNs} ns is ${isFirst ? 'in time' : 'too late'}`, () => {
      const { log } = run(flow, { 1: buy(100, 1) }, { latency: { orderNs } });
      assert.equal(filled(log).length, isFirst ? 1 : 0);
      const [placed, accepted] = log;
      assert.ok(placed?.type === 'place' && accepted?.type === 'accepted');
      assert.deepEqual([placed.timeNs, placed.arrivesNs], [10n, 10n + BigInt(orderNs)]);
      assert.equal(accepted.timeNs, 10n + BigInt(orderNs));
    });
  }

  test('news takes its time as well, and nothing overtakes', () => {
    const latency = { dataNs: 7, orderNs: 20, jitterNs: 500, seed: 3 };
    const script = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [index + 2, buy(90 - index, 1)]),
    );
    const steps = Array.from({ length: 200 }, () => ({ action: Action.STATUS }));
    const one = run([...BOOK, ...steps], script, { latency });
    const arrivals = one.log.flatMap((entry) => (entry.type === 'place' ? [entry.arrivesNs] : []));
    assert.deepEqual(
      arrivals,
      arrivals.toSorted((a, b) => Number(a - b)),
    );
    for (const entry of one.log) {
      if (entry.type !== 'place') continue;
      const eventNs = BigInt(entry.id + 1) * 10n;
      assert.ok(entry.timeNs >= eventNs + 7n && entry.arrivesNs >= entry.timeNs + 20n);
    }
    const ids = one.log.flatMap((entry) => (entry.type === 'accepted' ? [entry.id] : []));
    assert.equal(ids.length, 50);
    assert.equal(run([...BOOK, ...steps], script, { latency }).logHash, one.logHash);
    const other = run([...BOOK, ...steps], script, { latency: { ...latency, seed: 4 } });
    assert.notEqual(other.logHash, one.logHash);
  });

  test('a cancel that loses the race is rejected, one that wins saves the order', () => {
    const wait = { action: Action.STATUS };
    const race = [...BOOK, wait, { action: DELETE }, { orderId: 3n }, sold(3n, 5n), wait, wait];
    const script = { 1: buy(100, 5), 4: (orders: StrategyOrders) => orders.cancel(1) };
    const lost = run(race, script, { latency: { orderNs: 10 } });
    assert.deepEqual(lost.seen, ['accepted 1', 'fill 1 5@100 0', 'rejected 1 UNKNOWN_ORDER']);
    const won = run(race, script, { latency: { orderNs: 5 } });
    assert.deepEqual(won.seen, ['accepted 1', 'cancelled 1 requested']);
  });

  test('inside a message of the feed nothing of ours comes in', () => {
    const inside = { flags: 0, timeNs: 30n };
    const flow = [
      ...BOOK,
      { orderId: 3n, side: SELL, price: 102n, ...inside },
      { action: DELETE, orderId: 3n, side: SELL, price: 102n, timeNs: 60n },
      { action: Action.STATUS, timeNs: 70n },
    ];
    const { log } = run(flow, { 1: buy(102, 1) }, { latency: { orderNs: 25 } });
    assert.deepEqual(filled(log), []);
  });
});

describe('orders that take', () => {
  const wait = { action: Action.STATUS };

  test('take what rests, and what is taken is gone until the feed moves it', () => {
    const ioc = (quantity: number) => (orders: StrategyOrders) =>
      void orders.place({ instrument: 0, side: 'buy', price: 103, quantity, timeInForce: 'ioc' });
    const flow = [
      ...BOOK,
      wait,
      wait,
      { action: Action.REDUCE, orderId: 2n, side: SELL, price: 103n, quantity: 1n },
      { action: EXECUTE, orderId: 2n, side: SELL, price: 103n, quantity: 5n },
      { action: MODIFY, orderId: 2n, side: SELL, price: 103n, quantity: 6n },
      wait,
    ];
    const result = run(flow, { 1: ioc(7), 2: ioc(7), 6: ioc(7) });
    assert.deepEqual(filled(result.log), [
      [10n, 7n, 103n, 'taker'],
      [20n, 3n, 103n, 'taker'],
      [60n, 6n, 103n, 'taker'],
    ]);
    assert.deepEqual(kindsOf(result), ['taken 9']);
    assert.deepEqual(result.seen.slice(2, 5), [
      'accepted 2',
      'fill 2 3@103 4',
      'cancelled 2 immediate_or_cancel',
    ]);
  });

  test('an order of the feed that comes to ours fills it, and is so much shorter', () => {
    const seller = { orderId: 3n, side: SELL, price: 101n, quantity: 6n };
    const flow = [...BOOK, wait, seller, { ...seller, action: EXECUTE, quantity: 6n }];
    const result = run(flow, { 1: buy(102, 4) });
    assert.deepEqual(filled(result.log), [[30n, 4n, 102n, 'maker']]);
    assert.deepEqual(kindsOf(result), ['taken 4']);
  });

  test('post-only, fill-or-kill, ticks, funds and instruments: what is refused', () => {
    const place = (fields: object) => (orders: StrategyOrders) =>
      void orders.place({ instrument: 0, side: 'buy', price: 103, quantity: 1, ...fields });
    const script = {
      1: place({ timeInForce: 'post_only' }),
      2: place({ timeInForce: 'fok', quantity: 11 }),
      3: place({ price: 0 }),
      4: place({ quantity: 0 }),
      5: place({ quantity: 9, price: 102 }),
      6: place({ instrument: 7 }),
      7: place({ side: 'sell' }),
    };
    const flow = [...BOOK, ...Array.from({ length: 8 }, () => wait)];
    const { seen } = run(flow, script, { funds: { base: 0n, quote: 900n } });
    assert.deepEqual(seen, [
      'rejected 1 WOULD_CROSS',
      'rejected 2 INSUFFICIENT_FUNDS',
      'rejected 3 INVALID_PRICE',
      'rejected 4 INVALID_QUANTITY',
      'rejected 5 INSUFFICIENT_FUNDS',
      'rejected 6 UNKNOWN_MARKET',
      'rejected 7 INSUFFICIENT_FUNDS',
    ]);
  });

  test('replace keeps the place of what shrinks, and may trade; ours do not meet', () => {
    const flow = [
      ...BOOK,
      wait,
      { orderId: 3n },
      wait,
      { action: DELETE },
      sold(3n, 9n),
      wait,
      wait,
      wait,
    ];
    const result = run(flow, {
      1: buy(100, 5),
      3: (orders) => orders.replace(1, { price: 100, quantity: 2 }),
      6: buy(100, 4),
      7: (orders) => orders.replace(2, { price: 103, quantity: 3 }),
      8: (orders) => void orders.place({ instrument: 0, side: 'sell', price: 99, quantity: 1 }),
    });
    assert.deepEqual(filled(result.log), [
      [60n, 2n, 100n, 'maker'],
      [70n, 3n, 103n, 'taker'],
      [80n, 1n, 100n, 'taker'],
    ]);
    const last = run([...BOOK, wait, wait, wait], {
      1: buy(101, 5),
      2: (orders) => void orders.place({ instrument: 0, side: 'sell', price: 101, quantity: 2 }),
    });
    assert.deepEqual(last.seen, ['accepted 1', 'accepted 2', 'cancelled 1 self_trade']);
  });
});

test('a tick learned from few prices is finer than the venue, and ours keep to its own', () => {
  const kernel = sharedKernel();
  const seen: string[] = [];
  /** By the event behind which each is bid. */
  const bidAt = new Map([
    [1, 95],
    [15, 95],
    [16, 96],
  ]);
  const strategy = defineStrategy({
    start: ({ orders }) => ({
      onBlock({ firstEvent, count }) {
        const price = bidAt.get(firstEvent + count - 1);
        if (orders !== undefined && price !== undefined) buy(price, 1)(orders);
      },
      onOrder: ({ type, id, reason }) => seen.push([type, id, reason ?? []].flat().join(' ')),
    }),
  });
  const backtest = newBacktest(kernel, strategy, { units: undefined });
  const bids = Array.from({ length: 20 }, (_, index) => {
    const prices = { price: 100n + 2n * BigInt(index), orderId: BigInt(index + 1) };
    return marketEvent({ flags: LAST, timeNs: BigInt(index) * 10n, ...prices });
  });
  backtest.apply(blockOf(kernel, bids.slice(0, 2)));
  backtest.apply(blockOf(kernel, bids.slice(2)));
  backtest.end();
  assert.deepEqual(seen, ['accepted 1', 'rejected 2 INVALID_PRICE', 'accepted 3']);
});

describe('what the venue does', () => {
  const wait = { action: Action.REPORT };
  const halt = { action: Action.STATUS, quantity: 0n };
  const goOn = { action: Action.STATUS, quantity: 2n };

  test('while it halts trading, orders may only be cancelled', () => {
    const script: Script = {
      1: buy(100, 5),
      2: buy(103, 5),
      3: (orders) => orders.replace(1, { price: 101, quantity: 5 }),
      4: (orders) => orders.cancel(1),
      6: buy(103, 5),
    };
    const { seen } = run([...BOOK, halt, wait, wait, goOn, wait, wait], script);
    assert.deepEqual(seen, [
      'accepted 1',
      'rejected 2 MARKET_CANCEL_ONLY',
      'rejected 1 MARKET_CANCEL_ONLY',
      'cancelled 1 requested',
      'accepted 3',
      'fill 3 5@103 0',
    ]);
  });

  test('a snapshot clears the book as well, within its first message', () => {
    const kernel = sharedKernel();
    const seen: string[] = [];
    const strategy = defineStrategy({
      start: ({ orders }) => ({
        onBlock({ firstEvent }) {
          if (firstEvent === 0)
            orders?.place({ instrument: 0, side: 'buy', price: 100, quantity: 5 });
        },
        onOrder: ({ type, id, reason }) => {
          seen.push([type, reason ?? []].flat().join(' '));
          if (reason !== 'cleared') return;
          orders?.place({ instrument: 0, side: 'buy', price: 100, quantity: id + 4 });
        },
        onFill: ({ quantity }) => seen.push(`fill ${quantity}`),
      }),
    });
    const backtest = newBacktest(kernel, strategy);
    const apply = (...events: Partial<MarketEvent>[]) =>
      backtest.apply(
        blockOf(
          kernel,
          events.map((event) => marketEvent({ flags: LAST, ...event })),
        ),
      );
    apply(BOOK[0], { ...wait, timeNs: 10n });
    backtest.startSnapshot();
    apply(
      { ...BOOK[0], timeNs: 20n, flags: 0 },
      { ...BOOK[1], timeNs: 20n },
      { ...sold(1n, 10n), timeNs: 30n },
      { orderId: 3n, timeNs: 40n },
      { ...sold(3n, 2n), timeNs: 50n },
    );
    // Only what was traded after all of order 1, which the snapshot has, was gone.
    assert.deepEqual(seen, ['accepted', 'cancelled cleared', 'accepted', 'fill 2']);
    assert.equal(backtest.end().replay.differences.length, 1);
  });

  test('when it clears the book ours go, too, and do not stand before those that come back', () => {
    const clear = { action: Action.CLEAR, flags: 0 };
    const flow = [...BOOK, wait, clear, { orderId: 1n }, sold(1n, 3n)];
    const { seen, log } = run(flow, { 1: buy(100, 5) });
    assert.deepEqual(seen, ['accepted 1', 'cancelled 1 cleared']);
    assert.deepEqual(filled(log), []);
  });
});

describe('money', () => {
  const wait = { action: Action.STATUS };
  const fees = { makerPpm: -10_000, takerPpm: 25_000 };

  test('fees are rounded against the trader, a rebate is paid by who takes', () => {
    const flow = [
      ...BOOK,
      wait,
      sold(1n, 3n),
      wait,
      { action: DELETE, orderId: 2n, side: SELL },
      { orderId: 3n, side: SELL, price: 101n },
    ];
    const result = run(
      flow,
      {
        1: buy(101, 3),
        4: (orders) => void orders.place({ instrument: 0, side: 'sell', price: 99, quantity: 2 }),
      },
      { fees },
    );
    const paid = result.log.flatMap((entry) => (entry.type === 'fill' ? [entry.fee] : []));
    // 1% of 303 rounded down, 2.5% of 200.
    assert.deepEqual(paid, [-3n, 5n]);
    assert.deepEqual(result.profit, [
      {
        instrument: 0,
        fills: 2,
        bought: 3n,
        sold: 2n,
        position: 1n,
        realised: -2n,
        unrealised: -1n,
        fees: 2n,
        total: -5n,
        mark: 100n,
      },
    ]);
    const [standing] = result.standings;
    assert.deepEqual(standing, { instrument: 0, position: 1n, cash: -105n, total: -5n });
  });

  test('a log is lines of JSON, and says all there is to know', () => {
    const { log } = run([...BOOK, wait, sold(1n, 3n)], { 1: buy(101, 3) });
    assert.deepEqual(log.map(logLine), [
      '{"type":"place","id":1,"instrument":0,"timeNs":"10","arrivesNs":"10","side":"buy",' +
        '"price":"101","quantity":"3","timeInForce":"gtc"}',
      '{"type":"accepted","id":1,"price":"101","quantity":"3","instrument":0,"timeNs":"10"}',
      '{"type":"fill","id":1,"side":"buy","price":"101","quantity":"3","liquidity":"maker",' +
        '"fee":"0","left":"0","instrument":0,"timeNs":"30"}',
      '{"type":"mark","instrument":0,"timeNs":"30","price":"101"}',
    ]);
  });

  test('what is held is worth the last fill where a side is empty', () => {
    const gone = { action: DELETE, orderId: 1n };
    const { profit, standings } = run([...BOOK, wait, sold(1n, 1n), gone], { 1: buy(101, 1) });
    assert.deepEqual([profit[0]?.mark, profit[0]?.total], [101n, 0n]);
    assert.equal(standings[0]?.total, undefined);
  });

  test('what has not arrived when the feed ends is said', () => {
    assert.equal(run(BOOK, { 1: buy(100, 1) }).underway, 1);
  });

  test('fees are exact, however coarse ticks and lots are', () => {
    const flow = [
      { price: 480_000n, quantity: 500n },
      { orderId: 2n, side: SELL, price: 500_000n, quantity: 500n },
      wait,
      wait,
    ];
    const fees = { makerPpm: -1, takerPpm: 3 };
    const units = () => ({ tick: 20_000n, lot: 100n });
    const { log, standings } = run(flow, { 1: buy(500_000, 100) }, { fees, units });
    // 50,000,000 are traded.
    const paid = log.flatMap((entry) => (entry.type === 'fill' ? [entry.fee] : []));
    assert.deepEqual(paid, [150n]);
    assert.equal(standings[0]?.cash, -50_000_150n);
  });

  test('fees that no market has are refused', () => {
    const refused = { makerPpm: -20, takerPpm: 10 };
    assert.throws(() => run(BOOK, {}, { fees: refused }), /INVALID_FEES/);
  });

  test('more than a market holds is refused', () => {
    const most = 2n ** 61n;
    run(BOOK, {}, { funds: { base: most, quote: most } });
    for (const funds of [
      { base: most + 1n, quote: 0n },
      { base: 0n, quote: most + 1n },
    ]) {
      const asked = { name: 'MarketSetUpError', message: /at most 2305843009213693952 and/ };
      assert.throws(() => run(BOOK, {}, { funds }), asked);
    }
  });
});
