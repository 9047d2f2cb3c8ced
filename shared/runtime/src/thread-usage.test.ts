import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { currentThreadId } from './affinity.ts';
import { HARDWARE_EVENTS, HardwareCounters } from './hardware-counters.ts';
import { readThreadUsage } from './thread-usage.ts';

const threadId = currentThreadId();
const skip = threadId === undefined && 'only Linux says what a thread has used';

/** Gives the processor away once, and faults pages that were never used. */
function use(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  const bytes = new Uint8Array(64 * 2 ** 20);
  for (let at = 0; at < bytes.length; at += 4_096) bytes[at] = 1;
}

describe('what a thread has used', { skip }, () => {
  const id = threadId ?? 0;

  test('switches, faults and time rise with what it does', () => {
    const before = readThreadUsage(process.pid, id);
    use();
    const after = readThreadUsage(process.pid, id);
    assert(before !== undefined && after !== undefined);
    assert(after.voluntarySwitches > before.voluntarySwitches);
    assert(after.minorFaults > before.minorFaults);
    assert(after.involuntarySwitches >= before.involuntarySwitches);
    assert(after.majorFaults >= before.majorFaults);
    assert(after.userTicks + after.systemTicks >= before.userTicks + before.systemTicks);
    if (before.runNs !== undefined) assert((after.runNs ?? 0) > before.runNs);
  });

  test('no thread, no figures', () => {
    assert.equal(readThreadUsage(process.pid, 2 ** 22 + 1), undefined);
  });

  test('each hardware count is a number that rises, or says why there is none', () => {
    const counters = new HardwareCounters(id);
    const before = counters.read();
    use();
    const after = counters.read();
    for (const event of HARDWARE_EVENTS) {
      const [first, second] = [before[event], after[event]];
      if (typeof first === 'number' && typeof second === 'number') {
        assert(second > first, `${event}: ${second} after ${first}`);
      } else {
        assert.deepEqual(second, first);
        assert.match(typeof first === 'number' ? '' : first.unavailable, /\w/);
      }
    }
    counters.close();
    counters.close();
    assert.deepEqual(typeof counters.read().cycles, 'object');
  });

  test('a thread that is not there cannot be counted', () => {
    const counters = new HardwareCounters(2 ** 22 + 1);
    for (const count of Object.values(counters.read())) assert.equal(typeof count, 'object');
  });
});
