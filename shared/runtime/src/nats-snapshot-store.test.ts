import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connect, type NatsConnection } from 'nats';
import { NatsSnapshotStore } from './nats-snapshot-store.ts';
import { connectNats, type NatsTransport } from './nats-transport.ts';
import { writeSnapshot } from './snapshot-store.ts';
import { type NatsServer, startNatsServer } from './testing/nats-server.ts';
import {
  codeOf,
  collect,
  contentOf,
  put,
  snapshotConformance,
} from './testing/snapshot-conformance.ts';

snapshotConformance('JetStream', async () => {
  const own = await startNatsServer();
  const transport = await connectNats({ servers: own.url, name: 'conformance' });
  return {
    store: await NatsSnapshotStore.open(transport, { bucket: 'SNAP_0' }),
    close: async () => {
      await transport.close();
      await own.close();
    },
  };
});

let broker: NatsServer;
let transport: NatsTransport;

before(async () => {
  broker = await startNatsServer();
  transport = await connectNats({ servers: broker.url, name: 'test' });
});

after(async () => {
  await transport?.close();
  await broker?.close();
});

async function asStranger<T>(act: (stranger: NatsConnection) => Promise<T>): Promise<T> {
  const stranger = await connect({ servers: broker.url });
  try {
    return await act(stranger);
  } finally {
    await stranger.close();
  }
}

/** How many messages the object store's stream holds. */
const messagesOf = (bucket: string) =>
  asStranger(async (stranger) => {
    const manager = await stranger.jetstreamManager();
    return (await manager.streams.info(`OBJ_${bucket}`)).state.messages;
  });

const all = (sizeBytes: number) => Buffer.concat([...contentOf(sizeBytes)]);

test('it is an object store like any other: theirs is read here, and ours there', async () => {
  const store = await NatsSnapshotStore.open(transport, { bucket: 'BOTH' });
  await (await writeSnapshot(store, 'ours', contentOf(500_000))).finish();
  await asStranger(async (stranger) => {
    const objects = await stranger.jetstream().views.os('BOTH');
    const ours = await objects.getBlob('ours');
    assert.deepEqual(Buffer.from(ours ?? []), all(500_000));
    await objects.putBlob({ name: 'theirs' }, all(300_000));
    await objects.putBlob({ name: 'deleted' }, all(10));
    await objects.delete('deleted');
  });
  assert.deepEqual(await collect(store.read('theirs')), all(300_000));
  assert.deepEqual(
    (await store.list('')).map(({ name, sizeBytes }) => [name, sizeBytes]),
    [
      ['ours', 500_000],
      ['theirs', 300_000],
    ],
  );
  await assert.rejects(collect(store.read('deleted')), codeOf('NO_SNAPSHOT'));
});

test('chunks that are missing or changed, and names that are none, are refused', async () => {
  const store = await NatsSnapshotStore.open(transport, { bucket: 'HURT' });
  await (await writeSnapshot(store, 'A', contentOf(500_000))).finish();
  await put(store, 'B', 'content');
  await asStranger(async (stranger) => {
    const manager = await stranger.jetstreamManager();
    await manager.streams.deleteMessage('OBJ_HURT', 2);
    const last = await manager.streams.getMessage('OBJ_HURT', { last_by_subj: '$O.HURT.C.>' });
    await stranger.jetstream().publish(last.subject, 'more');
    await stranger.jetstream().publish(`$O.HURT.M.${btoa('C')}`, 'no record');
  });
  await assert.rejects(collect(store.read('A')), codeOf('DAMAGED'));
  await assert.rejects(collect(store.read('B')), codeOf('DAMAGED'));
  await assert.rejects(collect(store.read('C')), codeOf('DAMAGED'));
  assert.deepEqual(
    (await store.list('')).map(({ isWhole }) => isWhole),
    [true, true, false],
  );
  for (const name of ['A', 'B', 'C']) await store.remove(name);
  assert.equal(await messagesOf('HURT'), 0);
});

test('a name that is written anew takes its former chunks away', async () => {
  const store = await NatsSnapshotStore.open(transport, { bucket: 'ANEW' });
  for (let round = 0; round < 3; round += 1) {
    await (await writeSnapshot(store, 'A', contentOf(300_000))).finish();
  }
  assert.equal(await messagesOf('ANEW'), 4, 'three chunks and the name');
  await (await writeSnapshot(store, 'B', contentOf(300_000))).abort();
  assert.equal(await messagesOf('ANEW'), 4);
});

test('opening the store takes nothing from who writes under the same name', async () => {
  const open = () => NatsSnapshotStore.open(transport, { bucket: 'BESIDE', writer: 'market' });
  const draft = await writeSnapshot(await open(), 'A', contentOf(300_000));
  const waiting = await open();
  await draft.finish();
  assert.deepEqual(await collect(waiting.read('A')), all(300_000));
});

test('what a writer left half written goes when it is told, and only that', {
  timeout: 60_000,
}, async () => {
  const open = (writer: string) => NatsSnapshotStore.open(transport, { bucket: 'LEFT', writer });
  const store = await open('node-1');
  await (await writeSnapshot(store, 'A', contentOf(300_000))).finish();
  await writeSnapshot(store, 'B', contentOf(300_000));
  const other = await writeSnapshot(await open('node-10'), 'C', contentOf(300_000));
  // Two whole pieces each are on their way; the third waits for more.
  while ((await messagesOf('LEFT')) < 4 + 2 + 2);
  const again = await open('node-1');
  await again.removeLeftovers();
  assert.equal(await messagesOf('LEFT'), 4 + 2);
  await other.finish();
  assert.deepEqual(await collect(again.read('C')), all(300_000));
});

test('a broker that is killed meanwhile ends the draft; another one succeeds', {
  timeout: 60_000,
}, async () => {
  const store = await NatsSnapshotStore.open(transport, { bucket: 'KILLED', writer: 'node' });
  await put(store, 'A', 'former');
  const draft = await writeSnapshot(store, 'A', contentOf(400_000));
  const lost = new Promise<void>((resolve) => transport.onStatus(() => resolve()));
  await broker.kill();
  await lost;
  const finished = assert.rejects(draft.finish(), codeOf('UNAVAILABLE'));
  await finished;
  await broker.restart();
  assert.equal((await collect(store.read('A'))).toString(), 'former');
  await draft.abort();
  await (await writeSnapshot(store, 'A', contentOf(400_000))).finish();
  assert.deepEqual(await collect(store.read('A')), all(400_000));
});

test('while the broker stands still, no more waits in memory than the window', {
  timeout: 60_000,
}, async () => {
  const store = await NatsSnapshotStore.open(transport, { bucket: 'STILL' });
  const draft = await store.draft('A');
  const chunk = new Uint8Array(128 * 1024).fill(7);
  broker.pause();
  let written = 0;
  const full = Promise.withResolvers<void>();
  const writing = (async () => {
    for (; written < 64; written += 1) {
      if (written === 15) full.resolve();
      await draft.write(chunk);
    }
  })();
  try {
    await full.promise;
    for (let turn = 0; turn < 100; turn += 1) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
    assert.equal(written, 15);
  } finally {
    broker.resume();
  }
  await writing;
  const { sizeBytes } = await draft.finish();
  assert.equal(sizeBytes, 64 * chunk.byteLength);
});

test('an object store that was made otherwise, and names that are none', async () => {
  await asStranger((stranger) => stranger.jetstream().views.os('AGED', { ttl: 1_000_000_000 }));
  const wrong = NatsSnapshotStore.open(transport, { bucket: 'AGED' });
  await assert.rejects(wrong, codeOf('BAD_CONFIG'));
  const named = NatsSnapshotStore.open(transport, { bucket: 'A.B' });
  await assert.rejects(named, codeOf('BAD_CONFIG'));
});
