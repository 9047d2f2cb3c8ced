import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TokenBucket } from './token-bucket.ts';

test('a burst, then as much as comes', () => {
  const bucket = new TokenBucket({ perSec: 10, burst: 5 }, 0);
  assert(bucket.has(5, 0));
  bucket.take(5, 0);
  assert(!bucket.has(1, 99));
  assert(bucket.has(1, 100));
  assert(!bucket.isFull(499));
  assert(bucket.isFull(500));
  bucket.take(1, 10_000);
  assert(!bucket.has(5, 10_000), 'no more than the burst is ever kept');
});

test('what is larger than a burst comes when the bucket is full, and is paid for whole', () => {
  const bucket = new TokenBucket({ perSec: 10, burst: 5 }, 0);
  assert(bucket.has(25, 0));
  bucket.take(25, 0);
  assert(!bucket.has(1, 2_000));
  assert(bucket.has(1, 2_100));
  assert(!bucket.has(25, 2_400));
  assert(bucket.has(25, 2_500));
});

test('a clock that is set back changes nothing', () => {
  const bucket = new TokenBucket({ perSec: 1_000, burst: 1 }, 1_000);
  bucket.take(1, 1_000);
  assert(!bucket.has(1, 0));
  assert(bucket.has(1, 1));
});

test('never more than burst + rate x time is let through', () => {
  const uses = fc.array(fc.record({ waitMs: fc.nat(500), count: fc.integer({ min: 1, max: 20 }) }));
  fc.assert(
    fc.property(uses, (steps) => {
      const bucket = new TokenBucket({ perSec: 100, burst: 20 }, 0);
      let nowMs = 0;
      let taken = 0;
      for (const { waitMs, count } of steps) {
        nowMs += waitMs;
        if (!bucket.has(count, nowMs)) continue;
        bucket.take(count, nowMs);
        taken += count;
      }
      assert(taken <= 20 + nowMs / 10 + 1e-6);
    }),
  );
});
