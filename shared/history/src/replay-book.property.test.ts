/** The kernel's replay book and its naive twin, given the same events, must not differ. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildHistory } from '../build.ts';
import type { MarketEvent } from './event.ts';
import { HistoryKernel, loadHistoryModule } from './kernel/history-kernel.ts';
import { type NaiveOptions, NaiveReplayBook } from './naive-replay-book.ts';
import { ReplayBook } from './replay-book.ts';
import { ReplayError, type ReplayErrorCode } from './replay-error.ts';
import { events, SIDES } from './testing/arbitrary-events.ts';
import { EventWriter } from './testing/event-block.ts';

await buildHistory();
const module = await loadHistoryModule();

type Step =
  | { readonly events: readonly MarketEvent[] }
  | { readonly trim: readonly [instrument: number, levels: number] };

const known = fc.constantFrom(0, 1, 2);
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ events: fc.array(events, { maxLength: 100, size: 'max' }) }),
  },
  { weight: 1, arbitrary: fc.record({ trim: fc.tuple(known, fc.integer({ min: 0, max: 4 })) }) },
);
const options: fc.Arbitrary<NaiveOptions> = fc.record({
  lenient: fc.boolean(),
  joined: fc.boolean(),
  passesUnknown: fc.boolean(),
  uncrosses: fc.boolean(),
  levels: fc.constantFrom(0, 0, 1, 3),
});

/** Codes of the refused events, which are left out. */
function applyAll(book: ReplayBook, writer: EventWriter, all: readonly MarketEvent[]) {
  const refused: (readonly [index: number, code: ReplayErrorCode])[] = [];
  for (let from = 0; from < all.length; ) {
    try {
      book.apply(writer.block(all.slice(from)));
      break;
    } catch (error) {
      if (!(error instanceof ReplayError)) throw error;
      refused.push([from + error.index, error.code]);
      from += error.index + 1;
    }
  }
  return refused;
}

function compareBooks(book: ReplayBook, twin: NaiveReplayBook): void {
  const { orders, anonymous, crossed, faults } = book.counts;
  assert.equal(orders, twin.openOrders);
  assert.equal(anonymous, twin.anonymous);
  assert.equal(crossed, twin.crossed);
  assert.deepEqual(faults, Object.fromEntries(twin.faults));
  for (const instrument of [0, 1, 2, 77, 65_535]) {
    assert.equal(book.status(instrument), twin.status(instrument));
    for (const side of SIDES) {
      const levels = twin.levels(instrument, side);
      assert.deepEqual(book.levels(instrument, side), levels);
      assert.deepEqual(book.best(instrument, side), levels[0]);
      assert.equal(book.levelCount(instrument, side), levels.length);
      for (const { level, queue } of book.orders(instrument, side)) {
        assert.deepEqual(queue, twin.queue(instrument, side, level.price));
        assert.deepEqual(queue, book.queue(instrument, side, level.price));
        for (const { orderId } of queue) {
          if (orderId === undefined) continue;
          assert.deepEqual(book.order(instrument, orderId), twin.order(instrument, orderId));
        }
      }
    }
  }
}

test('the kernel and the naive twin hold the same books', () => {
  // One kernel for all runs, so that what one has freed the next one takes.
  const kernel = new HistoryKernel(module);
  const writer = new EventWriter(kernel);
  fc.assert(
    fc.property(options, fc.array(steps, { maxLength: 12, size: 'max' }), (chosen, all) => {
      const book = new ReplayBook({ kernel, ...chosen });
      const twin = new NaiveReplayBook(chosen);
      for (const step of all) {
        if ('trim' in step) {
          book.trim(...step.trim);
          twin.trim(...step.trim);
        } else {
          const refused = step.events.flatMap((event, index) => {
            const code = twin.apply(event);
            return code === undefined ? [] : [[index, code] as const];
          });
          assert.deepEqual(applyAll(book, writer, step.events), refused);
        }
        compareBooks(book, twin);
      }
      book.reset();
      compareBooks(book, new NaiveReplayBook(chosen));
    }),
    { numRuns: 200 },
  );
});
