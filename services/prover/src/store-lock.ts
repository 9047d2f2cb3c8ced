// SPDX-License-Identifier: GPL-3.0-or-later
import { join } from 'node:path';
import { makeFolder, StreamError, takeProofStore, type WriterLock } from '@foldbook/runtime';
import { ProverError } from './prover-error.ts';

/** A market's store is this prover's until it ends, however it ends. */
export class StoreLock {
  readonly #market: string;
  readonly #lock: WriterLock;

  private constructor(market: string, lock: WriterLock) {
    this.#market = market;
    this.#lock = lock;
  }

  /**
   * Makes the market's folder below `dir` if need be, or the one that is named below that.
   * @throws ProverError STORE_LOCKED
   */
  static async take(dir: string, market: string, name = ''): Promise<StoreLock> {
    const folder = join(dir, market, name);
    await makeFolder(folder);
    try {
      return new StoreLock(market, takeProofStore(folder));
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      throw new ProverError('STORE_LOCKED', `market ${market}: its store: ${error.message}`);
    }
  }

  /**
   * Before anything is signed or kept: a process whose lock does not count on another machine may
   * have gone on without this one.
   * @throws ProverError STORE_LOCKED
   */
  check(): void {
    if (this.#lock.isHeld()) return;
    const words = "its store is no longer this prover's: another one took it, or the file";
    const what = `market ${this.#market}: ${words} prover.lock was removed`;
    throw new ProverError('STORE_LOCKED', what);
  }

  /** Once. */
  release(): void {
    this.#lock.release();
  }
}
