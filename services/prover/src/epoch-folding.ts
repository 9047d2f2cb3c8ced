// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Folded proofs of a market's epochs: where their subtrees are kept, and how often they are tried.
 * A prover that was killed finds the subtrees in its market's folder and goes on from there.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FoldedCircuit } from './chain-context.ts';
import { isCode } from './durable-file.ts';
import { foldFiles } from './fold/fold-circuit.ts';
import type { Folded, FoldMaker, LeafPlan } from './fold/fold-pool.ts';
import type { Turns } from './job-turns.ts';
import { passingError } from './passing-error.ts';
import { messageOf, ProverError } from './prover-error.ts';

/** Below a market's folder, beside its epochs. */
export const FOLDING_FOLDER = 'folding';
/** As many as the queue gives to other proofs. */
const ATTEMPTS = 3;

export interface EpochFoldingOptions {
  readonly maker: FoldMaker;
  /** The market's. */
  readonly folder: string;
  /** Where the shape of a circuit is. */
  readonly keyFile: (circuit: FoldedCircuit) => string;
  /** Nothing is folded any more after it. */
  readonly signal: AbortSignal;
}

export class EpochFolding {
  readonly #options: EpochFoldingOptions;
  readonly #folder: string;

  constructor(options: EpochFoldingOptions) {
    this.#options = options;
    this.#folder = join(options.folder, FOLDING_FOLDER);
  }

  /**
   * Folds the proofs of one kind of an epoch. Returns why it can't be done after all tries.
   * @throws ProverError CLOSED; STORE_DISK, which is no fault of the proofs
   */
  async fold(
    epoch: number,
    circuit: FoldedCircuit,
    plans: readonly LeafPlan[],
    turns: Turns,
  ): Promise<Folded | ProverError> {
    const { maker, keyFile, signal } = this.#options;
    const files = foldFiles(circuit, keyFile(circuit));
    for (let attempt = 1; ; attempt += 1) {
      try {
        const dir = this.#runFolder(epoch, circuit, attempt);
        return await maker.fold(files, plans, { dir, turns, signal });
      } catch (error) {
        if (error instanceof ProverError && error.code === 'CLOSED') throw error;
        const passing = passingError(error);
        if (passing !== undefined) throw passing;
        if (attempt < ATTEMPTS) continue;
        const code = error instanceof ProverError ? error.code : 'PROOF_FAILED';
        const what = `folding failed ${attempt} times, the last time with: ${messageOf(error)}`;
        return new ProverError(code, what, { cause: error });
      }
    }
  }

  /** The epochs before this one are kept: what is left of folding them is of no use. */
  async clear(beforeEpoch: number): Promise<void> {
    for (const name of await this.#runs()) {
      if (Number.parseInt(name, 10) >= beforeEpoch) continue;
      await rm(join(this.#folder, name), { recursive: true, force: true });
    }
  }

  /**
   * The last try is in a folder of its own: something in the first may be what fails.
   */
  #runFolder(epoch: number, { name }: FoldedCircuit, attempt: number): string {
    const own = attempt === ATTEMPTS ? `-${process.pid}` : '';
    return join(this.#folder, `${epoch}-${name}${own}`);
  }

  async #runs(): Promise<string[]> {
    try {
      return await readdir(this.#folder);
    } catch (error) {
      if (isCode(error, 'ENOENT')) return [];
      throw error;
    }
  }
}
