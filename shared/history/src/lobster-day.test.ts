import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dataFile } from '../test/data.ts';
import { eventsOf, newKernel, sharedKernel } from '../test/decoding.ts';
import { linesOf } from './csv-rows.ts';
import type { EventBlock } from './decoder.ts';
import { Action, EventFlag, EventSide, type MarketEvent } from './event.ts';
import { FeaturePlan } from './features/feature-plan.ts';
import { cutToFrames } from './features/frame.ts';
import { InputFile } from './files/input-file.ts';
import { LobsterDayDecoder, LobsterRowsError, RowSupply } from './lobster-day.ts';
import type { LobsterRowsOptions } from './lobster-rows-decoder.ts';
import { ReplayBook } from './replay-book.ts';
import { lobsterFeed } from './testing/lobster-feed.ts';

const { ADD, REDUCE, DELETE, EXECUTE, TRADE, LEVEL } = Action;
const { BUY, SELL } = EventSide;

/** @param cut - lengths of pieces, the last of which repeats */
function* piecesOf(text: string, cut: readonly number[]): Generator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const length = cut[Math.min(index, cut.length - 1)] ?? 1;
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

interface Cuts {
  readonly messages: readonly number[];
  readonly rows: readonly number[];
}
const WHOLE: Cuts = { messages: [1 << 20], rows: [1 << 20] };

async function decodeDay(
  decoder: LobsterDayDecoder,
  onBlock: (block: EventBlock) => void,
  [messages, rows]: readonly [string, string],
  cuts = WHOLE,
): Promise<unknown> {
  const supply = new RowSupply(decoder, piecesOf(rows, cuts.rows));
  try {
    for (const piece of piecesOf(messages, cuts.messages)) {
      await supply.before(piece);
      decoder.push(piece, onBlock);
    }
    await supply.before();
    decoder.end(onBlock);
    return undefined;
  } catch (error) {
    return error;
  }
}

async function decode(
  messages: string,
  rows: string,
  options: LobsterRowsOptions = {},
  cuts = WHOLE,
) {
  const kernel = sharedKernel();
  const decoder = new LobsterDayDecoder(kernel, options);
  const events: MarketEvent[] = [];
  const onBlock = (block: EventBlock) => void events.push(...eventsOf(kernel, block));
  const error = await decodeDay(decoder, onBlock, [messages, rows], cuts);
  return { events, error, faults: decoder.faults, levels: decoder.levels };
}

const terms = ({ action, side, price, quantity }: MarketEvent) => [action, side, price, quantity];

test('a level that comes into sight is an event before the message that uncovers it', async () => {
  const messages = '1.5,1,7,10,100,1\n2.5,3,9,8,103,-1\n3.5,1,8,2,99,1\n4.5,4,7,10,100,1\n';
  const rows = '103,8,100,15\n106,4,100,15\n106,4,100,15\n106,4,99,7\n';
  const { events, error, levels } = await decode(messages, rows);
  assert.deepEqual([error, levels], [undefined, 1]);
  assert.deepEqual(events.map(terms), [
    [LEVEL, SELL, 103n, 8n],
    [LEVEL, BUY, 100n, 5n],
    [ADD, BUY, 100n, 10n],
    [LEVEL, SELL, 106n, 4n],
    [DELETE, SELL, 103n, 8n],
    [ADD, BUY, 99n, 2n],
    [LEVEL, BUY, 99n, 7n],
    [EXECUTE, BUY, 100n, 10n],
  ]);
  const [, , , level] = events;
  assert.deepEqual(level, {
    ...{ orderId: 0n, price: 106n, quantity: 4n, timeNs: 2_500_000_000n, instrument: 0 },
    ...{ action: LEVEL, side: SELL, flags: 0, sequence: 2n },
  });
});

for (const [what, message, rows, expected] of [
  [
    'takes a part',
    '2,7,3,100,1',
    '103,8,100,15',
    [
      [LEVEL, BUY, 100n, 3n],
      [LEVEL, SELL, 103n, 8n],
      [LEVEL, BUY, 100n, 15n],
      [REDUCE, BUY, 100n, 3n],
    ],
  ],
  [
    'takes a level away',
    '3,7,3,101,1',
    '103,8,100,15',
    [
      [LEVEL, BUY, 101n, 3n],
      [LEVEL, SELL, 103n, 8n],
      [LEVEL, BUY, 100n, 15n],
      [DELETE, BUY, 101n, 3n],
    ],
  ],
  ['is all there is', '1,7,3,101,1', '9999999999,0,101,3', [[ADD, BUY, 101n, 3n]]],
  [
    'leaves nothing',
    '4,7,3,101,1',
    '9999999999,0,-9999999999,0',
    [
      [LEVEL, BUY, 101n, 3n],
      [EXECUTE, BUY, 101n, 3n],
    ],
  ],
  [
    'changes nothing',
    '5,0,3,101,1',
    '103,8,100,15',
    [
      [LEVEL, SELL, 103n, 8n],
      [LEVEL, BUY, 100n, 15n],
      [TRADE, BUY, 101n, 3n],
    ],
  ],
] as const) {
  test(`the first row is the book after a message that ${what}`, async () => {
    const { events } = await decode(`1.5,${message}\n`, `${rows}\n`);
    assert.deepEqual(events.map(terms), expected);
  });
}

test('whatever the venue does, the book is the row after every message, cut anywhere', async () => {
  const cut = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 30 });
  const cuts = fc.record({ messages: cut, rows: cut });
  const levels = fc.constantFrom(undefined, 1, 2);
  await fc.assert(
    fc.asyncProperty(lobsterFeed, cuts, levels, async (feed, pieces, most) => {
      const kernel = sharedKernel();
      const count = Math.min(most ?? feed.levels, feed.levels);
      // What is cut off may be named later; else no order is unknown.
      const passesUnknown = count < feed.levels;
      const book = new ReplayBook({ kernel, joined: true, levels: count, passesUnknown });
      const rows = [...feed.rows];
      const onBlock = ({ address, count: events }: EventBlock) => {
        for (const [index, event] of eventsOf(kernel, { address, count: events }).entries()) {
          book.apply({ address: address + index * 48, count: 1 });
          if ((event.flags & EventFlag.LAST) === 0) continue;
          assert.deepEqual(levelsIn(book, count), levelsOf(rows.shift() ?? '', count));
        }
      };
      const decoder = new LobsterDayDecoder(kernel, { levels: most });
      const texts = [feed.messages.join(''), feed.rows.join('')] as const;
      assert.equal(await decodeDay(decoder, onBlock, texts, pieces), undefined);
      assert.deepEqual(rows, []);
      const whole = await decode(...texts, { levels: most });
      const parts = await decode(...texts, { levels: most, blockEvents: 3 }, pieces);
      assert.deepEqual(parts, whole);
      assert.deepEqual(whole.events, plainRule(feed.messages, feed.rows, count, whole.events));
    }),
    { numRuns: 150 },
  );
});

const EMPTY = 9_999_999_999n;

/** Asks, then bids, of the best levels. */
function levelsOf(row: string, count: number): [price: bigint, quantity: bigint][][] {
  const cells = row.trim().split(',').map(BigInt);
  return [0, 2].map((column) => {
    return Array.from({ length: count }, (_, level) => {
      return [cells[4 * level + column] ?? 0n, cells[4 * level + column + 1] ?? 0n] as [
        bigint,
        bigint,
      ];
    }).filter(([price]) => price !== EMPTY && price !== -EMPTY);
  });
}

function levelsIn(book: ReplayBook, count: number): unknown {
  return [SELL, BUY].map((side) =>
    book.levels(0, side, count).map(({ price, quantity }) => [price, quantity]),
  );
}

/** What comes between the messages, said with arrays: all of row 0, then deepest levels. */
function plainRule(
  messages: readonly string[],
  rows: readonly string[],
  count: number,
  decoded: readonly MarketEvent[],
): MarketEvent[] {
  const told = decoded.filter(({ action }) => action !== LEVEL);
  return messages.flatMap((_, index) => {
    const message = told[index];
    if (message === undefined) return [];
    const level = (side: EventSide, price: bigint, quantity: bigint): MarketEvent[] => {
      const event = { ...message, orderId: 0n, action: LEVEL, side, price, quantity, flags: 0 };
      return quantity > 0n ? [event] : [];
    };
    const now = levelsOf(rows[index] ?? '', count);
    if (index > 0) {
      const before = levelsOf(rows[index - 1] ?? '', count);
      const news = [SELL, BUY].flatMap((side, at) => {
        const [old, deepest] = [before[at]?.[count - 1], now[at]?.[count - 1]];
        if (old === undefined || deepest === undefined) return [];
        const isDeeper = side === SELL ? deepest[0] > old[0] : deepest[0] < old[0];
        return isDeeper ? level(side, ...deepest) : [];
      });
      return [...news, message];
    }
    const { action, side, price, quantity } = message;
    const isTaking = action !== ADD && action !== TRADE;
    const taken = isTaking ? level(side as EventSide, price, quantity) : [];
    const all = Array.from({ length: count }, (_, depth) =>
      [SELL, BUY].flatMap((of, at) => {
        const [levelPrice, there] = now[at]?.[depth] ?? [0n, 0n];
        const isAdded = action === ADD && of === side && levelPrice === price;
        return level(of, levelPrice, there - (isAdded ? quantity : 0n));
      }),
    );
    return [...taken, ...all.flat(), message];
  });
}

const MESSAGES = '1,1,7,10,100,1\n2,1,8,5,101,1\n3,3,8,5,101,1\n';
const ROWS = '103,8,100,10\n103,8,101,5\n103,8,100,10\n';

test('faults of the rows come with the first message that lacks one', async () => {
  for (const [rows, code, offset, count] of [
    [ROWS.replace('103,8,101,5', '103,8,101,x'), 'BAD_FIELD', 13, 2],
    [ROWS.replace('103,8,101,5', '103,8,101'), 'BAD_FIELD', 13, 2],
    [ROWS.replace('103,8,100,10\n', '103,0,100,10\n'), 'BAD_FIELD', 0, 0],
    [ROWS.replace(',100,10\n103', ',100,10\n9223372036854775808'), 'BAD_NUMBER', 13, 2],
    [ROWS.slice(0, 25), 'MISSING_ROWS', 25, 3],
    ['', 'MISSING_ROWS', 0, 0],
    [ROWS + ROWS, 'SURPLUS_ROWS', 76, 5],
    [`${ROWS}\n`, 'BAD_FIELD', 38, 5],
  ] as const) {
    for (const cut of [1, 5, 100]) {
      const cuts = { messages: [cut], rows: [cut] };
      const { events, error } = await decode(MESSAGES, rows, {}, cuts);
      assert.ok(error instanceof LobsterRowsError, `${error}`);
      const isSurplus = code === 'SURPLUS_ROWS';
      assert.deepEqual([error.code, isSurplus ? offset : error.offset], [code, offset], rows);
      assert.equal(events.length, count, rows);
    }
  }
});

test('a fault of the messages is theirs, and what came before it is handed over', async () => {
  const { events, error } = await decode(MESSAGES.replace('2,1,8', '2,9,8'), ROWS);
  const { code, offset } = error as { code: string; offset: number };
  assert.deepEqual([code, offset, events.length], ['BAD_TYPE', 15, 2]);
  assert.ok(!(error instanceof LobsterRowsError));
});

test('leniently: faulty rows and lines are passed, and the rest stays in step', async () => {
  const rows = '103,8,100,10\n103,8,101,x\n105,8,99,10\n';
  const messages = '1,1,7,10,100,1\n2,3,5,8,103,-1\n3,3,7,10,100,1\n';
  const passed = await decode(messages, rows, { lenient: true });
  assert.deepEqual([passed.error, passed.faults], [undefined, 1n]);
  assert.deepEqual(passed.events.map(terms), [
    [LEVEL, SELL, 103n, 8n],
    [ADD, BUY, 100n, 10n],
    [DELETE, SELL, 103n, 8n],
    [LEVEL, SELL, 105n, 8n],
    [LEVEL, BUY, 99n, 10n],
    [DELETE, BUY, 100n, 10n],
  ]);
  const good = '103,8,100,10\n105,8,100,10\n105,8,99,10\n';
  const faulty = await decode(messages.replace('2,3,5', '2,x,5'), good, { lenient: true });
  assert.deepEqual(faulty.events.slice(2).map(terms), [
    [LEVEL, SELL, 105n, 8n],
    [LEVEL, BUY, 99n, 10n],
    [DELETE, BUY, 100n, 10n],
  ]);
  const short = await decode(messages, good.slice(0, 13), { lenient: true });
  assert.deepEqual([short.error, short.faults, short.events.length], [undefined, 1n, 4]);
  assert.equal((await decode(messages, good + good, { lenient: true })).error, undefined);
});

test('another day begins anew', async () => {
  const kernel = sharedKernel();
  const decoder = new LobsterDayDecoder(kernel);
  const events: MarketEvent[] = [];
  const onBlock = (block: EventBlock) => void events.push(...eventsOf(kernel, block));
  assert.equal(await decodeDay(decoder, onBlock, [MESSAGES, ROWS]), undefined);
  const first = events.splice(0);
  assert.ok((await decodeDay(decoder, onBlock, ['what', ROWS])) instanceof Error);
  decoder.restart();
  assert.equal(
    await decodeDay(decoder, onBlock, [MESSAGES, ROWS], { messages: [3], rows: [2] }),
    undefined,
  );
  assert.deepEqual(events, first);
});

for (const [name, levels, messages] of [
  ['GOOG', 10, 147_916],
  ['AAPL', 1, 118_497],
] as const) {
  test(`frames of the ${name} day show the best prices of every row`, async (t) => {
    const path = dataFile(t, 'lobster', `LOBSTER_SampleFile_${name}_2012-06-21_${levels}.zip`);
    if (path === undefined) return;
    const kernel = newKernel();
    const open = (part: string) => InputFile.open(path, { member: (one) => one.includes(part) });
    const [input, orderbook, again] = await Promise.all(
      ['_message_', '_orderbook_', '_orderbook_'].map(open),
    );
    assert.ok(input !== undefined && orderbook !== undefined && again !== undefined);
    const rows: string[] = [];
    for await (const line of linesOf(again.chunks())) rows.push(line.split(',', 4).join());
    const decoder = new LobsterDayDecoder(kernel);
    const book = new ReplayBook({ kernel, joined: true, levels });
    const frame = new FeaturePlan(kernel, []).newFrame();
    let row = 0;
    let equal = 0;
    const show = (part: EventBlock) => {
      book.applyToFrame(part, frame);
      const { events, snapshots } = frame;
      for (let at = 0; at < events.count; at += 1) {
        if ((events.flagsAt(at) & EventFlag.LAST) === 0) continue;
        const ask = [snapshots.askPrice[at], snapshots.askQuantity[at]];
        const bid = [snapshots.bidPrice[at], snapshots.bidQuantity[at]];
        if ([...ask, ...bid].join() === rows[row]) equal += 1;
        row += 1;
      }
    };
    const supply = new RowSupply(decoder, orderbook.chunks());
    const onBlock = (block: EventBlock) => cutToFrames(block, show);
    for await (const chunk of input.chunks()) {
      await supply.before(chunk);
      decoder.push(chunk, onBlock);
    }
    await supply.before();
    decoder.end(onBlock);
    await Promise.all([input.close(), orderbook.close(), again.close()]);
    assert.deepEqual([row, equal], [messages, messages]);
  });
}
