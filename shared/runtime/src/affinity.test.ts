import assert from 'node:assert/strict';
import { platform } from 'node:process';
import { test } from 'node:test';
import {
  availableCores,
  coresOfThread,
  currentThreadId,
  parseCoreList,
  pinCurrentThread,
} from './affinity.ts';

test("the kernel's core lists", () => {
  assert.deepEqual(parseCoreList('0-1'), [0, 1]);
  assert.deepEqual(parseCoreList('3'), [3]);
  assert.deepEqual(parseCoreList('0-2,5,7-8'), [0, 1, 2, 5, 7, 8]);
  assert.deepEqual(parseCoreList(''), []);
});

test('there is a core to run on', () => {
  const cores = availableCores();
  assert(cores.length > 0);
  assert(cores.every((core, i) => Number.isInteger(core) && core > (cores[i - 1] ?? -1)));
});

test('a core that does not exist is a coded result', () => {
  for (const core of [1_023, 99_999, -1, 0.5]) {
    const result = pinCurrentThread(core);
    assert(!result.pinned);
    if (platform !== 'linux') {
      assert.equal(result.code, 'UNSUPPORTED');
      continue;
    }
    assert.equal(result.code, 'NO_SUCH_CORE');
    assert.match(result.reason, /no core .* choose one of \d/);
  }
});

test('the main thread knows its id and its cores', { skip: platform !== 'linux' }, () => {
  const threadId = currentThreadId();
  assert.equal(threadId, process.pid);
  assert.deepEqual(coresOfThread(process.pid), availableCores());
});
