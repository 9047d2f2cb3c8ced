/**
 * Maps what a descriptor stands for into this process, on Linux. The buffer is an ArrayBuffer, not
 * a SharedArrayBuffer: `Atomics` works on it, but for `wait` and `notify`, and each thread maps for
 * itself.
 */
import { libcCall, libcView } from './libc.ts';

export interface Mapping {
  readonly buffer: ArrayBuffer;
  /** Detaches the buffer and gives the memory back: what still holds it fails, not crashes. */
  close(): void;
}

const READ = 1;
const READ_WRITE = READ | 2;
const MAP_SHARED = 0x01;
/** Every page is there before the first use: no fault on a hot path. */
const MAP_POPULATE = 0x8000;

/**
 * The mapping outlives the descriptor.
 * @returns `UNSUPPORTED` where there is no such call, `REFUSED` where `libcErrno` says why
 */
export function mapDescriptor(
  descriptor: number,
  sizeBytes: number,
  access: 'read' | 'read-write',
): Mapping | 'UNSUPPORTED' | 'REFUSED' {
  const map = libcCall(
    'int64_t mmap(void* at, size_t bytes, int protection, int flags, int fd, int64_t offset)',
  );
  const unmap = libcCall('int munmap(int64_t at, size_t bytes)');
  if (map === undefined || unmap === undefined) return 'UNSUPPORTED';
  const protection = access === 'read' ? READ : READ_WRITE;
  const flags = MAP_SHARED | MAP_POPULATE;
  const at = Number(map(null, sizeBytes, protection, flags, descriptor, 0));
  if (at === -1) return 'REFUSED';
  const buffer = libcView(at, sizeBytes);
  const close = () => {
    if (buffer.detached) return;
    // In this order: a view of memory that is gone would end the process.
    buffer.transfer(0);
    unmap(at, sizeBytes);
  };
  return { buffer, close };
}
