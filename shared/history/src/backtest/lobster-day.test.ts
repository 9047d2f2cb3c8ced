import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadKernel } from '@foldbook/engine';
import { dataFile } from '../../test/data.ts';
import { newKernel } from '../../test/decoding.ts';
import { parseFeature } from '../features/feature.ts';
import { FeaturePlan } from '../features/feature-plan.ts';
import { InputFile } from '../files/input-file.ts';
import { LobsterDayDecoder, RowSupply } from '../lobster-day.ts';
import { ReplayBook } from '../replay-book.ts';
import { defineStrategy } from '../strategy/strategy.ts';
import { Backtest } from './backtest.ts';

const engine = await loadKernel();
const MOST_HELD = 500;

/** Buys at the best bid what sellers lean on and sells at the best ask, 100 shares each. */
const quoter = defineStrategy({
  features: ['imbalance'],
  start({ orders }) {
    const quotes = { buy: { id: 0, price: 0 }, sell: { id: 0, price: 0 } };
    let held = 0;
    const keep = (side: 'buy' | 'sell', price: number, isWanted: boolean) => {
      const quote = quotes[side];
      if (orders === undefined || (quote.id > 0 && quote.price === price && isWanted)) return;
      if (quote.id > 0) orders.cancel(quote.id);
      quotes[side] = { id: 0, price: 0 };
      if (!isWanted || !(price > 0)) return;
      const terms = { instrument: 0, side, price, quantity: 100 };
      quotes[side] = { id: orders.place({ ...terms, timeInForce: 'post_only' }), price };
    };
    const gone = (id: number) => {
      for (const side of ['buy', 'sell'] as const) {
        if (quotes[side].id === id) quotes[side] = { id: 0, price: 0 };
      }
    };
    return {
      onBlock({ count }, { bidPrice, askPrice }, [imbalance]) {
        const row = count - 1;
        const lean = imbalance?.[row] ?? 0;
        keep('buy', bidPrice[row] ?? 0, lean > -0.5 && held < MOST_HELD);
        keep('sell', askPrice[row] ?? 0, lean < 0.5 && held > -MOST_HELD);
      },
      onOrder({ type, id }) {
        if (type === 'rejected' || type === 'cancelled') gone(id);
      },
      onFill({ id, side, quantity, left }) {
        held += side === 'buy' ? quantity : -quantity;
        if (left === 0) gone(id);
      },
      result: () => held,
    };
  },
});

async function runDay(path: string) {
  const kernel = newKernel();
  const decoder = new LobsterDayDecoder(kernel);
  const context = { instruments: () => ['GOOG'], priceDecimals: 4, quantityDecimals: 0 };
  const backtest = new Backtest({
    kernel,
    engine,
    book: new ReplayBook({ kernel, joined: true, levels: 10 }),
    plan: new FeaturePlan(kernel, [parseFeature('imbalance')]),
    strategy: { path: 'quoter', strategy: quoter, context, columns: [0] },
    joined: true,
    levels: 10,
    latency: { dataNs: 50_000, orderNs: 100_000, jitterNs: 20_000 },
    fees: { makerPpm: -2, takerPpm: 5 },
  });
  const open = (part: string) => InputFile.open(path, { member: (one) => one.includes(part) });
  const [input, orderbook] = [await open('_message_'), await open('_orderbook_')];
  const rows = new RowSupply(decoder, orderbook.chunks());
  for await (const chunk of input.chunks()) {
    await rows.before(chunk);
    decoder.push(chunk, (block) => backtest.apply(block));
  }
  await rows.before();
  await Promise.all([input.close(), orderbook.close()]);
  return { standings: backtest.standings(), ...backtest.end() };
}

test('a day of GOOG: log, balances and strategy agree, and it repeats', async (t) => {
  const name = 'LOBSTER_SampleFile_GOOG_2012-06-21_10.zip';
  const path = dataFile(t, 'lobster', name);
  if (path === undefined) return;
  const day = await runDay(path);
  const [profit] = day.profit;
  const [standing] = day.standings;
  assert.ok(profit !== undefined && standing !== undefined && profit.fills > 100);
  assert.deepEqual([standing.position, standing.total], [profit.position, profit.total]);
  assert.equal(BigInt(Number(day.strategy)), profit.position);
  assert.ok(day.log.every((entry) => entry.type !== 'fill' || entry.liquidity === 'maker'));
  // What lies in a window is the same in the engine, though ours have taken whole levels of it.
  const kinds = day.replay.differences.map(({ kind }) => kind);
  assert.deepEqual(kinds, ['out_of_turn', 'taken', 'own_before', 'hidden']);
  assert.equal((await runDay(path)).logHash, day.logHash);
});
