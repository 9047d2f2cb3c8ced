import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadKernel } from '@foldbook/engine';
import { dataFile } from '../../test/data.ts';
import { newKernel } from '../../test/decoding.ts';
import { createDbnDecoder } from '../dbn-decoder.ts';
import { FeaturePlan } from '../features/feature-plan.ts';
import { InputFile } from '../files/input-file.ts';
import { ReplayBook } from '../replay-book.ts';
import { defineStrategy } from '../strategy/strategy.ts';
import { Backtest } from './backtest.ts';

const TICK = 250_000_000;
const OPENING_NS = 1_703_545_200_000_000_000n;

/** Bids and offers anew, better than anybody, whenever the best prices change. */
const eager = defineStrategy({
  start({ orders }) {
    let [bid, ask] = [0, 0];
    return {
      onBlock({ count }, { bidPrice, askPrice }) {
        const [newBid = 0, newAsk = 0] = [bidPrice[count - 1], askPrice[count - 1]];
        if (!(newBid > 0 && newAsk > 0) || (newBid === bid && newAsk === ask)) return;
        [bid, ask] = [newBid, newAsk];
        const terms = { instrument: 0, quantity: 5 };
        orders?.place({ ...terms, side: 'buy', price: Math.min(bid, ask) });
        orders?.place({ ...terms, side: 'sell', price: Math.max(bid, ask) - TICK });
      },
    };
  },
});

test('ESH4: nothing of ours trades before the opening', async (t) => {
  const paths = ['24', '25'].map((day) =>
    dataFile(t, 'databento', `esh4-glbx-mdp3-202312${day}.mbo.dbn.zst`),
  );
  const kernel = newKernel();
  const decoder = createDbnDecoder(kernel);
  const context = { instruments: () => ['ESH4'], priceDecimals: 9, quantityDecimals: 0 };
  const backtest = new Backtest({
    kernel,
    engine: await loadKernel(),
    book: new ReplayBook({ kernel }),
    plan: new FeaturePlan(kernel, []),
    strategy: { path: 'eager', strategy: eager, context, columns: [] },
  });
  for (const [index, path] of paths.entries()) {
    if (path === undefined) return;
    const input = await InputFile.open(path);
    decoder.restart();
    if (index > 0) backtest.startSnapshot();
    for await (const chunk of input.chunks()) {
      decoder.push(chunk, (block) => backtest.apply(block));
    }
    await input.close();
  }
  const { log } = backtest.end();
  const refused = log.filter((entry) => entry.type === 'rejected' && entry.code === 'BOOK_CROSSED');
  const fills = log.filter((entry) => entry.type === 'fill');
  assert.ok(refused.length > 0);
  assert.ok(fills.length > 0);
  assert.deepEqual(
    fills.filter(({ timeNs }) => timeNs < OPENING_NS),
    [],
  );
});
