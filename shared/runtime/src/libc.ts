/** Calls into the C library, on Linux only. */
import { createRequire } from 'node:module';
import { platform } from 'node:process';

type NativeFunction = (...args: unknown[]) => unknown;

interface Koffi {
  /** A null path is the running program, which has libc linked in, whichever libc it is. */
  load(path: string | null): { func(definition: string): NativeFunction };
  errno(): number;
  view(address: number, bytes: number): ArrayBuffer;
}

let loaded: { koffi: Koffi; library: ReturnType<Koffi['load']> } | undefined;

function load(): NonNullable<typeof loaded> {
  if (loaded === undefined) {
    // Loaded when first needed: other systems run without the native module.
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    loaded = { koffi, library: koffi.load(null) };
  }
  return loaded;
}

/**
 * A function of libc, called synchronously on the calling thread.
 * @param definition its C prototype
 * @returns undefined where there is none: another system, or no native module for this one
 */
export function libcCall(definition: string): NativeFunction | undefined {
  if (platform !== 'linux') return undefined;
  try {
    return load().library.func(definition);
  } catch {
    return undefined;
  }
}

/** The error number of this thread's last call that failed. */
export function libcErrno(): number {
  return load().koffi.errno();
}

/** Memory outside of the engine, as it lies; whoever frees it detaches the buffer first. */
export function libcView(address: number, bytes: number): ArrayBuffer {
  return load().koffi.view(address, bytes);
}
