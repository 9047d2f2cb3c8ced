import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { createRing, RingConsumer, RingProducer } from './ring.ts';
import { isCapacity, RingOffset, ringBytes, SLOT_BYTES } from './ring-descriptor.ts';
import { randomWords } from './testing/random-words.ts';
import { type RingProducerData, slotWord } from './testing/ring-producer-worker.ts';

function slots(...numbers: number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [i, number] of numbers.entries()) {
    for (let at = 0; at < SLOT_BYTES; at += 4) view.setInt32(i * SLOT_BYTES + at, number, true);
  }
  return bytes;
}

function numbersOf(bytes: Uint8Array, count: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: count }, (_, i) => view.getInt32(i * SLOT_BYTES + 60, true));
}

function open(capacity: number, firstPosition = 0) {
  const buffer = createRing(capacity, firstPosition);
  const consumer = new RingConsumer(buffer);
  const take = (max: number) => {
    const into = new Uint8Array(max * SLOT_BYTES);
    const count = consumer.read(into, max);
    consumer.release(count);
    return numbersOf(into, count);
  };
  return { buffer, producer: new RingProducer(buffer), consumer, take };
}

test('what different threads write is at least 128 bytes apart, slots are 64-byte aligned', () => {
  const { PRODUCER, CONSUMER, PARKED, SLOTS } = RingOffset;
  const written = [0, PRODUCER, CONSUMER, PARKED, SLOTS];
  for (let i = 1; i < written.length; i += 1) {
    assert((written[i] ?? 0) - (written[i - 1] ?? 0) >= 128);
  }
  assert.equal(SLOTS % SLOT_BYTES, 0);
  assert.equal(createRing(8).byteLength, SLOTS + 8 * SLOT_BYTES);
  assert.equal(ringBytes(8), SLOTS + 8 * SLOT_BYTES);
});

test('capacities are powers of two', () => {
  for (const bad of [0, 1, 3, 6, 2.5, -4, 2 ** 25, Number.NaN]) assert(!isCapacity(bad), `${bad}`);
  for (const good of [2, 4, 1024, 2 ** 24]) assert(isCapacity(good));
  assert.throws(() => createRing(3), /power of two/);
  assert.throws(() => new RingProducer(new SharedArrayBuffer(1024)), /no ring/);
});

test('empty, full, and around the end', () => {
  const { producer, consumer, take } = open(4);
  assert.equal(consumer.available(), 0);
  assert.deepEqual(take(4), []);
  assert.equal(producer.free(), 4);
  assert(producer.offer(slots(1, 2, 3), 3));
  assert(!producer.offer(slots(4, 5), 2), 'no room for both: none is taken');
  assert(producer.offer(slots(4), 1));
  assert(!producer.offer(slots(5), 1));
  assert.equal(producer.offerSome(slots(5), 0, 1), 0);
  producer.publish();
  assert.deepEqual(take(3), [1, 2, 3]);
  assert.equal(producer.offerSome(slots(0, 5, 6, 7, 8), 1, 4), 3);
  producer.publish();
  assert.deepEqual(take(9), [4, 5, 6, 7]);
  assert.throws(() => producer.offer(slots(1, 2, 3, 4, 5), 5), /never fit/);
  assert.throws(() => consumer.release(1), /released 1 of 0/);
});

test('what is offered is invisible before it is published', () => {
  const { producer, consumer, take } = open(8);
  producer.offer(slots(1, 2), 2);
  assert.equal(consumer.available(), 0);
  producer.offer(slots(3), 1);
  assert.deepEqual(take(8), []);
  producer.publish();
  assert.equal(consumer.available(), 3);
  assert.deepEqual(take(8), [1, 2, 3]);
});

test('reading does not release; release gives the room back', () => {
  const { producer, consumer } = open(4);
  producer.offer(slots(1, 2, 3, 4), 4);
  producer.publish();
  const into = new Uint8Array(4 * SLOT_BYTES);
  assert.equal(consumer.read(into, 1), 1);
  assert.equal(consumer.read(into, 4), 4);
  assert.deepEqual(numbersOf(into, 4), [1, 2, 3, 4]);
  assert.equal(producer.free(), 0);
  assert.equal(producer.used(), producer.capacity);
  consumer.release(2);
  assert.equal(producer.free(), 2);
  assert.equal(producer.used(), producer.capacity - 2);
  const { bytes, offsetOf } = consumer.view();
  assert.deepEqual(numbersOf(bytes.subarray(offsetOf(0)), 1), [3]);
  assert.deepEqual(numbersOf(bytes.subarray(offsetOf(1)), 1), [4]);
});

test('slots of unaligned memory arrive whole', () => {
  const { producer, take } = open(4);
  const shifted = new Uint8Array(2 * SLOT_BYTES + 1).subarray(1);
  shifted.set(slots(7, 8));
  producer.offer(shifted, 2);
  producer.publish();
  assert.deepEqual(take(4), [7, 8]);
});

test('positions wrap at 2^32', () => {
  for (const start of [2 ** 32 - 3, 2 ** 31 - 3]) {
    const { producer, consumer, take } = open(4, start);
    let next = 0;
    for (let round = 0; round < 6; round += 1) {
      assert.equal(producer.free(), 4);
      assert(producer.offer(slots(next, next + 1, next + 2), 3));
      producer.publish();
      assert.equal(consumer.available(), 3);
      assert.equal(producer.free(), 1);
      assert.deepEqual(take(4), [next, next + 1, next + 2]);
      next += 3;
    }
  }
});

test('any sequence of calls behaves as a queue does', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('offer' as const), count: fc.integer({ min: 0, max: 8 }) }),
    fc.record({ kind: fc.constant('offerSome' as const), count: fc.integer({ min: 0, max: 9 }) }),
    fc.record({ kind: fc.constant('publish' as const), count: fc.constant(0) }),
    fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 0, max: 9 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, start) => {
      const { producer, take } = open(8, start * 7);
      let next = 1;
      const hidden: number[] = [];
      let visible: number[] = [];
      for (const { kind, count } of steps) {
        const fresh = Array.from({ length: count }, (_, i) => next + i);
        const room = 8 - hidden.length - visible.length;
        if (kind === 'offer') {
          const fits = count <= room;
          assert.equal(producer.offer(slots(...fresh), count), fits);
          if (fits) hidden.push(...fresh);
          next += count;
        } else if (kind === 'offerSome') {
          const taken = producer.offerSome(slots(0, ...fresh), 1, count);
          assert.equal(taken, Math.min(count, room));
          hidden.push(...fresh.slice(0, taken));
          next += count;
        } else if (kind === 'publish') {
          producer.publish();
          visible.push(...hidden.splice(0));
        } else {
          assert.deepEqual(take(count), visible.slice(0, count));
          visible = visible.slice(count);
        }
      }
    }),
  );
});

const TRANSFERRED = 1_000_000;

test('a million slots cross threads in order, parked and not', { timeout: 120_000 }, async () => {
  const seed = 1 + Math.floor(Math.random() * 2 ** 31);
  const maxBatch = 700;
  const ring = createRing(1024, 2 ** 32 - 5_000);
  const data: RingProducerData = { ring, total: TRANSFERRED, seed, maxBatch };
  const worker = new Worker(new URL('./testing/ring-producer-worker.ts', import.meta.url), {
    workerData: data,
  });
  const ended = once(worker, 'exit');
  await once(worker, 'online');
  const consumer = new RingConsumer(ring);
  const random = randomWords(seed + 1);
  const into = new Uint8Array(1024 * SLOT_BYTES);
  const words = new Int32Array(into.buffer);
  let received = 0;
  let checksum = 0;
  for (;;) {
    const isLast = consumer.isClosed();
    if (!consumer.waitForWork(10) && isLast) break;
    const count = consumer.read(into, 1 + (random() % 1024));
    for (let i = 0; i < count; i += 1) {
      if (words[i * 16] !== slotWord(received + i, 0))
        assert.fail(`seed ${seed}: slot ${received + i}`);
      for (let word = 0; word < 16; word += 1)
        checksum = (checksum + (words[i * 16 + word] ?? 0)) | 0;
    }
    consumer.release(count);
    received += count;
  }
  let expected = 0;
  for (let i = 0; i < TRANSFERRED; i += 1) {
    for (let word = 0; word < 16; word += 1) expected = (expected + slotWord(i, word)) | 0;
  }
  assert.equal(received, TRANSFERRED, `seed ${seed}`);
  assert.equal(checksum, expected, `seed ${seed}`);
  await ended;
});

test('closing wakes and what was published before stays readable', () => {
  const { producer, consumer, take } = open(4);
  assert(!consumer.isClosed());
  assert(!consumer.waitForWork(0));
  producer.offer(slots(9), 1);
  producer.close();
  assert(consumer.isClosed());
  assert(consumer.waitForWork(60_000));
  assert.deepEqual(take(4), [9]);
  assert(!consumer.waitForWork(60_000), 'a closed ring does not block');
});
