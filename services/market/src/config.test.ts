import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { isInline, marketConfigSchema } from './config.ts';
import { nodeConfigSchema } from './node-config.ts';
import { hostCores } from './open-hosts.ts';

const broker = { kind: 'embedded', dir: 'data' };

it('has places on hosts that there are only', () => {
  const parse = (config: object) => marketConfigSchema.safeParse({ broker, ...config });
  assert(parse({ hosts: 2, places: { A: 1 } }).success);
  assert(parse({ cores: [0, 1, 0], places: { A: 2 } }).success);
  for (const config of [{ places: { A: 1 } }, { cores: [0], places: { A: 1 } }]) {
    const parsed = parse(config);
    assert.match(parsed.error?.message ?? '', /no host 1 for A: there are 1, from 0/);
  }
});

it('refuses hosts and cores that contradict each other', () => {
  const words = (config: object) =>
    marketConfigSchema.safeParse({ broker, ...config }).error?.message;
  assert.match(words({ hosts: 3, cores: [0] }) ?? '', /3 hosts on 1 cores: name a core for each/);
  assert.match(words({ hosts: 1, cores: [0, 1] }) ?? '', /1 hosts on 2 cores/);
  const twice = { cores: [0, 1, 1] };
  assert.match(words({ ...twice, idle: 'busy-spin' }) ?? '', /never rest .* from core 1: let them/);
  assert.equal(words({ ...twice, idle: 'yield' }), undefined);
  assert.equal(words({ cores: [1, 0], idle: 'busy-spin', hosts: 2 }), undefined);
});

it('has a host on each core that is named, or as many as are asked for', () => {
  const coresOf = (config: object) => hostCores(marketConfigSchema.parse({ broker, ...config }));
  assert.deepEqual(coresOf({ cores: [3, 1] }), [3, 1]);
  assert.equal(coresOf({ hosts: 5 }).length, 5);
  assert.equal(coresOf({}).length, 1);
});

it('has each account on shared memory once, for a user or for its own', () => {
  const accountsOf = (...accounts: unknown[]) => {
    const sharedMemory = { folder: '/dev/shm/x', accounts };
    const { success, data, error } = marketConfigSchema.safeParse({ broker, sharedMemory });
    return success ? data.sharedMemory?.accounts : error.message;
  };
  assert.deepEqual(accountsOf(7, { account: 8, uid: 1_001 }), [
    { account: 7, uid: undefined },
    { account: 8, uid: 1_001 },
  ]);
  assert.match(String(accountsOf(7, { account: 7, uid: 1 })), /an account is named twice/);
  for (const wrong of [1, '7', { account: 7, uid: -1 }, { account: 7, uid: 2 ** 32 - 1 }]) {
    assert.equal(typeof accountsOf(wrong), 'string', JSON.stringify(wrong));
  }
});

it('has an inline host where that is asked for, or one core and nothing asked of it', () => {
  const inline = (cores: number, config: object) =>
    isInline(marketConfigSchema.parse({ broker, ...config }), cores);
  assert(inline(2, { hosts: 'inline' }));
  assert(inline(1, {}));
  for (const config of [{ hosts: 1 }, { cores: [0] }, { idle: 'park' }, { realtime: 1 }]) {
    assert(!inline(1, config), JSON.stringify(config));
  }
  assert(!inline(2, {}));
});

it('asks nothing of the thread of a host that has none of its own', () => {
  const twice = { cores: [0, 0], idle: 'busy-spin' };
  for (const asked of [
    { cores: [0] },
    { cores: [0, 1] },
    { idle: 'park' },
    { realtime: 1 },
    twice,
  ]) {
    const parsed = marketConfigSchema.safeParse({ broker, hosts: 'inline', ...asked });
    assert.deepEqual(
      parsed.error?.issues.flatMap(({ path }) => path),
      Object.keys(asked),
    );
    assert.match(parsed.error?.message ?? '', /this one is inline/);
  }
  const placed = marketConfigSchema.safeParse({ broker, hosts: 'inline', places: { A: 1 } });
  assert.match(placed.error?.message ?? '', /no host 1 for A: there are 1, from 0/);
});

it('has a journal beside the log of a broker only', () => {
  const journal = { dir: 'journal' };
  const nats = { kind: 'nats', servers: 'nats://127.0.0.1:4222' };
  const { journal: parsed } = marketConfigSchema.parse({ broker: nats, journal });
  assert.deepEqual(
    [parsed?.begin, parsed?.sync, parsed?.everyMs, parsed?.maxQueuedMb],
    ['log', 'background', 20, 32],
  );
  assert.equal(marketConfigSchema.parse({ broker: nats }).journal, undefined);
  const embedded = { kind: 'embedded', dir: 'streams' };
  const wrong = marketConfigSchema.safeParse({ broker: embedded, journal });
  assert.match(wrong.error?.message ?? '', /beside the log of a broker/);
});

it('takes the files that ship', () => {
  const file = (name: string) =>
    JSON.parse(readFileSync(new URL(`../../../infra/docker/${name}`, import.meta.url), 'utf8'));
  const { broker, healthFile } = marketConfigSchema.parse(file('market.json'));
  assert(broker.kind === 'nats' && broker.sync === 'always');
  assert.equal(healthFile, '/tmp/well');
  const nodes = ['cluster-market.json', 'cluster-market-2.json'].map((name) =>
    nodeConfigSchema.parse(file(name)),
  );
  assert.deepEqual(
    nodes.map(({ node, broker: { replicas }, standbys }) => [node, replicas, standbys]),
    [
      ['market', 3, 1],
      ['market-2', 3, 1],
    ],
  );
});

it('takes a sync interval as the broker writes it', () => {
  const parse = (sync: string) =>
    marketConfigSchema.safeParse({ broker: { kind: 'nats', servers: 'nats://a', sync } });
  for (const sync of ['always', '2m', '100ms']) assert(parse(sync).success, sync);
  for (const sync of ['', 'never', '2 minutes']) {
    assert.match(parse(sync).error?.message ?? '', /always.*, or a duration such as/);
  }
});
