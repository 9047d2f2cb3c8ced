import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type CancelOrder,
  CommandKind,
  decodeCommandBatch,
  encodeRefusal,
  encodeReply,
  RECORD_BYTES,
  type ResultName,
  refuse,
  viewOf,
} from '@foldbook/protocol';
import { MemoryBroker, type Transport, TransportError } from '@foldbook/runtime';
import type { ClientError } from './client-error.ts';
import { Outbox } from './outbox.ts';

const SUBJECT = 'cmd.BTC-USD.7';

const cancel = (requestId: number): CancelOrder => ({
  kind: CommandKind.CANCEL,
  session: 0,
  requestId: BigInt(requestId),
  clientOrderId: 1n,
});

/** The transport with requests that can be ended. */
function withQuestions(transport: Transport): Transport {
  const ask = (subject: string, payload: Uint8Array, timeoutMs: number) => {
    const told = Promise.withResolvers<Uint8Array | undefined>();
    const late = () => told.reject(new TransportError('TIMEOUT', subject));
    const timer = setTimeout(late, timeoutMs);
    const reply = transport.newInbox();
    const subscription = transport.subscribe(reply, (message) => told.resolve(message.payload));
    transport.publish(subject, payload, reply);
    const answer = told.promise.finally(() => {
      clearTimeout(timer);
      subscription.unsubscribe();
    });
    return { answer, end: () => told.resolve(undefined) };
  };
  return Object.assign(transport, { ask });
}

/**
 * A server that answers each batch with the next of `answers`, then OK; 'SILENT' and 'LOST' not at
 * all, of which the outbox waits a short while for the end of the first.
 * `asks`: the outbox may end its requests, and reports are told it where it wants no other answer.
 */
function serve(answers: (ResultName | 'SILENT' | 'LOST')[], asks = false) {
  const broker = new MemoryBroker();
  const server = broker.connect();
  const batches: number[][] = [];
  const wanted: string[] = [];
  let open = 0;
  let mostOpen = 0;
  server.subscribe(SUBJECT, ({ payload, reply }) => {
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    const batch = decodeCommandBatch(payload, 'client', 7);
    assert(batch.ok && reply !== undefined);
    const view = viewOf(batch.value.records);
    batches.push(
      Array.from({ length: batch.value.count }, (_, index) =>
        Number(view.getBigUint64(index * RECORD_BYTES + 16, true)),
      ),
    );
    wanted.push(batch.value.replyWhen);
    const answer = answers.shift() ?? 'OK';
    setImmediate(() => {
      open -= 1;
      if (answer === 'SILENT' || answer === 'LOST') return;
      if (answer === 'OK' && batch.value.replyWhen === 'refused') {
        for (const id of batches.at(-1) ?? []) outbox.reported(id);
        return;
      }
      const none = new Uint8Array(0);
      const bytes =
        answer === 'OK'
          ? encodeReply('binary', 1, none)
          : encodeRefusal('binary', refuse(answer, 0, ''));
      server.publish(reply, bytes);
    });
  });
  const refused: ClientError[] = [];
  const logged: number[] = [];
  const end = Promise.withResolvers<void>();
  // Silence is waited for only where there is some: a busy machine is not silent.
  const patienceMs = answers.includes('SILENT') ? 200 : 60_000;
  const line = broker.connect();
  let comesBack = () => {};
  line.onStatus = (listener) => {
    comesBack = () => listener('connected', 'for the test');
    return () => undefined;
  };
  const client = asks ? withQuestions(line) : line;
  const onEnd = (error: ClientError) => {
    refused.push(error);
    end.resolve();
  };
  const outbox = new Outbox({
    ...{ transport: client, subject: SUBJECT, resendAfterMs: patienceMs, onEnd },
    onLogged: (requestId) => logged.push(requestId),
  });
  const sent = async () => {
    while (outbox.length > 0) await new Promise((resolve) => setImmediate(resolve));
  };
  const busy = async () => {
    while (outbox.counters.busy === 0) await new Promise((resolve) => setImmediate(resolve));
  };
  const told = {
    batches,
    wanted,
    refused,
    logged,
    ended: end.promise,
    mostOpen: () => mostOpen,
    comesBack: () => comesBack(),
    closeLine: () => line.close(),
  };
  return { outbox, sent, busy, ...told };
}

describe('Outbox', () => {
  it('sends commands of one turn together, and what comes meanwhile after them', async () => {
    const { outbox, batches, sent } = serve([]);
    outbox.push(cancel(1));
    outbox.push(cancel(2));
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
    outbox.push(cancel(3));
    await sent();
    assert.deepEqual(batches, [[1, 2], [3]]);
  });

  it('has one batch on its way at a time and keeps the order over thousands', async () => {
    const { outbox, batches, sent, mostOpen } = serve([]);
    const ids = Array.from({ length: 5_000 }, (_, index) => index + 1);
    for (const id of ids) outbox.push(cancel(id));
    await sent();
    assert.deepEqual(batches.flat(), ids);
    assert(batches.every((batch) => batch.length <= 1_024));
    assert.equal(mostOpen(), 1);
  });

  it('sends the same batch again after BUSY, UNAVAILABLE and silence', async () => {
    const { outbox, batches, sent } = serve(['BUSY', 'UNAVAILABLE', 'SILENT']);
    outbox.push(cancel(1));
    await sent();
    assert.deepEqual(batches, [[1], [1], [1], [1]]);
    assert.deepEqual(outbox.counters, { busy: 2, resent: 1, batches: 1 });
  });

  it('sends nothing behind a batch that is refused for good', async () => {
    const { outbox, batches, refused, ended } = serve(['OK', 'NOT_PERMITTED']);
    for (let id = 1; id <= 2_500; id += 1) outbox.push(cancel(id));
    await ended;
    assert.equal(refused.length, 1);
    assert.match(refused[0]?.message ?? '', /^REFUSED: cmd\.BTC-USD\.7: NOT_PERMITTED/);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      batches.map((batch) => batch.length),
      [1_024, 1_024],
    );
    const fates = [1, 1_024, 1_025, 2_048, 2_049, 2_500].map((id) => outbox.fateOf(id));
    assert.deepEqual(fates, ['SENT', 'SENT', 'REFUSED', 'REFUSED', 'UNSENT', 'UNSENT']);
  });

  it('does not call a batch refused while an earlier copy may be in the log', async () => {
    const { outbox, ended } = serve(['SILENT', 'UNKNOWN_MARKET']);
    outbox.push(cancel(1));
    await ended;
    assert.equal(outbox.fateOf(1), 'SENT');
  });

  it('does not call a batch unsent that was turned away for load', async () => {
    // An owner that another one followed may have said so, while the other one took it.
    const { outbox, busy } = serve(Array.from({ length: 100 }, () => 'BUSY' as const));
    outbox.push(cancel(1));
    await busy();
    outbox.push(cancel(2));
    outbox.close();
    assert.equal(outbox.fateOf(1), 'SENT');
    assert.equal(outbox.fateOf(2), 'UNSENT');
  });

  it('asks again where a market that was there is unknown all at once', async () => {
    const { outbox, batches, sent } = serve(['OK', 'UNKNOWN_MARKET', 'UNKNOWN_MARKET']);
    outbox.push(cancel(1));
    await sent();
    outbox.push(cancel(2));
    await sent();
    assert.deepEqual(batches, [[1], [2], [2], [2]]);
  });

  it('tells how far the log has its commands', async () => {
    const { outbox, logged, sent } = serve(['BUSY']);
    for (let id = 1; id <= 1_030; id += 1) outbox.push(cancel(id));
    await sent();
    assert.deepEqual(logged, [1_024, 1_030]);
  });

  it('takes a report for the acknowledgement of a batch that nothing waits behind', async () => {
    const { outbox, batches, wanted, sent } = serve(['BUSY', 'SILENT'], true);
    outbox.push(cancel(1));
    await sent();
    assert.deepEqual(batches, [[1], [1], [1]]);
    assert.deepEqual(outbox.counters, { busy: 1, resent: 1, batches: 1 });
    for (let id = 2; id <= 1_100; id += 1) outbox.push(cancel(id));
    await sent();
    assert.equal(batches.flat().length, 3 + 1_099);
    assert.deepEqual(wanted, ['refused', 'refused', 'refused', 'received', 'refused']);
  });

  it('hears that a batch is refused where it asks for nothing else', async () => {
    const { outbox, refused, ended } = serve(['UNKNOWN_MARKET'], true);
    outbox.push(cancel(1));
    await ended;
    assert.match(refused[0]?.message ?? '', /UNKNOWN_MARKET/);
    assert.equal(outbox.fateOf(1), 'REFUSED');
  });

  it('takes no report of another request for one of its batch', async () => {
    const { outbox, batches, sent } = serve(['SILENT'], true);
    outbox.push(cancel(5));
    while (batches.length === 0) await new Promise((resolve) => setImmediate(resolve));
    outbox.reported(4);
    outbox.reported(6);
    assert.equal(outbox.length, 1);
    await sent();
    assert.deepEqual(batches, [[5], [5]]);
    assert.equal(outbox.counters.resent, 1);
  });

  it('sends at once what the line broke under, when it is back', async () => {
    // It waits a minute for silence to end, and the test does not.
    const { outbox, batches, sent, comesBack, closeLine } = serve(['LOST', 'OK']);
    outbox.push(cancel(1));
    outbox.push(cancel(2));
    while (batches.length === 0) await new Promise((resolve) => setImmediate(resolve));
    outbox.push(cancel(3));
    comesBack();
    await sent();
    assert.deepEqual(batches, [[1, 2], [1, 2], [3]]);
    assert.equal(outbox.counters.resent, 1);
    outbox.close();
    await closeLine();
  });

  it('keeps nothing of a command that fits no record', async () => {
    const { outbox, batches, sent } = serve([]);
    assert.throws(() => outbox.push({ ...cancel(1), clientOrderId: -1n }), /clientOrderId is -1/);
    assert.equal(outbox.length, 0);
    outbox.push(cancel(2));
    await sent();
    assert.deepEqual(batches, [[2]]);
  });
});
