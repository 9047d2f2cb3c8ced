import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RECORD_BYTES } from '@foldbook/protocol';
import { createRing, RingConsumer, RingProducer } from '@foldbook/runtime';
import fc from 'fast-check';
import { Mailbox } from './mailbox.ts';

const SLOTS = 16_384;

/** A ring that gives messages whose records are numbered one after the other. */
function numbered() {
  const ring = createRing(SLOTS);
  const producer = new RingProducer(ring);
  let next = 0;
  const send = (count: number) => {
    const message = new Uint8Array(count * RECORD_BYTES);
    const view = new DataView(message.buffer);
    for (let index = 0; index < count; index += 1) {
      view.setUint32(index * RECORD_BYTES, next, true);
      next += 1;
    }
    assert(producer.offer(message, count));
    producer.publish();
  };
  return { consumer: new RingConsumer(ring), send };
}

const firstOf = ({ view, head }: Mailbox) => view.getUint32(head * RECORD_BYTES, true);

describe('a mailbox', () => {
  it('gives what it took, in order, however much waits', () => {
    const step = fc.record({ take: fc.integer({ min: 0, max: 900 }), drop: fc.nat(900) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { consumer, send } = numbered();
        const mailbox = new Mailbox();
        let waiting = 0;
        let oldest = 0;
        for (const { take, drop } of steps) {
          if (take > 0) {
            send(take);
            mailbox.take(consumer, take);
            waiting += take;
          }
          const done = Math.min(drop, waiting);
          if (done > 0) mailbox.drop(done);
          waiting -= done;
          oldest += done;
          assert.equal(mailbox.isEmpty, waiting === 0);
          if (waiting === 0) continue;
          assert.equal(firstOf(mailbox), oldest);
          const last = (mailbox.head + waiting - 1) * RECORD_BYTES;
          assert.equal(mailbox.view.getUint32(last, true), oldest + waiting - 1);
        }
        assert.equal(consumer.available(), 0);
      }),
    );
  });

  it('is small again when it is empty', () => {
    const { consumer, send } = numbered();
    const mailbox = new Mailbox();
    const { byteLength } = mailbox.bytes;
    for (let round = 0; round < 3; round += 1) {
      send(10_000);
      mailbox.take(consumer, 10_000);
      assert(mailbox.bytes.byteLength >= 10_000 * RECORD_BYTES);
      mailbox.drop(10_000);
      assert.equal(mailbox.bytes.byteLength, byteLength);
    }
  });

  it('gives no more than it has', () => {
    const { consumer, send } = numbered();
    const mailbox = new Mailbox();
    send(2);
    mailbox.take(consumer, 2);
    assert.throws(() => mailbox.drop(3), /fewer/);
    assert.throws(() => mailbox.take(consumer, 1), /whole/);
  });
});
