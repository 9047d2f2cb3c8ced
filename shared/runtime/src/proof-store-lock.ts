/**
 * Who may write to a market's proof store: one process at a time. Two provers would plan one epoch
 * differently and sign both headers; a change of the key between two looks would part from both.
 */
import { join } from 'node:path';
import type { ProcessIdentity } from './process-identity.ts';
import { WriterLock } from './writer-lock.ts';

const LOCK_FILE = 'prover.lock';

/**
 * @param folder - the market's, which is there
 * @throws StreamError LOCKED while a living process has it
 */
export function takeProofStore(folder: string): WriterLock {
  return WriterLock.take(join(folder, LOCK_FILE));
}

/** The living process that has it. */
export function proofStoreHolder(folder: string): ProcessIdentity | undefined {
  return WriterLock.holder(join(folder, LOCK_FILE));
}
