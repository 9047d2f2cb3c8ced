/** The clients of `bench e2e`: what they send is what a market takes, what they count came. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  BatchKind,
  CommandKind,
  CommandOffset,
  decodeMessage,
  EventKind,
  EventOffset,
  encodeBatch,
  encodeRefusal,
  RECORD_BYTES,
  refuse,
  viewOf,
} from '@foldbook/protocol';
import { E2eClient, E2eCounters } from './e2e-client.ts';
import { E2eFlow } from './e2e-flow.ts';

const MIX = { window: 2, singlePercent: 50, batch: 5 };
const ACCOUNT = 7;

describe('the flow', () => {
  const flow = new E2eFlow(MIX, ACCOUNT);
  const messages = Array.from({ length: 400 }, () => flow.message());

  test('is of messages that a market takes, of one command and of a batch', () => {
    let requestId = 0;
    const sizes = new Set<number>();
    for (const message of messages) {
      const decoded = decodeMessage(message, 'client', ACCOUNT);
      assert(decoded.ok, decoded.ok ? '' : `${decoded.name}: ${decoded.detail}`);
      assert.equal(decoded.value.replyWhen, 'received');
      sizes.add(decoded.value.count);
      for (let index = 0; index < decoded.value.count; index += 1) {
        requestId += 1;
        const at = index * RECORD_BYTES + CommandOffset.REQUEST_ID;
        assert.equal(viewOf(decoded.value.records).getUint32(at, true), requestId);
      }
    }
    assert.deepEqual([...sizes].sort(), [1, 5]);
    assert.equal(flow.lastRequestId, requestId);
  });

  test('cancels orders of its own, each once, and keeps its book small', () => {
    const open = new Set<number>();
    let cancels = 0;
    for (const message of messages) {
      const view = viewOf(message);
      for (let at = RECORD_BYTES; at < message.byteLength; at += RECORD_BYTES) {
        const id = view.getUint32(at + CommandOffset.CLIENT_ORDER_ID, true);
        if (view.getUint8(at + CommandOffset.KIND) === CommandKind.NEW) open.add(id);
        else {
          cancels += 1;
          assert(open.delete(id), `order ${id} is cancelled twice, or before it was sent`);
        }
      }
    }
    assert(cancels > 200, `${cancels} cancels`);
  });
});

describe('a client', () => {
  function open() {
    const counters = new E2eCounters();
    const sent: { readonly reply: string; readonly payload: Uint8Array }[] = [];
    const client = new E2eClient({
      subject: 'cmd.M.7',
      inbox: '_INBOX.x.0',
      window: 2,
      flow: new E2eFlow({ ...MIX, singlePercent: 100 }, ACCOUNT),
      counters,
      publish: (_, payload, reply) => sent.push({ reply, payload }),
    });
    const slotOf = (index: number) => Number(sent[index]?.reply.split('.').at(-1));
    return { client, counters, sent, slotOf };
  }

  const received = () => encodeBatch({ kind: BatchKind.REPLY }, new Uint8Array(0));
  const report = (requestId: number) => {
    const record = new Uint8Array(RECORD_BYTES);
    record[EventOffset.KIND] = EventKind.ACCEPTED;
    viewOf(record).setUint32(EventOffset.REQUEST_ID, requestId, true);
    return encodeBatch({ kind: BatchKind.REPORTS }, record);
  };

  test('has room again when a message is in the log, and its report is there', () => {
    const { client, counters, slotOf } = open();
    client.send(0);
    client.send(0);
    assert(!client.hasRoom);
    client.reported(report(2));
    assert(!client.hasRoom, 'not yet in the log');
    assert(client.answered(slotOf(0), received()));
    assert(client.hasRoom);
    client.answered(slotOf(1), received());
    assert(client.isIdle);
    assert.deepEqual([counters.messages, counters.reportedCommands], [2, 2]);
    assert.equal(counters.receivedMs.take().length, 2);
    assert.equal(counters.reportedMs.take().length, 2);
  });

  test('waits for no report of what was refused, nor takes it for sent', () => {
    const { client, counters, slotOf } = open();
    client.send(0);
    client.send(0);
    const refusal = encodeRefusal('binary', refuse('BUSY', 0, 'market M'));
    assert(!client.answered(slotOf(0), refusal));
    assert(client.hasRoom);
    client.answered(slotOf(1), received());
    client.reported(report(0));
    assert(!client.isIdle, "a report of others' commands ends nothing");
    client.reported(report(2));
    assert(client.isIdle);
    assert.deepEqual(
      [counters.refused, counters.sentCommands, counters.reportedCommands],
      [1, 1, 1],
    );
  });
});
