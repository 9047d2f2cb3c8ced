import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Frame, frameBytes } from '../features/frame.ts';
import { FrameReader, FrameWriter, ringBytes } from './frame-ring.ts';

const FRAMES = 2;

function newRing(onStall: (reader: number) => void, readers = 2) {
  const words = new Int32Array(new SharedArrayBuffer(ringBytes(readers)));
  const frames = Array.from({ length: FRAMES }, () => {
    return new Frame(new SharedArrayBuffer(frameBytes(0)), 0, 0);
  });
  const writer = new FrameWriter(words, frames, readers, { onStall, stallMs: 0 });
  const all = Array.from({ length: readers }, (_, index) => new FrameReader(words, frames, index));
  return { writer, frames, readers: all, words };
}

test('who waits for a reader says for which, once a frame, and goes on when it does', () => {
  const stalls: number[] = [];
  const { writer, frames, readers } = newRing((reader) => {
    stalls.push(reader);
    assert.equal(readers[reader]?.next(), frames[0]);
    readers[reader]?.done();
  });
  for (const frame of frames) {
    assert.equal(writer.next(), frame);
    writer.publish();
  }
  assert.deepEqual(stalls, []);
  assert.equal(writer.next(), frames[0]);
  assert.deepEqual(stalls, [0, 1]);
});

test('a reader that fails while it is waited for ends the wait', () => {
  const { writer, readers } = newRing((reader) => readers[reader]?.fail());
  for (let count = 0; count < FRAMES; count += 1) {
    writer.next();
    writer.publish();
  }
  assert.equal(writer.next(), undefined);
});

test('frames are filled again in turn, and after the last there is none', () => {
  const { writer, frames, readers, words } = newRing(() => assert.fail('nobody waits'), 1);
  const [reader] = readers;
  assert(reader !== undefined);
  const turn = (count: number) => {
    assert.equal(writer.next(), frames[count % FRAMES]);
    writer.publish();
    assert.equal(reader.next(), frames[count % FRAMES]);
    reader.done();
  };
  for (let count = 0; count < 5; count += 1) turn(count);
  writer.end();
  assert.equal(reader.next(), undefined);
  assert.equal(words[0], 5);
});
