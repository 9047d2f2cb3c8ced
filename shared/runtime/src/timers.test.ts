import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cancelTimer, monotonicMs, nextTurn, pause, systemTimers } from './timers.ts';

test("the system's timers call after their time, and not once they are taken back", async () => {
  const calls: string[] = [];
  const started = monotonicMs(systemTimers);
  const stopped = [
    systemTimers.after(0, () => calls.push('after')),
    systemTimers.nextTurn(() => calls.push('turn')),
    systemTimers.every(1, () => calls.push('every')),
  ];
  for (const timer of stopped) cancelTimer(timer);
  cancelTimer(undefined);
  await pause(systemTimers, 2);
  assert.deepEqual(calls, []);
  // A timer of the event loop counts whole milliseconds.
  assert(monotonicMs(systemTimers) - started >= 1);
  let ticks = 0;
  const ticked = Promise.withResolvers<void>();
  const ticking = systemTimers.every(1, () => {
    ticks += 1;
    if (ticks === 2) ticked.resolve();
  });
  await ticked.promise;
  cancelTimer(ticking);
});

test('the next turn comes behind what is to be done in this one', async () => {
  const order: string[] = [];
  const turned = nextTurn(systemTimers).then(() => order.push('turn'));
  queueMicrotask(() => order.push('microtask'));
  await turned;
  assert.deepEqual(order, ['microtask', 'turn']);
});
