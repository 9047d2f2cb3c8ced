import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHistory } from '../../build.ts';
import { Action, EVENT_BYTES, type MarketEvent } from '../event.ts';
import { parseFeature } from '../features/feature.ts';
import { FeaturePlan } from '../features/feature-plan.ts';
import { FRAME_EVENTS, type Frame } from '../features/frame.ts';
import { HistoryKernel, loadHistoryModule } from '../kernel/history-kernel.ts';
import { createLobsterDecoder } from '../lobster-decoder.ts';
import { ReplayBook } from '../replay-book.ts';
import { EventWriter, marketEvent } from '../testing/event-block.ts';
import { Replay } from './replay.ts';

await buildHistory();
const module = await loadHistoryModule();

function newReplay(features: readonly string[] | undefined, onFrame: (frame: Frame) => void) {
  const kernel = new HistoryKernel(module);
  const book = new ReplayBook({ kernel });
  const decoder = createLobsterDecoder(kernel, { instrument: 'AAPL' });
  const plan = features && new FeaturePlan(kernel, features.map(parseFeature));
  const names: (readonly string[])[] = [];
  const sink = (frame: Frame, instruments: readonly string[]) => {
    names.push(instruments);
    onFrame(frame);
  };
  const replay = new Replay({ decoder, book, plan, sinks: [sink] });
  return { kernel, book, replay, names };
}

test('a block that is longer than a frame comes in several, in order', () => {
  const seen: number[] = [];
  const { kernel, book, replay } = newReplay(['bid-orders'], ({ events, features }) => {
    const [orders] = features;
    for (let row = 0; row < events.count; row += 1) {
      seen.push(events.firstEvent + row);
      assert.equal(orders?.[row], events.firstEvent + row + 1);
    }
  });
  const count = 2 * FRAME_EVENTS + 5;
  const events: MarketEvent[] = Array.from({ length: count }, (_, index) =>
    marketEvent({ orderId: BigInt(index) }),
  );
  replay.apply(new EventWriter(kernel).block(events));
  assert.deepEqual(seen, Array.from(events.keys()));
  assert.equal(book.counts.events, count);
});

test('without a plan the book alone is kept', () => {
  const { kernel, book, replay } = newReplay(undefined, () => assert.fail('a frame'));
  replay.apply(new EventWriter(kernel).block([marketEvent({})]));
  assert.equal(book.counts.orders, 1);
});

test('bytes become frames, and sinks hear names', () => {
  const rows: number[] = [];
  const { replay, names } = newReplay(['mid'], ({ features }) => {
    rows.push(features[0]?.[1] ?? 0);
  });
  replay.push(Buffer.from('34200.1,1,7,100,1000000,1\n34200.2,1,8,100,1000200,-1\n34200.3,1'));
  assert.throws(() => replay.end(), { code: 'TRUNCATED' });
  assert.deepEqual(rows, [1_000_100]);
  assert.deepEqual(names, [['AAPL']]);
});

test('what stood before an event that cannot be true is shown, then it is refused', () => {
  const counts: number[] = [];
  const { kernel, replay } = newReplay([], ({ events }) => counts.push(events.count));
  const block = new EventWriter(kernel).block([
    marketEvent({}),
    marketEvent({ action: Action.DELETE, orderId: 9n }),
  ]);
  assert.throws(() => replay.apply(block), { code: 'UNKNOWN_ORDER' });
  assert.throws(() => replay.apply({ address: block.address + EVENT_BYTES, count: 1 }), {
    code: 'UNKNOWN_ORDER',
  });
  assert.deepEqual(counts, [1]);
});
