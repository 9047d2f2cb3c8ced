import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { type Frame, FrameReceiver, FrameSender } from './frame.ts';
import { createRing, RingConsumer, RingProducer } from './ring.ts';
import { FrameKind } from './shared-memory-layout.ts';

const SLOTS = 32;

it('frames that wait for room arrive as they were sent, in order (property)', () => {
  const size = fc.integer({ min: 0, max: 900 });
  const step = fc.oneof({ weight: 3, arbitrary: size }, { weight: 1, arbitrary: fc.constant(-1) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const ring = createRing(SLOTS);
      const sender = new FrameSender(new RingProducer(ring), 1e6);
      const receiver = new FrameReceiver(new RingConsumer(ring), { maxSlots: SLOTS });
      const sent: string[] = [];
      const seen: string[] = [];
      const words = ({ id, subject, reply, payload }: Omit<Frame, 'kind'>) =>
        `${id} ${subject} ${reply} ${Buffer.from(payload).toString('hex')}`;
      const receive = () => {
        const frames = receiver.receive((frame) => seen.push(words(frame)) > 0);
        assert.equal(typeof frames, 'number', String(frames));
        sender.flush();
        return frames;
      };
      for (const [id, bytes] of steps.entries()) {
        if (bytes < 0) {
          receive();
          continue;
        }
        const frame = {
          id,
          subject: `s.${'x'.repeat(bytes % 50)}`,
          reply: bytes % 3 === 0 ? 'r.1' : '',
          payload: new Uint8Array(bytes).fill(id),
        };
        assert(sender.send(FrameKind.DELIVER, id, frame.subject, frame.reply, frame.payload));
        sent.push(words(frame));
      }
      while (receive() !== 0 || seen.length < sent.length);
      assert.deepEqual(seen, sent);
    }),
  );
});

it('frames that wait take the room of their bytes, and give it back', () => {
  const ring = createRing(SLOTS);
  const sender = new FrameSender(new RingProducer(ring), 2 ** 20);
  const receiver = new FrameReceiver(new RingConsumer(ring), { maxSlots: SLOTS });
  const backingBytes = () => process.memoryUsage().arrayBuffers;
  const before = backingBytes();
  let sent = 0;
  while (sender.send(FrameKind.DELIVER, sent, 's', '')) sent += 1;
  assert.equal(sender.waitingBytes, 2 ** 20);
  assert.equal(sent, SLOTS + 2 ** 20 / 64);
  const perFrame = (backingBytes() - before) / sent;
  assert(perFrame < 4 * 64, `${perFrame} bytes for a frame of 64`);
  let next = 0;
  while (next < sent) {
    const seen = receiver.receive(({ id }) => {
      assert.equal(id, next);
      next += 1;
      return true;
    });
    assert.equal(typeof seen, 'number', String(seen));
    sender.flush();
  }
  assert.equal(sender.waitingBytes, 0);
});

it('a pass ends when its time is over, and goes on where it ended', () => {
  const ring = createRing(SLOTS);
  const sender = new FrameSender(new RingProducer(ring), 0);
  const limits = { maxSlots: SLOTS, budgetMs: 1 };
  const receiver = new FrameReceiver(new RingConsumer(ring), limits);
  for (let id = 0; id < SLOTS; id += 1) assert(sender.send(FrameKind.DELIVER, id, 's', ''));
  const seen: number[] = [];
  let passes = 0;
  while (seen.length < SLOTS) {
    receiver.receive(({ id }) => {
      seen.push(id);
      const endMs = performance.now() + 0.5;
      while (performance.now() < endMs);
      return true;
    });
    passes += 1;
  }
  assert(passes >= SLOTS / 2, `${passes} passes`);
  assert.deepEqual(seen, [...seen.keys()]);
});
