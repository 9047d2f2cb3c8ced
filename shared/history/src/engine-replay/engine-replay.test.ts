import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadKernel } from '@foldbook/engine';
import { dataFile } from '../../test/data.ts';
import { blockOf, newKernel, sharedKernel } from '../../test/decoding.ts';
import { createDbnDecoder } from '../dbn-decoder.ts';
import { Action, EventFlag, EventSide, type MarketEvent } from '../event.ts';
import { InputFile } from '../files/input-file.ts';
import { checkLobster } from '../lobster-check.ts';
import { LobsterDayDecoder } from '../lobster-day.ts';
import { createLobsterDecoder } from '../lobster-decoder.ts';
import type { MarketDecoder } from '../market-decoder.ts';
import { createMboCsvDecoder } from '../mbo-csv-decoder.ts';
import { marketEvent } from '../testing/event-block.ts';
import { EngineReplay, type EngineReplayOptions } from './engine-replay.ts';
import { learnUnits } from './market-units.ts';

const engine = await loadKernel();

const { ADD, REDUCE, DELETE, MODIFY, EXECUTE, TRADE, CLEAR, LEVEL } = Action;
const { BUY, SELL } = EventSide;
const { LAST, PART } = EventFlag;

function newReplay(options: Partial<EngineReplayOptions> = {}) {
  const kernel = sharedKernel();
  const replay = new EngineReplay({ kernel, engine, ...options });
  const apply = (...events: Partial<MarketEvent>[]) =>
    replay.apply(
      blockOf(
        kernel,
        events.map((event) => marketEvent({ flags: LAST, ...event })),
      ),
    );
  const kinds = () =>
    Object.fromEntries(replay.result().differences.map(({ kind, count }) => [kind, count]));
  const same = () => [replay.result().same, replay.result().executions];
  return { replay, apply, kinds, same };
}

test('executions are trades of the engine with the same order, price and quantity', () => {
  const { replay, apply, kinds, same } = newReplay();
  apply({ orderId: 1n }, { orderId: 2n }, { orderId: 3n, price: 101n, side: SELL });
  apply(
    { action: EXECUTE, orderId: 1n, quantity: 4n },
    { action: REDUCE, orderId: 1n, quantity: 1n },
  );
  apply({ action: EXECUTE, orderId: 1n, quantity: 5n }, { action: EXECUTE, orderId: 2n });
  apply({ action: EXECUTE, orderId: 3n, price: 101n, side: SELL, quantity: 10n });
  assert.deepEqual([same(), kinds()], [[4, 4], {}]);
  assert.deepEqual([replay.levels(0, BUY, 9), replay.levels(0, SELL, 9)], [[], []]);
});

test('an execution out of turn leaves the queue as the feed has it', () => {
  const { replay, apply, kinds, same } = newReplay();
  apply({ orderId: 1n }, { orderId: 2n }, { action: EXECUTE, orderId: 2n, quantity: 4n });
  assert.deepEqual([same(), kinds()], [[0, 1], { out_of_turn: 1 }]);
  apply({ action: EXECUTE, orderId: 1n }, { action: EXECUTE, orderId: 2n, quantity: 6n });
  assert.deepEqual([same(), replay.levels(0, BUY, 1)], [[2, 3], []]);
});

test('what loses its place in the feed loses it in the engine', () => {
  const { replay, apply, same } = newReplay();
  apply({ orderId: 1n }, { orderId: 2n }, { orderId: 3n });
  apply(
    { action: MODIFY, orderId: 1n, quantity: 11n },
    { action: MODIFY, orderId: 2n, quantity: 9n },
  );
  apply({ action: EXECUTE, orderId: 2n, quantity: 9n }, { action: EXECUTE, orderId: 3n });
  apply({ action: EXECUTE, orderId: 1n, quantity: 11n });
  assert.deepEqual([same(), replay.levels(0, BUY, 1)], [[3, 3], []]);
});

test('parts of a trade are executions, and the change that follows is not taken twice', () => {
  const { replay, apply, kinds, same } = newReplay();
  const part = { action: TRADE, flags: PART } as const;
  apply({ orderId: 1n }, { orderId: 2n });
  apply({ action: TRADE, orderId: 0n, quantity: 13n, flags: 0 }, { ...part, orderId: 1n });
  apply({ ...part, orderId: 2n, quantity: 3n });
  apply({ action: REDUCE, orderId: 1n, flags: 0 }, { action: MODIFY, orderId: 2n, quantity: 7n });
  assert.deepEqual([same(), kinds()], [[2, 2], {}]);
  assert.deepEqual(replay.levels(0, BUY, 1), [{ price: 100n, quantity: 7n, orders: 1 }]);
  // What the parts do not tell had no order.
  apply(
    { action: TRADE, orderId: 0n, quantity: 5n, flags: 0 },
    { ...part, orderId: 2n, quantity: 1n },
  );
  apply({ action: REDUCE, orderId: 2n, quantity: 1n });
  assert.deepEqual(
    replay.result().differences.map(({ kind, quantity }) => [kind, quantity]),
    [['hidden', 4n]],
  );
  // An iceberg shows again what was executed of it.
  apply({ ...part, orderId: 2n, quantity: 6n }, { action: MODIFY, orderId: 2n, quantity: 6n });
  assert.deepEqual(replay.levels(0, BUY, 1), [{ price: 100n, quantity: 6n, orders: 1 }]);
});

test("what can't be is counted, and explained by its kind", () => {
  const { apply, kinds, same } = newReplay();
  apply({ orderId: 1n }, { orderId: 2n, side: SELL, price: 99n, quantity: 3n });
  apply({ action: EXECUTE, orderId: 2n, side: SELL, price: 99n, quantity: 3n });
  assert.deepEqual([same(), kinds()], [[0, 1], { crossing: 1, crossed_before: 1 }]);
  apply({ action: DELETE, orderId: 77n }, { action: EXECUTE, orderId: 78n });
  apply({ orderId: 1n, quantity: 2n }, { orderId: 5n, quantity: 2n ** 63n });
  apply(
    { action: EXECUTE, orderId: 5n, quantity: 1n },
    { action: EXECUTE, orderId: 1n, price: 98n },
  );
  apply({ orderId: 9n, flags: EventFlag.NO_PRICE });
  assert.deepEqual(kinds(), {
    crossing: 1,
    crossed_before: 1,
    other_price: 1,
    unknown_order: 2,
    duplicate_order: 1,
    too_much: 1,
    incomplete: 1,
    off_scale: 1,
    left_out: 1,
  });
});

test('a clear empties a market, anonymous volume stands for orders that nobody told of', () => {
  const { replay, apply, kinds, same } = newReplay({ joined: true, levels: 1 });
  apply({ orderId: 1n }, { action: CLEAR });
  assert.deepEqual(replay.levels(0, BUY, 9), []);
  apply({ action: LEVEL, side: SELL, price: 105n, quantity: 30n, flags: 0 });
  apply({ action: EXECUTE, orderId: 7n, side: SELL, price: 105n, quantity: 5n });
  apply({ action: DELETE, orderId: 8n, side: SELL, price: 105n, quantity: 5n });
  assert.deepEqual([same(), kinds(), replay.result().anonymous], [[1, 1], {}, 2]);
  assert.deepEqual(replay.levels(0, SELL, 9), [{ price: 105n, quantity: 20n, orders: 1 }]);
  // Only the best level is kept.
  apply({ orderId: 9n, side: SELL, price: 104n, quantity: 1n });
  assert.deepEqual(replay.levels(0, SELL, 9), [{ price: 104n, quantity: 1n, orders: 1 }]);
});

test('ticks and lots are what divides the orders of the first block', () => {
  const events = Array.from({ length: 20 }, (_, index) =>
    marketEvent({
      action: ADD,
      price: 1_000n + 50n * BigInt(index),
      quantity: 30n * BigInt(index + 1),
    }),
  );
  assert.deepEqual(learnUnits(events), { tick: 50n, lot: 30n });
  assert.deepEqual(learnUnits(events.slice(0, 3)), { tick: 1n, lot: 1n });
  const dear = marketEvent({ price: 4_810_250_000_000n });
  assert.deepEqual(learnUnits([dear]), { tick: 100_000n, lot: 1n });
  // A price with more digits keeps them.
  const fine = marketEvent({ price: 4_810_250_030_000n });
  assert.deepEqual(learnUnits([dear, fine]), { tick: 10_000n, lot: 1n });
});

for (const [name, levels, executions, same, outOfTurn] of [
  ['GOOG', 10, 7_765, 7_760, 5],
  ['AAPL', 1, 23_658, 23_633, 25],
] as const) {
  test(`the ${name} day crosses in the engine, whose every row is the orderbook's`, async (t) => {
    const file = dataFile(t, 'lobster', `LOBSTER_SampleFile_${name}_2012-06-21_${levels}.zip`);
    if (file === undefined) return;
    const kernel = newKernel();
    const [messages, rows] = await Promise.all(
      ['_message_', '_orderbook_'].map((part) =>
        InputFile.open(file, { member: (member) => member.includes(part) }),
      ),
    );
    assert.ok(messages !== undefined && rows !== undefined);
    const units = () => ({ tick: 100n, lot: 1n });
    const book = new EngineReplay({ kernel, engine, joined: true, units });
    const decoder = new LobsterDayDecoder(kernel);
    const parts = { messages: messages.chunks(), rows: rows.chunks() };
    const { mismatches } = await checkLobster({ kernel, decoder, book, ...parts });
    await Promise.all([messages.close(), rows.close()]);
    const result = book.result();
    const found = result.differences.filter(({ kind }) => kind !== 'hidden');
    assert.deepEqual([mismatches, result.executions, result.same], [0, executions, same]);
    assert.deepEqual(
      found.map(({ kind, count }) => [kind, count]),
      [['out_of_turn', outOfTurn]],
    );
  });
}

for (const [name, levels, executions, same, others] of [
  ['GOOG', 10, 6_762, 6_676, { out_of_turn: 80, crossed_before: 6 }],
  ['AAPL', 1, 10_938, 10_915, { out_of_turn: 23 }],
] as const) {
  test(`the messages of the ${name} day alone know fewer orders`, async (t) => {
    const file = dataFile(t, 'lobster', `LOBSTER_SampleFile_${name}_2012-06-21_${levels}.zip`);
    if (file === undefined) return;
    const kernel = newKernel();
    const decoder = createLobsterDecoder(kernel);
    const member = (one: string) => one.includes('_message_');
    const replay = await replayFile([file, { member }], kernel, decoder, { joined: true, levels });
    const result = replay.result();
    assert.deepEqual([result.executions, result.same], [executions, same]);
    const lost = result.differences.filter(({ kind }) => kind in others);
    assert.deepEqual(Object.fromEntries(lost.map(({ kind, count }) => [kind, count])), others);
  });
}

async function replayFile(
  file: Parameters<typeof InputFile.open>,
  kernel: ReturnType<typeof newKernel>,
  decoder: MarketDecoder,
  options: Partial<EngineReplayOptions> = {},
) {
  const replay = new EngineReplay({ kernel, engine, ...options });
  const input = await InputFile.open(...file);
  for await (const chunk of input.chunks()) decoder.push(chunk, (block) => replay.apply(block));
  await input.close();
  return replay;
}

test('ESH4: the engine ends with the levels of the day', async (t) => {
  const path = dataFile(t, 'databento', 'esh4-glbx-mdp3-20231225.mbo.dbn.zst');
  if (path === undefined) return;
  const kernel = newKernel();
  const replay = await replayFile([path], kernel, createDbnDecoder(kernel));
  const { executions, same } = replay.result();
  assert.deepEqual([executions, same], [6_364, 5_648]);
  assert.deepEqual(
    [BUY, SELL].map((side) => [
      replay.levels(0, side, 5_000).length,
      replay.levels(0, side, 1)[0]?.price,
    ]),
    [
      [922, 4_810_000_000_000n],
      [565, 4_810_250_000_000n],
    ],
  );
});

test('ARL: every execution is a trade of the engine', async (t) => {
  const path = dataFile(t, 'nasdaq-mbo', 'arl_mbo.csv.zst');
  if (path === undefined) return;
  const kernel = newKernel();
  const { executions, same, differences } = (
    await replayFile([path], kernel, createMboCsvDecoder(kernel))
  ).result();
  assert.deepEqual([executions, same, differences.map(({ kind }) => kind)], [11, 11, ['hidden']]);
});
