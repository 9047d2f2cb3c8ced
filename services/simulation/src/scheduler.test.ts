import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Dice } from '@foldbook/engine';
import fc from 'fast-check';
import { newEventHeap } from './event-heap.ts';
import { Scheduler } from './scheduler.ts';
import { SimProcess } from './sim-process.ts';

const FOREVER_NS = 1e15;
const never = () => false;

function open(seed = 1) {
  const thrown: unknown[] = [];
  const dice = new Dice(seed);
  const scheduler = new Scheduler(
    dice,
    () => undefined,
    (error) => thrown.push(error),
  );
  const clock = { offsetNs: 0, driftPpm: 0 };
  const process = new SimProcess({ name: 'one', scheduler, dice, clock, turnNs: 10 });
  return { scheduler, process, thrown };
}

describe('the scheduler', () => {
  it('lets events happen in the order of their times', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(50)), async (delays) => {
        const { scheduler } = open();
        const times: number[] = [];
        for (const delay of delays) scheduler.in(delay, '', () => times.push(scheduler.nowNs));
        assert.equal(await scheduler.run(never, FOREVER_NS), 'late');
        assert.deepEqual(
          times,
          [...delays].sort((a, b) => a - b),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('chooses by its seed between events of one moment', async () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 20; seed += 1) {
      const twice = [];
      for (let run = 0; run < 2; run += 1) {
        const { scheduler } = open(seed);
        const order: number[] = [];
        for (const each of [1, 2, 3]) scheduler.in(5, '', () => order.push(each));
        await scheduler.run(never, FOREVER_NS);
        twice.push(order.join());
      }
      assert.equal(twice[0], twice[1]);
      orders.add(twice.join());
    }
    assert(orders.size > 2, 'one order for all seeds');
  });

  it('lets promises run out before the next event', async () => {
    const { scheduler } = open();
    const order: string[] = [];
    scheduler.in(1, '', () => {
      const deep = async () => {
        for (let turn = 0; turn < 50; turn += 1) await undefined;
        order.push('promise');
      };
      void deep();
    });
    scheduler.in(2, '', () => order.push('event'));
    await scheduler.run(never, FOREVER_NS);
    assert.deepEqual(order, ['promise', 'event']);
  });

  it('keeps what comes for a process that stands still, in order', async () => {
    const { scheduler, process } = open();
    const order: string[] = [];
    process.pause(100);
    for (const at of [10, 20, 30]) process.in(at, '', () => order.push(`${at}`));
    scheduler.in(100, '', () => order.push('other'));
    process.in(200, '', () => order.push('200'));
    await scheduler.run(never, FOREVER_NS);
    assert.deepEqual(order.slice(0, 3), ['10', '20', '30']);
    assert.deepEqual(order.slice(3), ['other', '200']);
  });

  it('lets nothing of a dead process happen, and takes calls back', async () => {
    const { scheduler, process, thrown } = open();
    let calls = 0;
    process.timers.after(1, () => (calls += 1));
    process.timers.every(1, () => (calls += 1));
    process.timers.nextTurn(() => (calls += 1))[Symbol.dispose]();
    await scheduler.run(() => calls === 4, FOREVER_NS);
    process.die();
    process.timers.after(1, () => (calls += 1));
    scheduler.in(5e6, '', () => {
      throw new Error('seen');
    });
    await scheduler.run(never, FOREVER_NS);
    assert.equal(calls, 4);
    assert.equal(thrown.length, 1);
  });
});

it('a heap gives back what it was given, smallest first', () => {
  // Equal events with different prototypes would not be deeply equal.
  const fields = { atNs: fc.nat(20), tie: fc.nat(20) };
  const event = fc.record(fields, { noNullPrototype: true });
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const heap = newEventHeap<(typeof events)[number]>();
      for (const each of events) heap.push(each);
      const sorted = [...events].sort((a, b) => a.atNs - b.atNs || a.tie - b.tie);
      for (const expected of sorted) {
        assert.deepEqual(heap.peek(), expected);
        assert.deepEqual(heap.pop(), expected);
      }
      assert.equal(heap.pop(), undefined);
    }),
  );
});
