/**
 * Memory that a thread finds where and as it wants it: on the node of its core, in huge pages,
 * every page there before the first use, and never paged out. Linux; whatever the system or the
 * machine refuses is told in words, and the memory works all the same.
 */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { arch, platform } from 'node:process';
import { libcAddress, libcCall, libcErrno } from './libc.ts';

export type MemoryWish = 'try' | 'off';

export interface MemoryWishes {
  /** Keeps it from being paged out: mlock, of these regions and of nothing else. */
  readonly lock: MemoryWish;
  /** Transparent huge pages: madvise. */
  readonly hugePages: MemoryWish;
  /** On the node of the thread: mbind. */
  readonly numa: MemoryWish;
}

/** Bytes that have it, of all in the regions, and why others have not; or why none has. */
export type Reached =
  | { readonly bytes: number; readonly refused?: string }
  | { readonly none: string };

export interface PlacedMemory {
  readonly bytes: number;
  readonly locked: Reached;
  readonly hugePages: Reached;
  readonly bound: Reached;
}

/** As a bare system call: the C library has no function of that name. */
const MBIND =
  'long syscall(long number, int64_t at, long bytes, long mode, const void* mask, long bits, ' +
  'long flags)';
const SYSCALL_MBIND: Readonly<Record<string, number>> = { x64: 237, arm64: 235 };
/** Another node's memory is better than none. */
const MPOL_PREFERRED = 1;
/** Pages that are elsewhere by now come along. */
const MPOL_MF_MOVE = 2;
const MASK_BITS = 1_024;
const MADV_HUGEPAGE = 14;
const THP = '/sys/kernel/mm/transparent_hugepage/enabled';
/** The smallest page there is: on machines with larger ones some are touched more than once. */
const PAGE_BYTES = 4_096;

interface Range {
  readonly start: number;
  readonly bytes: number;
}

/**
 * Does it for the calling thread, which touches every page: without a node to bind to, that alone
 * puts them near its core. What other threads write meanwhile is safe.
 * @param node from `nodeToBind`; undefined where there is one node only
 */
export function placeMemory(
  regions: readonly Uint8Array[],
  wishes: MemoryWishes,
  node: number | undefined,
): PlacedMemory {
  const bytes = regions.reduce((sum, region) => sum + region.byteLength, 0);
  const ranges = platform === 'linux' ? rangesOf(regions) : undefined;
  if (ranges === undefined) {
    touchAll(regions);
    const none = { none: `not on ${platform}-${arch}` };
    return { bytes, locked: none, hugePages: none, bound: none };
  }
  // In this order: what a page is and where it lies is settled when it is touched.
  const bound = wishes.numa === 'off' ? OFF : bindAll(ranges, node);
  const advised = wishes.hugePages === 'off' ? OFF : adviseAll(ranges);
  touchAll(regions);
  const lockError = wishes.lock === 'off' ? OFF : lockAll(ranges);
  const found = mappedIn(ranges);
  const refused = lockError === undefined ? {} : { refused: lockError.none };
  const lockedNone = lockError ?? NOT_LOCKED;
  return {
    bytes,
    bound,
    hugePages: advised ?? (found.hugeBytes > 0 ? { bytes: found.hugeBytes } : NO_HUGE_PAGES),
    locked: found.lockedBytes > 0 ? { bytes: found.lockedBytes, ...refused } : lockedNone,
  };
}

/** `64 MiB, huge pages 62 MiB, not locked: RLIMIT_MEMLOCK is 8 MiB, ...` */
export function placedWords({ bytes, hugePages, locked, bound }: PlacedMemory): string {
  const reached = (name: string, of: Reached) => {
    if ('none' in of) return `not ${name}: ${of.none}`;
    return `${mib(of.bytes)} ${name}${of.refused === undefined ? '' : ` (${of.refused})`}`;
  };
  const parts = [reached('huge', hugePages), reached('locked', locked), reached('bound', bound)];
  return `${mib(bytes)}; ${parts.join('; ')}`;
}

/** Makes every page of a region present, and changes nothing in it. */
export function touchPages(region: Uint8Array): void {
  const { buffer, byteOffset, byteLength } = region;
  // A write, as reading maps a page of zeros that everyone shares; atomic, as others may write.
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  for (let at = 0; at < byteLength; at += PAGE_BYTES) Atomics.or(bytes, at, 0);
  if (byteLength > 0) Atomics.or(bytes, byteLength - 1, 0);
}

const OFF = { none: 'switched off' };
const NO_CALL = { none: 'no native module for this machine' };
const NO_HUGE_PAGES = { none: 'the system had none to give' };
const NOT_LOCKED = { none: 'the system does not say so' };

const mib = (bytes: number) => `${Math.round((bytes / 2 ** 20) * 10) / 10} MiB`;

function touchAll(regions: readonly Uint8Array[]): void {
  for (const region of regions) touchPages(region);
}

/** Whole pages that lie in a region: its first and last may be shared with who knows what. */
function rangesOf(regions: readonly Uint8Array[]): Range[] | undefined {
  const ranges: Range[] = [];
  for (const region of regions) {
    const at = libcAddress(region);
    if (at === undefined) return undefined;
    const start = Math.ceil(at / PAGE_BYTES) * PAGE_BYTES;
    const end = Math.floor((at + region.byteLength) / PAGE_BYTES) * PAGE_BYTES;
    if (end > start) ranges.push({ start, bytes: end - start });
  }
  return ranges;
}

function bindAll(ranges: readonly Range[], node: number | undefined): Reached {
  if (node === undefined) return { none: 'there is one node' };
  const number = SYSCALL_MBIND[arch];
  const bind = libcCall(MBIND);
  if (bind === undefined || number === undefined) return NO_CALL;
  const mask = Buffer.alloc(MASK_BITS / 8);
  mask[node >> 3] = 1 << (node & 7);
  let bytes = 0;
  for (const { start, bytes: length } of ranges) {
    // The kernel takes one bit less than it is told of.
    const bits = MASK_BITS + 1;
    const code = bind(number, start, length, MPOL_PREFERRED, mask, bits, MPOL_MF_MOVE);
    if (Number(code) !== 0) return { none: `mbind to node ${node}: ${reasonOf(libcErrno())}` };
    bytes += length;
  }
  return { bytes };
}

/** Undefined if the kernel has taken the advice; what came of it is to be seen later. */
function adviseAll(ranges: readonly Range[]): Reached | undefined {
  const mode = /\[(\w+)\]/.exec(readText(THP) ?? '')?.[1];
  if (mode === undefined) return { none: 'this kernel has no transparent huge pages' };
  if (mode === 'never') return { none: `${THP} says never` };
  const advise = libcCall('int madvise(int64_t at, size_t bytes, int advice)');
  if (advise === undefined) return NO_CALL;
  for (const { start, bytes } of ranges) {
    if (advise(start, bytes, MADV_HUGEPAGE) === 0) continue;
    return { none: `madvise: ${reasonOf(libcErrno())}` };
  }
  return undefined;
}

/** As many of the ranges as may be; undefined if all. */
function lockAll(ranges: readonly Range[]): { readonly none: string } | undefined {
  const lock = libcCall('int mlock(int64_t at, size_t bytes)');
  if (lock === undefined) return NO_CALL;
  let refused: { readonly none: string } | undefined;
  for (const { start, bytes } of ranges) {
    if (lock(start, bytes) !== 0) refused ??= { none: `mlock: ${reasonOf(libcErrno())}` };
  }
  return refused;
}

function reasonOf(errno: number): string {
  const { EPERM, ENOMEM, ENOSYS, EINVAL } = constants.errno;
  switch (errno) {
    case EPERM:
    case ENOMEM: {
      const limit = /^Max locked memory\s+(\d+)/m.exec(readText('/proc/self/limits') ?? '')?.[1];
      return limit === undefined ? 'refused' : `RLIMIT_MEMLOCK is ${mib(Number(limit))}`;
    }
    case ENOSYS:
      return 'this kernel cannot';
    case EINVAL:
      return 'this kernel does not take it';
    default:
      return `errno ${errno}`;
  }
}

/** What the system says of the ranges. They have mappings of their own once anything was done. */
function mappedIn(ranges: readonly Range[]): { hugeBytes: number; lockedBytes: number } {
  const found = { hugeBytes: 0, lockedBytes: 0 };
  for (const mapping of (readText('/proc/self/smaps') ?? '').split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/)) {
    const [, from = '0', to = '0'] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(mapping) ?? [];
    const [start, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)];
    const shared = ranges.reduce((sum, range) => {
      const last = Math.min(end, range.start + range.bytes);
      return sum + Math.max(0, last - Math.max(start, range.start));
    }, 0);
    if (shared === 0) continue;
    const bytesOf = (name: string) => {
      const kib = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(mapping)?.[1];
      return Math.min(shared, Number(kib ?? 0) * 1_024);
    };
    found.hugeBytes += bytesOf('AnonHugePages');
    found.lockedBytes += bytesOf('Locked');
  }
  return found;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
