import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockOf, sharedKernel } from '../../test/decoding.ts';
import { EVENT_BYTES, EventFlag, EventOffset, readEvent } from '../event.ts';
import { marketEvent } from '../testing/event-block.ts';
import { WholeBlocks } from './whole-blocks.ts';

/** Ids of events in each block that comes out; those in `last` end a message. */
function cut(sizes: readonly number[], last: readonly number[]): number[][] {
  const kernel = sharedKernel();
  const blocks: number[][] = [];
  const whole = new WholeBlocks(
    kernel,
    ({ address, count }) => {
      const view = new DataView(kernel.memory.buffer, address, count * EVENT_BYTES);
      const ids = Array.from({ length: count }, (_, index) =>
        Number(view.getBigUint64(index * EVENT_BYTES + EventOffset.ORDER_ID, true)),
      );
      assert.equal(readEvent(view, 0).price, 100n);
      blocks.push(ids);
    },
    4,
  );
  let id = 0;
  for (const size of sizes) {
    const events = Array.from({ length: size }, () => {
      id += 1;
      const flags = last.includes(id) ? EventFlag.LAST : 0;
      return marketEvent({ orderId: BigInt(id), price: 100n, flags });
    });
    whole.push(blockOf(kernel, events));
  }
  whole.flush();
  whole.flush();
  return blocks;
}

test('blocks are the same however the events came', () => {
  const last = [1, 3, 4, 6, 9];
  const expected = [[1, 2, 3, 4], [5, 6], [7, 8, 9], [10]];
  assert.deepEqual(cut([10], last), expected);
  assert.deepEqual(cut([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], last), expected);
  assert.deepEqual(cut([3, 6, 1], last), expected);
});

test('a message that is too long is cut', () => {
  assert.deepEqual(cut([2, 5], [7]), [
    [1, 2, 3, 4],
    [5, 6, 7],
  ]);
});
