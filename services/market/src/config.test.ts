import assert from 'node:assert/strict';
import { it } from 'node:test';
import { marketConfigSchema } from './config.ts';
import { hostCores } from './open-hosts.ts';

const broker = { kind: 'embedded', dir: 'data' };

it('has places on hosts that there are only', () => {
  const parse = (config: object) => marketConfigSchema.safeParse({ broker, ...config });
  assert(parse({ hosts: 2, places: { A: 1 } }).success);
  assert(parse({ cores: [0, 1, 0], places: { A: 2 } }).success);
  for (const config of [{ places: { A: 1 } }, { hosts: 3, cores: [0], places: { A: 1 } }]) {
    const parsed = parse(config);
    assert.match(parsed.error?.message ?? '', /no host 1 for A: there are 1, from 0/);
  }
});

it('has a host on each core that is named, or as many as are asked for', () => {
  const coresOf = (config: object) => hostCores(marketConfigSchema.parse({ broker, ...config }));
  assert.deepEqual(coresOf({ hosts: 5, cores: [3, 1] }), [3, 1]);
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
