import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { connect } from 'nats';
import type { HeldLease, LeaseLoss } from './held-lease.ts';
import { LeaseTable, type LeaseView } from './lease.ts';
import { NatsLeaseStore, openNatsLeases } from './nats-lease.ts';
import { connectNats, type NatsTransport } from './nats-transport.ts';
import { type NatsServer, startNatsServer } from './testing/nats-server.ts';

let broker: NatsServer;
const transports: NatsTransport[] = [];
const children: ChildProcess[] = [];
const held: HeldLease[] = [];

before(async () => {
  broker = await startNatsServer();
});

after(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const lease of held) await lease.release();
  for (const transport of transports) await transport.close();
  await broker?.close();
});

const LONG_MS = 60_000;

async function transportOf(name: string): Promise<NatsTransport> {
  const transport = await connectNats({ servers: broker.url, name });
  transports.push(transport);
  return transport;
}

async function node(name: string) {
  const transport = await transportOf(name);
  const store = await openNatsLeases(transport, { requestTimeoutMs: 300 });
  const table = new LeaseTable({ store, node: name, facts: { address: 'here' } });
  const acquire = async (key: string, leaseMs: number) => {
    const lost = Promise.withResolvers<LeaseLoss>();
    const lease = await table.acquire(key, { leaseMs, onLost: lost.resolve });
    held.push(lease);
    return { lease, lost: lost.promise };
  };
  return { store, table, transport, acquire };
}

/** Resolves with the first view of the key that is as asked. */
function viewOf(table: LeaseTable, key: string, isRight: (view: LeaseView) => boolean) {
  return new Promise<LeaseView>((resolve) => {
    const stop = table.watch(key, (view) => {
      if (!isRight(view)) return;
      stop();
      resolve(view);
    });
  });
}

/** A holder in a process of its own; what it says comes as messages. */
async function startHolder(key: string, leaseMs: number): Promise<ChildProcess> {
  const program = new URL('./testing/lease-holder-process.ts', import.meta.url);
  const child = fork(program, [broker.url, key, String(leaseMs)]);
  children.push(child);
  const [message] = await once(child, 'message');
  assert.equal(typeof message.term, 'number');
  return child;
}

test('a revision is replaced once, whatever the key held before', async () => {
  const { store } = await node('one');
  assert.deepEqual(await store.read('raw'), { revision: 0, value: undefined });
  const first = await store.replace('raw', 'a', 0);
  assert(first !== undefined && first > 0);
  assert.equal(await store.replace('raw', 'b', 0), undefined);
  assert.equal(await store.replace('raw', 'b', first + 1), undefined);
  const second = await store.replace('raw', 'b', first);
  assert.deepEqual(await store.read('raw'), { revision: second, value: 'b' });
  const stranger = await connect({ servers: broker.url });
  try {
    const kv = await stranger.jetstream().views.kv('FOLDBOOK');
    assert.equal((await kv.get('raw'))?.string(), 'b', 'a bucket like any other');
    await kv.delete('raw');
  } finally {
    await stranger.close();
  }
  const { revision, value } = await store.read('raw');
  assert.equal(value, undefined);
  assert((await store.replace('raw', 'c', revision)) !== undefined);
});

test('a bucket that was made otherwise, and one that vanished', async () => {
  const { store, transport } = await node('one');
  const stranger = await connect({ servers: broker.url });
  try {
    const js = stranger.jetstream();
    await js.views.kv('MEMORY', { ttl: 5_000 });
    await assert.rejects(openNatsLeases(transport, { bucket: 'MEMORY' }), {
      code: 'BAD_CONFIG',
      message: /max_age 5000000000.*wanted: file, 0, 1/,
    });
    const other = await openNatsLeases(transport, { bucket: 'OTHER' });
    await other.replace('key', 'value', 0);
    await (await stranger.jetstreamManager()).streams.delete('KV_OTHER');
    assert.deepEqual(await other.read('key'), { revision: 0, value: undefined });
    assert.equal(await other.replace('key', 'value', 0), 1);
  } finally {
    await stranger.close();
  }
  assert.match(store.description, /^the bucket FOLDBOOK of nats:/);
});

test('of many contenders one has it at a time, and each a term of its own', {
  timeout: 60_000,
}, async () => {
  const nodes = await Promise.all(Array.from({ length: 8 }, (_, i) => node(`n${i}`)));
  let holders = 0;
  const terms: number[] = [];
  await Promise.all(
    nodes.map(async ({ acquire }) => {
      for (let round = 0; round < 4; round += 1) {
        const { lease } = await acquire('many', LONG_MS);
        holders += 1;
        assert.equal(holders, 1);
        terms.push(lease.term);
        await new Promise<void>((resolve) => void setImmediate(resolve));
        holders -= 1;
        assert.equal(await lease.release(), true);
      }
    }),
  );
  const expected = Array.from({ length: terms.length }, (_, i) => i + 1);
  assert.deepEqual(terms, expected, 'a released lease was free at once');
  assert.equal(terms.length, 32);
});

test('a holder that stands still loses it after its time; it hears when it goes on', {
  timeout: 60_000,
}, async () => {
  const leaseMs = 900;
  const child = await startHolder('stopped', leaseMs);
  const { acquire, table } = await node('two');
  const { revision } = await table.view('stopped');
  await viewOf(table, 'stopped', (view) => view.revision > revision);
  child.kill('SIGSTOP');
  const startMs = performance.now();
  const { lease } = await acquire('stopped', leaseMs);
  assert.equal(lease.term, 2);
  assert(performance.now() - startMs >= leaseMs, 'it has seen nothing for the whole time');
  const message = once(child, 'message');
  child.kill('SIGCONT');
  assert.deepEqual((await message)[0].lost, 'silent');
  assert.equal(lease.isHeld, true);
});

test('the lease of a process that was killed on this host is free at once', {
  timeout: 30_000,
}, async () => {
  const child = await startHolder('killed', LONG_MS);
  const { acquire } = await node('two');
  const taken = acquire('killed', LONG_MS);
  child.kill('SIGKILL');
  assert.equal((await taken).lease.term, 2);
});

test('a broker that restarts between renewals: the holder keeps it', {
  timeout: 60_000,
}, async () => {
  const { acquire, table } = await node('one');
  const { lease } = await acquire('restart', 12_000);
  const { revision } = await table.view('restart');
  await broker.kill();
  await broker.restart();
  const after = await viewOf(table, 'restart', (view) => view.revision > revision);
  assert.equal(after.record?.term, 1);
  assert.equal(lease.isHeld, true);
  assert.equal(await lease.release(), true);
});

for (const [how, goAway, comeBack] of [
  ['is gone', () => broker.kill(), () => broker.restart()],
  ['stands still', () => broker.pause(), () => broker.resume()],
] as const) {
  test(`a broker that ${how}: the holder is told, and has it again when it is back`, {
    timeout: 60_000,
  }, async () => {
    const { acquire, store } = await node('one');
    const key = `away.${how.replace(' ', '-')}`;
    const { lease, lost } = await acquire(key, 900);
    await goAway();
    const { detail, reason } = await lost;
    assert.equal(reason, 'silent');
    assert.match(detail, /could not be renewed for \d+ ms at the bucket FOLDBOOK of nats:/);
    assert.equal(lease.isHeld, false);
    await assert.rejects(store.read(key), { code: 'UNAVAILABLE' });
    const again = acquire(key, 900);
    await comeBack();
    assert.equal((await again).lease.term, 2);
  });
}

test('closing the connection ends waiting and holding', async () => {
  const first = await node('one');
  const second = await node('two');
  const { lost } = await first.acquire('closed', 900);
  const waiting = second.table.acquire('closed', { leaseMs: 900, onLost: () => {} });
  const refused = assert.rejects(waiting, { code: 'CLOSED' });
  await second.transport.close();
  await refused;
  await first.transport.close();
  assert.equal((await lost).reason, 'damaged');
});

test('a store that was never opened answers all the same', async () => {
  const store = new NatsLeaseStore(await transportOf('bare'), { bucket: 'BARE' });
  assert.deepEqual(await store.read('x'), { revision: 0, value: undefined });
});
