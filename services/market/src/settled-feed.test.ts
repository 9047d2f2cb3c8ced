import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeSettled } from '@foldbook/protocol';
import fc from 'fast-check';
import type { CommittedGroup, Market } from './market-registry.ts';
import { MarketRegistry } from './market-registry.ts';
import { SettledFeed } from './settled-feed.ts';

const LOOK_MS = 10;

const group = (logSequence: number): CommittedGroup => ({
  ...{ logSequence, askers: [], head: new Uint8Array(32), closesEpoch: false },
  payload: new Uint8Array(0),
  ...{ shares: new Map(), receivedNs: [], durableNs: 0 },
});

/** A stream whose appends become durable when the test says so. */
class Output {
  /** Log sequence of the group that made each record. */
  readonly records: number[] = [];
  durable = 0;
  #waiting: (() => void)[] = [];

  get position(): number {
    return this.records.length;
  }

  settled(): Promise<void> {
    const goal = this.records.length;
    return new Promise((resolve) => {
      const look = () => (this.durable >= goal ? resolve() : void this.#waiting.push(look));
      look();
    });
  }

  store(count: number): void {
    this.durable = Math.min(this.records.length, this.durable + count);
    for (const look of this.#waiting.splice(0)) look();
  }
}

/** An owner with two markets that finish their groups whenever they like. */
function owner() {
  const registry = new MarketRegistry(0);
  const markets = ['A', 'B'].map((name) => {
    const market = registry.create(name);
    registry.add(market);
    return market;
  });
  const [reports, diffs] = [new Output(), new Output()];
  let delivered = 0;
  let nowMs = 0;
  const told: ReturnType<typeof decodeSettled>[] = [];
  const feed = new SettledFeed({
    ...{ markets: registry, reports, diffs, term: () => 9, delivered: () => delivered },
    tell: (payload) => void told.push(decodeSettled(payload)),
    timers: { monotonicNs: () => nowMs * 1e6 },
  });
  const market = (index: number): Market => markets[index] ?? assert.fail('a market');
  return {
    ...{ reports, diffs, told },
    deliver(index: number) {
      delivered += 1;
      market(index).committed.push(group(delivered));
    },
    /** The oldest group of a market is executed, and what it made is sent. */
    execute(index: number) {
      const done = market(index).committed.shift();
      if (done === undefined) return;
      reports.records.push(done.logSequence);
      diffs.records.push(done.logSequence);
    },
    async look() {
      nowMs += LOOK_MS;
      feed.doWork();
      await new Promise<void>((resolve) => setImmediate(resolve));
    },
    last() {
      const settled = told.at(-1);
      return settled?.ok ? settled.value : undefined;
    },
  };
}

describe('the settled position', () => {
  it('is told when all outputs of all groups up to it are durable', async () => {
    const one = owner();
    await one.look();
    one.deliver(0);
    one.deliver(1);
    await one.look();
    assert.equal(one.last()?.log, 0);
    one.execute(1);
    await one.look();
    assert.equal(one.last()?.log, 0, 'the group before has not come back');
    one.execute(0);
    await one.look();
    assert.equal(one.last()?.log, 0, 'nothing of it is durable');
    one.reports.store(9);
    await one.look();
    assert.equal(one.last()?.log, 0, 'the other output is not');
    one.diffs.store(9);
    await one.look();
    assert.deepEqual(one.last(), { term: 9, log: 2, reports: 2, diffs: 2 });
    await one.look();
    one.deliver(0);
    await one.look();
    one.execute(0);
    one.reports.store(9);
    one.diffs.store(9);
    await one.look();
    assert.deepEqual(one.last(), { term: 9, log: 3, reports: 3, diffs: 3 });
  });

  it('is told again, for those who come later', async () => {
    const one = owner();
    for (let many = 0; many < 100; many += 1) await one.look();
    assert(one.told.length >= 9 && one.told.length <= 12, `told ${one.told.length} times`);
  });

  it('never runs ahead, and what comes after it stands behind its places', async () => {
    const index = fc.constantFrom(0, 1);
    const step = fc.oneof(
      fc.record({ does: fc.constant('deliver' as const), index }, { noNullPrototype: true }),
      fc.record({ does: fc.constant('execute' as const), index }, { noNullPrototype: true }),
      fc.constantFrom({ does: 'look' as const }, { does: 'reports' as const }),
      fc.constant({ does: 'diffs' as const }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
        const one = owner();
        for (const each of steps) {
          if (each.does === 'look') await one.look();
          else if (each.does === 'reports') one.reports.store(1);
          else if (each.does === 'diffs') one.diffs.store(1);
          else one[each.does](each.index);
          const settled = one.last();
          if (settled === undefined) continue;
          for (const [{ records, durable }, from] of [
            [one.reports, settled.reports],
            [one.diffs, settled.diffs],
          ] as const) {
            const isTold = (made: number) => made <= settled.log;
            assert(
              records.slice(durable).every((made) => !isTold(made)),
              'not durable',
            );
            assert(records.slice(0, from).every(isTold), 'a later group stands before it');
          }
        }
      }),
    );
  });
});
