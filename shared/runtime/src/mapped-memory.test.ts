import assert from 'node:assert/strict';
import { fstatSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { platform } from 'node:process';
import { test } from 'node:test';
import { MappedMemory, PAGE_BYTES } from './mapped-memory.ts';
import { layRing, RingConsumer, RingProducer } from './ring.ts';
import { ringBytes, SLOT_BYTES } from './ring-descriptor.ts';
import { checkSupport } from './shared-memory-error.ts';

const SIZE = 2 * PAGE_BYTES;
/** As another process is given it. */
const duplicate = ({ descriptor }: MappedMemory) => openSync(`/proc/self/fd/${descriptor}`, 'r+');

const elsewhere = platform === 'linux' ? false : 'memory is shared between processes on Linux only';
const LINUX = { skip: elsewhere };

const ON_LINUX = { skip: elsewhere ? false : 'this is Linux' };

test('elsewhere than on Linux one clear error says so', ON_LINUX, () => {
  assert.throws(checkSupport, { code: 'UNSUPPORTED' });
});

test('what one mapping writes another reads, and its size is fixed', LINUX, () => {
  const own = MappedMemory.create('foldbook-test', SIZE);
  const other = MappedMemory.adopt(duplicate(own), SIZE);
  Atomics.store(new Int32Array(other.buffer), 700, 42);
  assert.equal(Atomics.load(new Int32Array(own.buffer), 700), 42);
  assert.equal(fstatSync(own.descriptor).mode & 0o777, 0o600);
  for (const size of [0, 2 * SIZE]) {
    assert.throws(() => ftruncateSync(own.descriptor, size), { code: 'EPERM' });
  }
  const words = new Int32Array(own.buffer);
  own.close();
  assert.equal(words[700], undefined, 'unmapped memory is out of reach');
  assert.equal(Atomics.load(new Int32Array(other.buffer), 700), 42);
  other.close();
});

test('a descriptor that is no sealed memory of the size is refused and closed', LINUX, (test) => {
  const own = MappedMemory.create('foldbook-test', SIZE);
  const folder = mkdtempSync('/dev/shm/foldbook-test-');
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'file');
  // Of the right size, but whoever handed it over may shorten it.
  writeFileSync(file, new Uint8Array(SIZE));
  for (const [descriptor, sizeBytes] of [
    [duplicate(own), PAGE_BYTES],
    [openSync(file, 'r+'), SIZE],
    [openSync(folder, 'r'), SIZE],
  ] as const) {
    assert.throws(() => MappedMemory.adopt(descriptor, sizeBytes), { code: 'BAD_LAYOUT' });
    assert.throws(() => fstatSync(descriptor), { code: 'EBADF' });
  }
  own.close();
});

test('a ring in mapped memory, wherever it lies', LINUX, () => {
  const memory = MappedMemory.create('foldbook-test', SIZE);
  const other = MappedMemory.adopt(duplicate(memory), SIZE);
  const place = { buffer: memory.buffer, offset: 1_024, capacity: 16 };
  layRing(place, 2 ** 32 - 5);
  const producer = new RingProducer(place);
  const consumer = new RingConsumer({ ...place, buffer: other.buffer });
  const slots = new Uint8Array(12 * SLOT_BYTES).map((_, i) => i % 251);
  const into = new Uint8Array(slots.byteLength);
  for (let round = 0; round < 5; round += 1) {
    assert(producer.offer(slots, 12));
    producer.publish();
    assert.equal(consumer.read(into, 12), 12);
    assert.deepEqual(into, slots);
    consumer.release(12);
  }
  const tooSmall = { ...place, offset: SIZE - ringBytes(8) };
  assert.throws(() => new RingProducer(tooSmall));
  other.close();
  memory.close();
});

test('a position that the other side cannot have is not followed', LINUX, () => {
  const slots = new Uint8Array(4 * SLOT_BYTES);
  for (const [word, position] of [
    [128 / 4, 21],
    [128 / 4, 3],
    [128 / 4, 2 ** 31 - 1],
    [256 / 4, 5],
    [256 / 4, -(2 ** 31)],
    [256 / 4, -1],
  ] as const) {
    const memory = MappedMemory.create('foldbook-test', PAGE_BYTES);
    const place = { buffer: memory.buffer, offset: 0, capacity: 16 };
    layRing(place);
    const producer = new RingProducer(place);
    const consumer = new RingConsumer(place);
    assert(producer.offer(slots, 4));
    producer.publish();
    if (word === 128 / 4) assert.equal(consumer.available(), 4);
    Atomics.store(new Int32Array(memory.buffer), word, position);
    if (word === 128 / 4) {
      consumer.release(4);
      assert.equal(consumer.available(), 0);
      assert(consumer.isDamaged, `producer's position ${position}`);
    } else {
      assert.equal(producer.free(), 12);
      assert(producer.isDamaged, `consumer's position ${position}`);
    }
    memory.close();
  }
});
