import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HeldLease, LeaseLoss } from './held-lease.ts';
import { LeaseTable, type LeaseView } from './lease.ts';
import { LeaseError, type LeaseStore } from './lease-store.ts';
import { MemoryLeaseStore } from './memory-lease.ts';
import { ManualTimers } from './testing/manual-timers.ts';

const KEY = 'partition.0';
const LEASE_MS = 900;
const STEP_MS = 50;

/** A store that is away when it is told to be, or answers nothing to what it writes. */
class FlakyStore implements LeaseStore {
  readonly description = 'flaky';
  readonly #inner: LeaseStore;
  mood: 'well' | 'away' | 'mute' | 'closed' = 'well';
  reads = 0;

  constructor(inner: LeaseStore) {
    this.#inner = inner;
  }

  async read(key: string) {
    this.reads += 1;
    this.#refuse('away');
    return this.#inner.read(key);
  }

  async replace(key: string, value: string, revision: number) {
    this.#refuse('away');
    const replaced = await this.#inner.replace(key, value, revision);
    this.#refuse('mute');
    return replaced;
  }

  onChange(key: string, listener: () => void) {
    return this.#inner.onChange(key, listener);
  }

  #refuse(mood: 'away' | 'mute'): void {
    if (this.mood === mood) throw new LeaseError('UNAVAILABLE', 'no answer');
    if (this.mood === 'closed') throw new LeaseError('CLOSED', 'closed');
  }
}

interface Node {
  readonly table: LeaseTable;
  readonly store: FlakyStore;
  readonly timers: ManualTimers;
  readonly losses: LeaseLoss[];
  acquire(aboveTerm?: number, signal?: AbortSignal): Promise<HeldLease>;
}

const gone = new Set<string>();

function node(name: string, inner: LeaseStore, timers = new ManualTimers()): Node {
  const store = new FlakyStore(inner);
  const losses: LeaseLoss[] = [];
  const identity = { host: 'here', instance: `${name}'s`, process: { pid: 1, started: '1' } };
  const isGone = ({ instance }: { readonly instance: string }) => gone.has(instance);
  const table = new LeaseTable({ store, node: name, timers, identity, isGone });
  const onLost = (loss: LeaseLoss) => losses.push(loss);
  const acquire = (aboveTerm = 0, signal?: AbortSignal) =>
    table.acquire(KEY, { leaseMs: LEASE_MS, onLost, aboveTerm, signal });
  return { table, store, timers, losses, acquire };
}

/** What the promise resolved with, once it did. */
function outcomeOf<T>(promise: Promise<T>): () => T | undefined {
  let outcome: T | undefined;
  promise.then(
    (value) => {
      outcome = value;
    },
    () => undefined,
  );
  return () => outcome;
}

test('the second waits while the first renews, and has it at once after its release', async () => {
  const timers = new ManualTimers();
  const inner = new MemoryLeaseStore();
  const [a, b] = [node('a', inner, timers), node('b', inner, timers)];
  const first = await a.acquire();
  assert.deepEqual([first.term, first.isHeld, first.key], [1, true, KEY]);
  const second = outcomeOf(b.acquire());
  await timers.advance(100 * LEASE_MS);
  assert.deepEqual([first.isHeld, second()], [true, undefined]);
  const { record } = await b.table.view(KEY);
  assert.deepEqual([record?.term, record?.holder.node], [1, 'a']);
  assert.equal(await first.release(), true);
  assert.equal(await first.release(), false, 'once');
  await timers.advance(0);
  assert.equal(second()?.term, 2);
  assert.deepEqual([first.isHeld, a.losses], [false, []]);
});

test('one that is given up for a node is its first, and then anybody else has it', async () => {
  const inner = new MemoryLeaseStore();
  const timers = new ManualTimers();
  const owner = node('owner', inner, timers);
  const first = await owner.acquire();
  const heir = node('heir', inner, timers);
  const others = outcomeOf(node('other', inner, timers).acquire());
  await timers.advance(LEASE_MS);
  // That its process has ended is no reason either to take it from the heir.
  gone.add("owner's");
  assert.equal(await first.release('heir'), true);
  await timers.advance(LEASE_MS / 2);
  assert.equal(others(), undefined);
  const second = await heir.acquire();
  assert.equal(second.term, 2);
  assert.equal(await second.release('nobody'), true);
  await timers.advance(LEASE_MS / 2);
  assert.equal(others(), undefined);
  await timers.advance(LEASE_MS);
  assert.equal(others()?.term, 3);
  gone.clear();
});

test('a holder that is stopped loses it after the whole time, and not before', async () => {
  const inner = new MemoryLeaseStore();
  const [a, b] = [node('a', inner), node('b', inner)];
  const first = await a.acquire();
  const second = outcomeOf(b.acquire());
  await b.timers.advance(LEASE_MS - 1);
  assert.equal(second(), undefined);
  await b.timers.advance(2);
  assert.equal(second()?.term, 2);
  // It did not notice yet, but it knows as soon as it looks.
  a.timers.stopFor((LEASE_MS * 2) / 3);
  assert.equal(first.isHeld, false);
  await a.timers.advance(1);
  assert.deepEqual(
    a.losses.map(({ reason }) => reason),
    ['silent'],
  );
  assert.equal(await first.release(), false, "it is the other's by now");
  assert.equal(second()?.isHeld, true);
});

test('a holder whose lease was taken is told by whom', async () => {
  const inner = new MemoryLeaseStore();
  const [a, b] = [node('a', inner), node('b', inner)];
  await a.acquire();
  gone.add("a's");
  const second = await b.acquire();
  gone.clear();
  assert.equal(second.term, 2, 'its process was gone: no waiting');
  await a.timers.advance(LEASE_MS / 3);
  assert.deepEqual(
    a.losses.map(({ reason, detail }) => `${reason}: ${detail}`),
    ["taken: partition.0 is b's with term 2"],
  );
});

test('a holder on the same host that ends while others wait is noticed at once', async () => {
  const timers = new ManualTimers();
  const inner = new MemoryLeaseStore();
  const [a, b] = [node('a', inner, timers), node('b', inner, timers)];
  await a.acquire();
  const second = outcomeOf(b.acquire());
  await timers.advance(LEASE_MS);
  gone.add("a's");
  await timers.advance(11);
  gone.clear();
  assert.equal(second()?.term, 2);
});

test('a store that is away: a short time is survived, two thirds are told', async () => {
  const timers = new ManualTimers();
  const { acquire, losses, store } = node('a', new MemoryLeaseStore(), timers);
  const lease = await acquire();
  await timers.advance(LEASE_MS / 3);
  store.mood = 'away';
  await timers.advance(LEASE_MS / 2);
  store.mood = 'well';
  await timers.advance(10 * LEASE_MS);
  assert.deepEqual([lease.isHeld, losses], [true, []]);
  store.mood = 'away';
  await timers.advance((LEASE_MS * 2) / 3 - LEASE_MS / 3 - 1);
  assert.equal(lease.isHeld, true);
  await timers.advance(LEASE_MS / 3 + 1);
  assert.deepEqual([lease.isHeld, losses[0]?.reason], [false, 'silent']);
  assert.match(losses[0]?.detail ?? '', /for 600 ms at flaky/);
  const again = outcomeOf(acquire());
  await timers.advance(10 * LEASE_MS);
  assert.equal(again(), undefined);
  store.mood = 'well';
  await timers.advance(LEASE_MS / 4);
  assert.equal(again()?.term, 2, 'its own earlier one need not run out');
  assert.equal(await lease.release(), false, 'what was lost does not end what came after it');
  assert.equal(again()?.isHeld, true);
});

test('time in which the store did not answer does not count against the holder', async () => {
  const timers = new ManualTimers();
  const inner = new MemoryLeaseStore();
  const [a, b] = [node('a', inner, timers), node('b', inner, timers)];
  await a.acquire();
  const second = outcomeOf(b.acquire());
  await timers.advance(LEASE_MS / 3);
  for (const { store } of [a, b]) store.mood = 'away';
  await timers.advance(10 * LEASE_MS);
  const again = outcomeOf(a.acquire());
  for (const { store } of [a, b]) store.mood = 'well';
  await timers.advance(LEASE_MS / 2);
  assert.deepEqual([again()?.term, second()], [2, undefined], 'it stays where it was');
});

test('renewals that were written without an answer are known again', async () => {
  const timers = new ManualTimers();
  const { acquire, losses, store, table } = node('a', new MemoryLeaseStore(), timers);
  const lease = await acquire();
  store.mood = 'mute';
  await timers.advance(LEASE_MS / 2);
  assert((await table.view(KEY)).revision > 1, 'it was written');
  store.mood = 'well';
  await timers.advance(10 * LEASE_MS);
  assert.deepEqual([lease.isHeld, losses], [true, []]);
  store.mood = 'mute';
  await timers.advance(LEASE_MS / 2);
  store.mood = 'well';
  assert.equal(await lease.release(), true);
  assert.equal((await table.view(KEY)).record?.isHeld, false);
});

test('an acquisition that was written without an answer is no hindrance', async () => {
  const timers = new ManualTimers();
  const { acquire, store } = node('a', new MemoryLeaseStore(), timers);
  store.mood = 'mute';
  const lease = outcomeOf(acquire());
  await timers.advance(LEASE_MS / 8);
  store.mood = 'well';
  await timers.advance(LEASE_MS);
  assert((lease()?.term ?? 0) > 1);
});

test('terms go on above the one that is named', async () => {
  const { acquire } = node('a', new MemoryLeaseStore());
  const lease = await acquire(41);
  assert.equal(lease.term, 42);
  await lease.release();
  assert.equal((await acquire(7)).term, 43);
});

test('waiting ends by a signal, and may begin anew', async () => {
  const inner = new MemoryLeaseStore();
  const [a, b] = [node('a', inner), node('b', inner)];
  const first = await a.acquire();
  const stop = new AbortController();
  const waiting = b.acquire(0, stop.signal);
  await ManualTimers.settle();
  await assert.rejects(b.acquire(), /is held by this table, or being acquired/);
  stop.abort(new Error('enough'));
  await assert.rejects(waiting, /enough/);
  await first.release();
  const second = await b.acquire();
  assert.equal(second.term, 2);
});

test('what is no lease is refused; deleted while held, it is lost', async () => {
  const inner = new MemoryLeaseStore();
  const { acquire, losses, table, timers } = node('a', inner);
  await inner.replace(KEY, '{"version":9}', 0);
  const damaged = { code: 'DAMAGED', message: /partition\.0 of flaky holds no lease .*version":9/ };
  await assert.rejects(acquire(), damaged);
  await assert.rejects(table.view(KEY), damaged);
  for (const value of ['', '[]', '{', '{"version":1,"term":0}']) {
    const { revision } = await inner.read(KEY);
    await inner.replace(KEY, value, revision);
    await assert.rejects(table.view(KEY), damaged.code === 'DAMAGED' ? { code: 'DAMAGED' } : {});
  }
  const other = new MemoryLeaseStore();
  const held = node('b', other, timers);
  await held.acquire();
  await other.replace(KEY, 'x', (await other.read(KEY)).revision);
  await timers.advance(LEASE_MS / 3);
  assert.equal(held.losses[0]?.reason, 'damaged');
  assert.deepEqual(losses, []);
});

test('a watch tells what is there and each change, until it is ended', async () => {
  const timers = new ManualTimers();
  const inner = new MemoryLeaseStore();
  const [a, b] = [node('a', inner, timers), node('b', inner, timers)];
  const views: (LeaseView['record'] | undefined)[] = [];
  const stop = b.table.watch(KEY, ({ record }) => views.push(record));
  await timers.advance(1);
  const lease = await a.acquire();
  await timers.advance(1);
  b.store.mood = 'away';
  await timers.advance(LEASE_MS);
  b.store.mood = 'well';
  await timers.advance(2_000);
  await lease.release();
  await timers.advance(1);
  assert.equal(views[0], undefined);
  assert.deepEqual([views[1]?.isHeld, views[1]?.holder.node], [true, 'a']);
  assert.equal(views.at(-1)?.isHeld, false);
  stop();
  await timers.advance(1);
  const { reads } = b.store;
  await timers.advance(10_000);
  assert.equal(b.store.reads, reads, 'it looks no more');
  const ended = node('c', inner, timers);
  ended.store.mood = 'closed';
  ended.table.watch(KEY, () => assert.fail('it is closed'));
  await timers.advance(10_000);
  assert.equal(ended.store.reads, 1, 'a store that was closed stays closed');
});

/** Whatever nodes, stores and clocks do. */
const act = fc.record({
  node: fc.nat(2),
  what: fc.constantFrom('acquire', 'acquire', 'release', 'away', 'mute', 'well', 'well', 'stop'),
  ms: fc.nat(LEASE_MS),
});

test('never two holders at a time, nor two with the same term', async () => {
  const property = fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (acts) => {
    const inner = new MemoryLeaseStore();
    const nodes = ['a', 'b', 'c'].map((name) => node(name, inner));
    const held: HeldLease[] = [];
    const waiting = new Set<Node>();
    const stop = new AbortController();
    for (const { node: index, what, ms } of acts) {
      const one = nodes[index];
      assert(one !== undefined);
      const own = held.findLast(({ loss }) => loss === undefined);
      if (what === 'acquire' && !waiting.has(one)) {
        waiting.add(one);
        one.acquire(0, stop.signal).then(
          (lease) => held.push(lease),
          () => waiting.delete(one),
        );
      } else if (what === 'release' && own !== undefined) {
        await own.release();
      } else if (what === 'away' || what === 'mute' || what === 'well') {
        one.store.mood = what;
      }
      // Time passes for all alike, but a process that is stopped is not called meanwhile.
      for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
        for (const other of nodes) {
          if (what === 'stop' && other === one) other.timers.stopFor(STEP_MS);
          else await other.timers.advance(STEP_MS);
        }
        assert(held.filter(({ isHeld }) => isHeld).length <= 1, 'two hold it');
        const terms = held.map(({ term }) => term);
        assert.equal(new Set(terms).size, terms.length, `terms ${terms}`);
      }
    }
    stop.abort();
    for (const { timers } of nodes) await timers.advance(LEASE_MS);
  });
  await fc.assert(property, { numRuns: 60 });
});
