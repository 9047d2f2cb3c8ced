import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WaitingBatches } from './waiting-batches.ts';

const batch = (name: number, sizeBytes = 1) => new Uint8Array(sizeBytes).fill(name);
const names = (batches: readonly Uint8Array[]) => batches.map((payload) => payload[0]);

describe('WaitingBatches', () => {
  it('gives batches back in order, once', () => {
    const waiting = new WaitingBatches();
    for (const name of [1, 2, 3]) waiting.push(batch(name));
    assert.deepEqual(names(waiting.take()), [1, 2, 3]);
    assert.deepEqual([waiting.length, waiting.sizeBytes, waiting.take()], [0, 0, []]);
  });

  it('drops the oldest beyond its number of batches', () => {
    const waiting = new WaitingBatches({ batches: 2, bytes: 1_000 });
    for (const name of [1, 2, 3]) waiting.push(batch(name));
    assert.deepEqual(names(waiting.take()), [2, 3]);
  });

  it('drops the oldest beyond its bytes', () => {
    const waiting = new WaitingBatches({ batches: 100, bytes: 1_000 });
    for (const name of [1, 2, 3, 4]) waiting.push(batch(name, 300));
    assert.equal(waiting.sizeBytes, 900);
    waiting.push(batch(5, 700));
    assert.equal(waiting.sizeBytes, 1_000);
    assert.deepEqual(names(waiting.take()), [4, 5]);
  });

  it('holds no more than tens of megabytes unless told otherwise', () => {
    const waiting = new WaitingBatches();
    const large = batch(1, 768 * 1024);
    for (let index = 0; index < 100; index += 1) waiting.push(large);
    assert(waiting.sizeBytes <= 16 * 1024 * 1024);
    assert(waiting.length > 10);
  });

  it('keeps no large buffer for the sake of a small message in it', () => {
    const waiting = new WaitingBatches();
    waiting.push(Buffer.alloc(1_000_000).subarray(10, 20));
    const [kept] = waiting.take();
    assert.equal(kept?.buffer.byteLength, 10);
  });
});
