/**
 * Lets Ctrl-C end what a thread waits for without turning its event loop. Where a program listens
 * to SIGINT, a signal waits for the loop, for ever if the thread does; V8 can be told to stop.
 */
import { Script } from 'node:vm';

const SLOT = Symbol.for('foldbook.breakable');
const script = new Script('globalThis[Symbol.for("foldbook.breakable")]()');

/**
 * Runs `call`. A SIGINT in the meantime stops it wherever it is, and is then told to who listens.
 * Takes some 100 us, and works in the main thread only: in others it is a plain call.
 */
export function runBreakable(call: () => void): void {
  Reflect.set(globalThis, SLOT, call);
  try {
    script.runInThisContext({ breakOnSigint: true });
  } catch (error) {
    if (!isBreak(error)) throw error;
    process.emit('SIGINT');
  } finally {
    Reflect.deleteProperty(globalThis, SLOT);
  }
}

const isBreak = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED';
