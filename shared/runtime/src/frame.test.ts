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
      const receiver = new FrameReceiver(new RingConsumer(ring), SLOTS);
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
