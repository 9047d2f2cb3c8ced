// SPDX-License-Identifier: GPL-3.0-or-later
import { setTimeout as delay } from 'node:timers/promises';
import { passingError } from './passing-error.ts';
import type { ProverError } from './prover-error.ts';

const FIRST_MS = 250;
const MOST_MS = 30_000;

export interface PatienceOptions {
  readonly signal: AbortSignal;
  /** Told of each failure, and with undefined that it was the last one. */
  readonly onTrouble: (error: ProverError | undefined) => void;
  /** Before the second try; each later one waits twice as long, up to 30 s. Default 250 ms. */
  readonly firstMs?: number | undefined;
}

/**
 * Writes to a store, once more for as long as its disk is full or fails: what was proved meanwhile
 * is not lost for it. After the signal there is one last try.
 * @param write - may be done again after a failure
 */
export async function untilWritten<T>(
  write: () => Promise<T>,
  { signal, onTrouble, firstMs = FIRST_MS }: PatienceOptions,
): Promise<T> {
  let isTroubled = false;
  for (let waitMs = firstMs; ; waitMs = Math.min(2 * waitMs, MOST_MS)) {
    try {
      const result = await write();
      if (isTroubled) onTrouble(undefined);
      return result;
    } catch (error) {
      const passing = passingError(error);
      if (passing?.code !== 'STORE_DISK' || signal.aborted) throw error;
      isTroubled = true;
      onTrouble(passing);
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
