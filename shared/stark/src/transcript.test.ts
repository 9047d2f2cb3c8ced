import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blake3 } from '@noble/hashes/blake3.js';
import fc from 'fast-check';
import { KEYS } from './commit/keys.ts';
import { absorbed, drawnElement, drawnIndices, nextState } from './testing/plain-transcript.ts';
import { concat, PRIME } from './testing/plain-tree.ts';
import { elementOf, readElement, TAGS, type Tag, Transcript } from './transcript.ts';

const tag = fc.constantFrom<Tag>(...Object.values(TAGS));
const step = fc.oneof(
  fc.record({ tag, bytes: fc.uint8Array({ maxLength: 2100 }) }),
  fc.constant('draw' as const),
  fc.record({ count: fc.nat(200), logSize: fc.nat(27) }),
);

test('any talk goes as the specification has it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const transcript = new Transcript();
      for (const each of steps) {
        const { state } = transcript;
        if (each === 'draw') {
          assert.deepEqual([...transcript.draw()], drawnElement(state));
          assert.deepEqual(transcript.state, nextState(state));
        } else if ('tag' in each) {
          transcript.absorb(each.tag, each.bytes);
          assert.deepEqual(transcript.state, absorbed(state, each.tag, each.bytes));
        } else {
          const { count, logSize } = each;
          const expected = drawnIndices(state, count, logSize);
          assert.deepEqual(transcript.drawIndices(count, logSize), expected);
          assert.deepEqual(transcript.state, nextState(state));
        }
      }
    }),
    { numRuns: 50 },
  );
});

test('the state is handed out as a copy', () => {
  const transcript = new Transcript();
  const before = transcript.state;
  transcript.state.fill(0);
  assert.deepEqual(transcript.state, before);
});

test('words from p on are passed over', () => {
  const wordsOf = (message: Uint8Array): number[] => {
    const view = new DataView(blake3(message, { key: KEYS.POINT, dkLen: 400 }).buffer);
    return Array.from({ length: 100 }, (_, i) => view.getUint32(4 * i, true) % 2 ** 31);
  };
  const messages = Array.from({ length: 40 }, (_, index) => Uint8Array.of(index));
  const firsts = messages.flatMap((message) => wordsOf(message).slice(0, 5));
  assert.ok(firsts.some((word) => word >= PRIME));
  for (const message of messages) {
    const expected = wordsOf(message).filter((word) => word < PRIME);
    assert.deepEqual([...elementOf(KEYS.POINT, message)], expected.slice(0, 5));
  }
});

test('the least word that is passed over is p', () => {
  const words = [PRIME, PRIME - 1, 2 ** 31 - 1, 2 ** 31 + 5, 2 ** 31 + PRIME, 0, 2 ** 32 - 1, 7, 8];
  assert.deepEqual(readElement(words.values()), [PRIME - 1, 5, 0, 7, 8]);
});

test('lengths part what is absorbed', () => {
  const [a, b] = [Uint8Array.of(1, 2), Uint8Array.of(3)];
  const ends = [[a, b], [concat([a, b])], [concat([a, b]), new Uint8Array(0)]].map((parts) => {
    const transcript = new Transcript();
    for (const part of parts) transcript.absorb(TAGS.CAP, part);
    return Buffer.from(transcript.state).toString('hex');
  });
  assert.equal(new Set(ends).size, 3);
});
