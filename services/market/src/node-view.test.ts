import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LeaseTable, MemoryLeaseStore } from '@foldbook/runtime';
import { nodeConfigSchema, serviceConfig } from './node-config.ts';
import { encodeLoad, encodeWish, type KeyEntry, readView } from './node-view.ts';

const LEASE_MS = 900;

async function leaseValue(node: string, isHeld = true): Promise<string> {
  const store = new MemoryLeaseStore();
  const table = new LeaseTable({ store, node });
  const lease = await table.acquire('key', { leaseMs: LEASE_MS, onLost: () => undefined });
  const { value } = await store.read('key');
  await lease.release();
  return (isHeld ? value : (await store.read('key')).value) ?? '';
}

const entry = (value: string, ageMs = 0): KeyEntry => ({ value, revision: 5, ageMs });

test('nodes and owners are those whose leases are held, and heard of', async () => {
  const runs = new Map([[2, { state: 'serving', load: 0.123_456 }]] as const);
  const entries = new Map([
    ['venue', entry('{"version":1,"partitions":4}')],
    ['node.a', entry(await leaseValue('a'))],
    ['load.a', entry(encodeLoad({ capacity: 2, runs }))],
    ['node.b', entry(await leaseValue('b'), LEASE_MS)],
    ['node.c', entry(await leaseValue('c', false))],
    ['node.d', entry(await leaseValue('d'))],
    ['load.d', entry('{"version":1,"capacity":-1}')],
    ['node.e', entry('no lease')],
    ['partition.2', entry(await leaseValue('a'))],
    ['partition.3', entry(await leaseValue('a'), LEASE_MS)],
    ['move.2', entry(encodeWish('d'), 70)],
    ['move.3', entry('{"version":1,"to":"a.b"}')],
  ]);
  const view = readView(entries, 4);
  assert.deepEqual([...view.nodes.keys()], ['a', 'd']);
  assert.deepEqual(view.nodes.get('a'), {
    name: 'a',
    capacity: 2,
    runs: new Map([[2, { state: 'serving', load: 0.12 }]]),
  });
  assert.deepEqual(view.nodes.get('d'), { name: 'd', capacity: 1, runs: new Map() });
  assert.deepEqual([...view.owners], [[2, { node: 'a', term: 1 }]]);
  assert.deepEqual([...view.wishes], [[2, { to: 'd', ageMs: 70, revision: 5 }]]);
  assert.equal(readView(entries, 4, () => true).nodes.size, 0, 'processes of this host that ended');
});

test("a node's configuration makes that of each partition's service", () => {
  const broker = { servers: 'nats://127.0.0.1:4222', user: 'market', pass: 'secret' };
  const config = nodeConfigSchema.parse({
    node: 'a',
    partitions: 4,
    broker,
    market: { epochRecords: 100 },
  });
  const made = serviceConfig(config, 3);
  assert.deepEqual([made.partition, made.partitions, made.node], [3, 4, 'a']);
  assert.deepEqual([made.hosts, made.epochRecords], ['inline', 100]);
  assert(!JSON.stringify(made).includes('secret'), 'the password goes by the environment');
  for (const [wrong, words] of [
    [{ node: 'a.b' }, /letters, digits/],
    [{ market: { partition: 1 } }, /not for the services of a node together/],
    [{ market: { epochRecords: 0 } }, /epochRecords/],
    [{ partitions: 0 }, /partitions/],
  ] as const) {
    const parsed = nodeConfigSchema.safeParse({ broker, ...wrong });
    assert.match(String(parsed.error), words);
  }
});
