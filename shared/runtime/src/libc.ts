/** Calls into the C library, on Linux only. */
import { createRequire } from 'node:module';
import { platform } from 'node:process';

type NativeFunction = (...args: unknown[]) => unknown;

interface Koffi {
  /** A null path is the running program, which has libc linked in, whichever libc it is. */
  load(path: string | null): { func(definition: string): NativeFunction };
  errno(): number;
  view(address: number, bytes: number): ArrayBuffer;
  address(of: Uint8Array): bigint;
}

let loaded: { koffi: Koffi; symbols: ReturnType<Koffi['load']> } | undefined;

const calls = new Map<string, NativeFunction>();

function load(): NonNullable<typeof loaded> {
  if (loaded === undefined) {
    // Loaded when first needed: other systems run without the native module.
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    loaded = { koffi, symbols: koffi.load(null) };
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
  // One each: the module keeps every function that was ever made.
  const known = calls.get(definition);
  if (known !== undefined) return known;
  try {
    const call = load().symbols.func(definition);
    calls.set(definition, call);
    return call;
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

/** Where the bytes of a view lie; undefined where there is no native module. */
export function libcAddress(of: Uint8Array): number | undefined {
  try {
    return Number(load().koffi.address(of));
  } catch {
    return undefined;
  }
}
