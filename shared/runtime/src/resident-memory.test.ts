import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { platform } from 'node:process';
import { describe, it } from 'node:test';
import { libcAddress } from './libc.ts';
import {
  type MemoryWishes,
  placedWords,
  placeMemory,
  type Reached,
  touchPages,
} from './resident-memory.ts';
import { readThreadUsage } from './thread-usage.ts';

const BYTES = 8 * 2 ** 20;
const ALL: MemoryWishes = { lock: 'try', hugePages: 'try', numa: 'try' };
const NONE: MemoryWishes = { lock: 'off', hugePages: 'off', numa: 'off' };
const linux = { skip: platform !== 'linux' };

/** As the kernel's memory is: whole pages of its own, none of them there yet. */
function freshMemory(): Uint8Array {
  const pages = BYTES / 65_536;
  const memory = new WebAssembly.Memory<SharedArrayBuffer>({
    initial: pages,
    maximum: pages,
    shared: true,
  });
  return new Uint8Array(memory.buffer);
}

const bytesOf = (reached: Reached) => ('bytes' in reached ? reached.bytes : 0);
const faults = () => readThreadUsage(process.pid, process.pid)?.minorFaults ?? 0;

function touchAgain(bytes: Uint8Array): number {
  const before = faults();
  for (let at = 0; at < bytes.byteLength; at += 4_096) bytes[at] = 1;
  return faults() - before;
}

describe('memory of a thread', () => {
  it('is there before it is used', linux, () => {
    const untouched = touchAgain(freshMemory());
    const memory = freshMemory();
    placeMemory([memory], NONE, undefined);
    const touched = touchAgain(memory);
    assert(untouched >= 1_000, `${untouched} faults without`);
    assert(touched < 100, `${touched} faults with`);
  });

  it('is touched without being changed, wherever it begins', () => {
    const memory = Uint8Array.from({ length: 20_000 }, (_, index) => index);
    const copy = memory.slice();
    for (const from of [0, 1, 7]) touchPages(memory.subarray(from, 19_999));
    touchPages(memory.subarray(5, 6));
    assert.deepEqual(memory, copy);
  });

  it('is locked and in huge pages, or the reason is told', linux, () => {
    const placed = placeMemory([freshMemory()], ALL, undefined);
    assert.equal(placed.bytes, BYTES);
    for (const reached of [placed.locked, placed.hugePages]) {
      if ('none' in reached) assert.notEqual(reached.none, '');
      else assert(reached.bytes > 0 && reached.bytes <= BYTES, `${reached.bytes} bytes`);
    }
    const limit = /^Max locked memory\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    const mayLock = limit?.[1] === 'unlimited' || Number(limit?.[1]) >= 4 * BYTES;
    if (mayLock) assert.equal(bytesOf(placed.locked), BYTES);
    assert.deepEqual(placed.bound, { none: 'there is one node' });
  });

  it('is bound to a node, or the reason is told', linux, () => {
    const memory = freshMemory();
    const { bound } = placeMemory([memory], { ...NONE, numa: 'try' }, 0);
    if ('none' in bound) {
      assert.match(bound.none, /mbind to node 0: |no native module/);
      return;
    }
    assert.equal(bound.bytes, BYTES);
    const at = libcAddress(memory)?.toString(16);
    const maps = readFileSync('/proc/self/numa_maps', 'utf8');
    assert.match(maps, new RegExp(`^0*${at} prefer[^ ]*:0 `, 'm'));
  });

  it('is not bound to a node that there is not', linux, () => {
    const { bound } = placeMemory([freshMemory()], ALL, 1_000);
    assert('none' in bound);
    assert.match(bound.none, /mbind to node 1000|no native module/);
  });

  it('stays as it is where that is wished', linux, () => {
    const placed = placeMemory([freshMemory()], NONE, 0);
    const off = { none: 'switched off' };
    assert.deepEqual(placed, { bytes: BYTES, locked: off, hugePages: off, bound: off });
    assert.equal(
      placedWords({ ...placed, locked: { bytes: BYTES } }),
      '8 MiB; not huge: switched off; 8 MiB locked; not bound: switched off',
    );
  });

  it('is told which part of it is locked, and why not all is', () => {
    const none = { none: 'why' };
    const locked = { bytes: 2 ** 20, refused: 'RLIMIT_MEMLOCK is 1 MiB' };
    assert.equal(
      placedWords({ bytes: BYTES, locked, hugePages: none, bound: none }),
      '8 MiB; not huge: why; 1 MiB locked (RLIMIT_MEMLOCK is 1 MiB); not bound: why',
    );
  });

  it('needs no page of its own', () => {
    const placed = placeMemory([new Uint8Array(100)], ALL, undefined);
    assert.equal(placed.bytes, 100);
    assert('none' in placed.locked);
  });
});
