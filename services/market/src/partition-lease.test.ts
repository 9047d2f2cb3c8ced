import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  createLogger,
  LeaseError,
  type LeaseStore,
  LeaseTable,
  MemoryLeaseStore,
} from '@foldbook/runtime';
import { PartitionLease } from './partition-lease.ts';

const LEASE_MS = 300;

/** A store that can be away, and one that writes and says nothing. */
function troubled(store: LeaseStore) {
  let state: 'up' | 'away' | 'mute' = 'up';
  const away = () => Promise.reject(new LeaseError('UNAVAILABLE', 'away'));
  const wrapped: LeaseStore = {
    description: store.description,
    read: (key) => (state === 'away' ? away() : store.read(key)),
    replace: async (key, value, revision) => {
      if (state === 'away') return away();
      const written = await store.replace(key, value, revision);
      if (state !== 'mute') return written;
      state = 'up';
      return away();
    },
    onChange: (key, listener) => store.onChange(key, listener),
  };
  return {
    wrapped,
    set: (next: typeof state) => {
      state = next;
    },
  };
}

it('has its lease again after a broker that was away, heard or not', async () => {
  for (const back of ['up', 'mute'] as const) {
    const { wrapped, set } = troubled(new MemoryLeaseStore());
    const table = new LeaseTable({ store: wrapped, node: 'a' });
    const lines: string[] = [];
    const heard: (() => void)[] = [];
    const logger = createLogger({
      service: 'test',
      level: 'info',
      write: (line) => {
        lines.push(line);
        for (const each of heard) each();
      },
    });
    const until = (words: RegExp, count: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (lines.filter((line) => words.test(line)).length >= count) resolve();
        };
        heard.push(look);
        look();
      });
    const lease = new PartitionLease({ table, partition: 0, leaseMs: LEASE_MS, logger });
    await lease.acquire();
    await lease.held();
    set('away');
    await until(/was not renewed/, 1);
    const held = lease.held();
    set(back);
    await Promise.race([
      until(/is this process's, again/, 1),
      lease.failed.then((error) => Promise.reject(error)),
    ]);
    await held;
    await lease.release();
  }
});

it('fails when another process has it', async () => {
  const store = new MemoryLeaseStore();
  const { wrapped, set } = troubled(store);
  const quiet = createLogger({ service: 'test', level: 'error', write: () => undefined });
  const parts = { partition: 0, leaseMs: LEASE_MS, logger: quiet };
  const first = new PartitionLease({
    ...parts,
    table: new LeaseTable({ store: wrapped, node: 'a' }),
  });
  assert(!(await first.isOthers()));
  await first.acquire();
  set('away');
  const table = new LeaseTable({ store, node: 'b', isGone: () => false });
  const second = new PartitionLease({ ...parts, table });
  assert(await second.isOthers());
  await second.acquire();
  set('up');
  await assert.rejects(first.held(), /partition\.0 is b's/);
  assert.match((await first.failed).message, /partition\.0 is b's/);
  await second.release();
  await first.release();
});
