import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, headers, type JetStreamManager, type NatsConnection } from 'nats';
import { JetStreamStore } from './jetstream-store.ts';
import { connectNats, type NatsTransport } from './nats-transport.ts';
import type { StreamError, StreamWriter } from './stream.ts';
import { type NatsServer, startNatsServer } from './testing/nats-server.ts';
import { streamConformance } from './testing/stream-conformance.ts';

streamConformance('JetStream', async () => {
  const broker = await startNatsServer();
  const transports: NatsTransport[] = [];
  return {
    store: async () => {
      const transport = await connectNats({ servers: broker.url, name: 'conformance' });
      transports.push(transport);
      return new JetStreamStore(transport);
    },
    tooLargeBytes: 1024 * 1024,
    close: async () => {
      await Promise.all(transports.map((transport) => transport.close()));
      await broker.close();
    },
  };
});

let broker: NatsServer;
let transport: NatsTransport;
let store: JetStreamStore;

before(async () => {
  broker = await startNatsServer();
  transport = await connectNats({ servers: broker.url, name: 'test' });
  store = new JetStreamStore(transport, { ackTimeoutMs: 2_000 });
});

after(async () => {
  await store?.close();
  await transport?.close();
  await broker?.close();
});

/** Another client, which keeps none of the rules. */
async function asStranger<T>(act: (stranger: NatsConnection) => Promise<T>): Promise<T> {
  const stranger = await connect({ servers: broker.url });
  try {
    return await act(stranger);
  } finally {
    await stranger.close();
  }
}

const publishAsStranger = (subject: string, text: string) =>
  asStranger((stranger) => stranger.jetstream().publish(subject, bytes(text)));

const manageAsStranger = (act: (manager: JetStreamManager) => Promise<unknown>) =>
  asStranger(async (stranger) => act(await stranger.jetstreamManager()));

const bytes = (text: string) => new TextEncoder().encode(text);

async function textsOf(name: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const { sequence, payload } of store
    .reader(name)
    .read({ fromSequence: 1, follow: false })) {
    assert.equal(sequence, texts.length + 1);
    texts.push(new TextDecoder().decode(payload));
  }
  return texts;
}

function watchTrouble(writer: StreamWriter): string[] {
  const states: string[] = [];
  writer.onTrouble((state) => states.push(state));
  return states;
}

test('what durable means is said', () => {
  assert.match(store.durability, /^JetStream file, 1 replica, sync as the broker's sync_interval/);
  const other = new JetStreamStore(transport, { replicas: 3, sync: 'always' });
  assert.equal(other.durability, 'JetStream file, 3 replicas, sync always');
});

test('a foreign append makes the writer stale, with all that it had in flight', async () => {
  const writer = await store.writer('FOREIGN', ['foreign']);
  await writer.append('foreign', bytes('mine'));
  await publishAsStranger('foreign', 'theirs');
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) => writer.append('foreign', bytes(`lost ${i}`))),
  );
  for (const result of results) {
    assert(result.status === 'rejected');
    assert.equal(result.reason.code, 'STALE_WRITER');
    assert.match(result.reason.message, /sequence 2 of FOREIGN/);
  }
  assert.equal(writer.inFlight(), 0);
  await assert.rejects(writer.append('foreign', bytes('late')), { code: 'STALE_WRITER' });
  await writer.close();
  assert.deepEqual(await textsOf('FOREIGN'), ['mine', 'theirs'], 'nothing got in behind it');
});

test('of two writers on one stream one wins, and the stream is its', {
  timeout: 60_000,
}, async () => {
  for (let round = 0; round < 10; round += 1) {
    const name = `RACE_${round}`;
    const writers = await Promise.all([0, 1].map(() => store.writer(name, [`race.${round}`])));
    const outcomes = await Promise.all(
      writers.map((writer, w) =>
        Promise.allSettled(
          Array.from({ length: 50 }, (_, i) => writer.append(`race.${round}`, bytes(`${w} ${i}`))),
        ),
      ),
    );
    const texts = await textsOf(name);
    for (const [w, results] of outcomes.entries()) {
      const acknowledged = results.filter(({ status }) => status === 'fulfilled').length;
      const expected = Array.from({ length: acknowledged }, (_, i) => `${w} ${i}`);
      const stored = texts.filter((text) => text.startsWith(`${w} `));
      assert.deepEqual(stored, expected, 'what is stored is what was acknowledged, in order');
    }
    await Promise.all(writers.map((writer) => writer.close()));
  }
});

test('the broker refuses an append behind a foreign one, though its number fits', async () => {
  const writer = await store.writer('CHAIN', ['chain']);
  await writer.append('chain', bytes('first'));
  // As if append 2 had lost its place to a stranger, and append 3 came after it.
  await publishAsStranger('chain', 'theirs');
  const chained = headers();
  chained.set('Nats-Expected-Last-Sequence', '2');
  chained.set('Nats-Expected-Last-Msg-Id', 'writer:2');
  const third = asStranger((stranger) =>
    stranger.jetstream().publish('chain', bytes('third'), { headers: chained }),
  );
  await assert.rejects(third, /wrong last msg id/i);
  await writer.close();
});

test('killed twice while 2,000 appends are in flight: each is stored once, in order', {
  timeout: 120_000,
}, async () => {
  const writer = await store.writer('CRASH', ['crash.*']);
  const states = watchTrouble(writer);
  const followed: string[] = [];
  const all = Promise.withResolvers<void>();
  const stop = new AbortController();
  const total = 2_000;
  const following = (async () => {
    const { signal } = stop;
    for await (const record of store
      .reader('CRASH')
      .read({ fromSequence: 1, follow: true, signal })) {
      assert.equal(record.sequence, followed.length + 1);
      followed.push(new TextDecoder().decode(record.payload));
      if (followed.length === total) all.resolve();
    }
  })();
  const order: number[] = [];
  const expected = Array.from({ length: total }, (_, i) => `record ${i + 1}`);
  const appends: Promise<unknown>[] = [];
  const append = (from: number, to: number) => {
    for (const text of expected.slice(from, to)) {
      const appended = writer.append(`crash.${text.length}`, bytes(text));
      appends.push(appended.then((sequence) => order.push(sequence)));
    }
  };
  append(0, 700);
  await appends[20];
  await broker.kill();
  append(700, 1_400);
  await broker.restart();
  await appends[900];
  await broker.kill();
  append(1_400, total);
  await broker.restart();
  await Promise.all(appends);
  assert.deepEqual(
    order,
    Array.from({ length: total }, (_, i) => i + 1),
  );
  assert.deepEqual(await textsOf('CRASH'), expected);
  await all.promise;
  assert.deepEqual(followed, expected);
  assert.deepEqual(states, ['stalled', 'recovered', 'stalled', 'recovered']);
  stop.abort();
  await following;
  await writer.close();
});

test('acknowledgements that come late, again and again, change nothing', {
  timeout: 60_000,
}, async () => {
  // So impatient that it asks what happened while the acknowledgements are on their way.
  const hasty = new JetStreamStore(transport, { ackTimeoutMs: 1 });
  const writer = await hasty.writer('HASTY', ['hasty']);
  const states = watchTrouble(writer);
  const expected = Array.from({ length: 3_000 }, (_, i) => `record ${i + 1}`);
  const payload = (text: string) => bytes(text.padEnd(20_000));
  const sequences = await Promise.all(
    expected.map((text) => writer.append('hasty', payload(text))),
  );
  assert.deepEqual(
    sequences,
    expected.map((_, i) => i + 1),
  );
  assert.deepEqual(
    (await textsOf('HASTY')).map((text) => text.trimEnd()),
    expected,
  );
  assert(states.length > 0, 'it was impatient');
  await hasty.close();
});

test('a broker that is away while nothing is in flight stalls the writer, too', {
  timeout: 60_000,
}, async () => {
  const writer = await store.writer('IDLE', ['idle']);
  await writer.append('idle', bytes('1'));
  const told: string[] = [];
  const stalled = Promise.withResolvers<void>();
  const recovered = Promise.withResolvers<void>();
  const stopTelling = writer.onTrouble((state) => {
    told.push(state);
    (state === 'stalled' ? stalled : recovered).resolve();
  });
  await broker.kill();
  await stalled.promise;
  const waiting = writer.append('idle', bytes('2'));
  await broker.restart();
  assert.equal(await waiting, 2);
  await recovered.promise;
  stopTelling();
  assert.deepEqual(told, ['stalled', 'recovered']);
  await writer.close();
});

test('a writer whose stream was taken while it was away and had nothing to send says so', {
  timeout: 60_000,
}, async () => {
  const opening = (text: string, after: number) => ({
    ...{ subject: 'taken.term', payload: bytes(text), after },
  });
  const writer = await store.writer('TAKEN', ['taken', 'taken.term'], opening('first', 0));
  const failed = Promise.withResolvers<StreamError | undefined>();
  const recovered = Promise.withResolvers<void>();
  writer.onTrouble((state, _detail, error) => {
    if (state === 'failed') failed.resolve(error);
    if (state === 'recovered') recovered.resolve();
  });
  await broker.kill();
  await broker.restart();
  await recovered.promise;
  await (await store.writer('TAKEN', ['taken', 'taken.term'], opening('second', 1))).close();
  await broker.kill();
  await broker.restart();
  const error = await failed.promise;
  assert.equal(error?.code, 'STALE_WRITER');
  await assert.rejects(writer.append('taken', bytes('2')), { code: 'STALE_WRITER' });
  await writer.close();
});

test('a stream that lost what was acknowledged is refused by writer and reader', {
  timeout: 60_000,
}, async () => {
  const writer = await store.writer('LOST', ['lost']);
  for (let i = 1; i <= 5; i += 1) await writer.append('lost', bytes(`${i}`));
  const reading = store.reader('LOST').read({ fromSequence: 1, follow: true });
  const records = reading[Symbol.asyncIterator]();
  for (let i = 1; i <= 5; i += 1) assert.equal((await records.next()).value?.sequence, i);
  const next = assert.rejects(records.next(), { code: 'TRUNCATED', message: /ends at 0, but 5/ });
  await manageAsStranger(async ({ streams }) => {
    await streams.delete('LOST');
    await streams.add({ name: 'LOST', subjects: ['lost'] });
  });
  await assert.rejects(writer.append('lost', bytes('6')), {
    code: 'TRUNCATED',
    message: /LOST ends at 0, but 5 was acknowledged/,
  });
  await next;
  await writer.close();
});

test('a stream that was lost and is as long again is not written on', {
  timeout: 60_000,
}, async () => {
  const own = await connectNats({ servers: broker.url, name: 'test' });
  const writer = await new JetStreamStore(own).writer('AGAIN', ['again']);
  for (const text of ['1', '2']) await writer.append('again', bytes(text));
  await asStranger(async (stranger) => {
    const manager = await stranger.jetstreamManager();
    await manager.streams.delete('AGAIN');
    await manager.streams.add({ name: 'AGAIN', subjects: ['again'] });
    for (const text of ['other', 'other']) await stranger.jetstream().publish('again', bytes(text));
  });
  await own.connection.reconnect();
  await assert.rejects(writer.append('again', bytes('3')), {
    code: 'STALE_WRITER',
    message: /another writer has appended sequence 2 of AGAIN/,
  });
  await own.close();
});

test('records that are missing at the beginning or in between are a gap', async () => {
  const writer = await store.writer('HOLES', ['holes']);
  for (let i = 1; i <= 6; i += 1) await writer.append('holes', bytes(`${i}`));
  await writer.close();
  await manageAsStranger(({ streams }) => streams.purge('HOLES', { seq: 3 }));
  await assert.rejects(textsOf('HOLES'), { code: 'GAP', message: /sequence 1 .*begins at 3/ });
});

test('a stream made otherwise is refused, with what is wrong', async () => {
  const config = { name: 'OTHER', subjects: ['other.a'], max_msgs: 10 };
  await manageAsStranger(({ streams }) => streams.add(config));
  await assert.rejects(store.writer('OTHER', ['other.*']), {
    code: 'BAD_CONFIG',
    message: /max_msgs is 10, allow_atomic is false, subjects is \["other\.a"\]; wanted/,
  });
  await assert.rejects(store.writer('OVERLAP', ['other.>']), {
    code: 'BAD_CONFIG',
    message: /refuses to create the stream OVERLAP: .*overlap/,
  });
});

test('closing the transport ends writer and reader', async () => {
  const own = await connectNats({ servers: broker.url, name: 'own' });
  const ownStore = new JetStreamStore(own);
  const writer = await ownStore.writer('ENDS', ['ends']);
  await writer.append('ends', bytes('1'));
  const records = ownStore.reader('ENDS').read({ fromSequence: 2, follow: true });
  const next = assert.rejects(records[Symbol.asyncIterator]().next(), { code: 'CLOSED' });
  await own.close();
  await next;
  await assert.rejects(writer.append('ends', bytes('2')), { code: 'CLOSED' });
  await ownStore.close();
});

test('closing does not wait for ever for a broker that is away', { timeout: 60_000 }, async () => {
  const away = await startNatsServer();
  const own = await connectNats({ servers: away.url, name: 'away' });
  const ownStore = new JetStreamStore(own, { closeWithinMs: 50 });
  try {
    const writer = await ownStore.writer('AWAY', ['away']);
    const gone = new Promise<void>((resolve) => own.onStatus(() => resolve()));
    await away.kill();
    await gone;
    const refused = assert.rejects(writer.append('away', bytes('1')), {
      code: 'CLOSED',
      message: /1 records of AWAY were not acknowledged within 50 ms/,
    });
    await writer.close();
    await refused;
    assert.equal(writer.inFlight(), 0);
  } finally {
    await ownStore.close();
    await own.close();
    await away.close();
  }
});

test('a broker without JetStream is said to be one', { timeout: 60_000 }, async () => {
  const plain = await startNatsServer({ config: 'jetstream: disabled' });
  const own = await connectNats({ servers: plain.url, name: 'plain' });
  try {
    await assert.rejects(new JetStreamStore(own).writer('X', ['x']), /-js/);
  } finally {
    await own.close();
    await plain.close();
  }
});
