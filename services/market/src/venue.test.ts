import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryLeaseStore } from '@foldbook/runtime';
import { agreeOnVenue } from './venue.ts';

const clock = { nowNs: () => 1_700_000_000_000_000_000n };

test('the first node says how many partitions there are; all others have to agree', async () => {
  const store = new MemoryLeaseStore();
  const both = [agreeOnVenue(store, 4, clock), agreeOnVenue(store, 4, clock)];
  const [one, other] = await Promise.all(both);
  assert.deepEqual(one, { version: 1, partitions: 4, created: '2023-11-14T22:13:20.000Z' });
  assert.deepEqual(other, one);
  await assert.rejects(agreeOnVenue(store, 8, clock), {
    code: 'OTHER_PARTITIONS',
    message: /partitions: 8, and the venue in leases in memory has 4 since 2023-11-14T/,
  });
});

test('of two that disagree at the same time one is refused', async () => {
  const store = new MemoryLeaseStore();
  const both = await Promise.allSettled([
    agreeOnVenue(store, 2, clock),
    agreeOnVenue(store, 3, clock),
  ]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

test('a venue from before there was a number has one partition', async () => {
  const store = new MemoryLeaseStore();
  await store.replace('partition.0', '{}', 0);
  await assert.rejects(agreeOnVenue(store, 4, clock), { code: 'OTHER_PARTITIONS' });
  assert.equal((await agreeOnVenue(store, 1, clock)).partitions, 1);
});

test('what is no venue is refused, whatever it holds', async () => {
  for (const value of ['', '{', '4', '{"version":2,"partitions":4}', '{"version":1}']) {
    const store = new MemoryLeaseStore();
    await store.replace('venue', value, 0);
    await assert.rejects(agreeOnVenue(store, 4, clock), { code: 'DAMAGED' }, value);
  }
});
