// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Proofs that could not be made. Each has a file in its market's folder that says why; whoever
 * removes the file (`foldbook prover retry`) asks for the proof once more, as does a new start.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, makeFolder } from '@foldbook/runtime';
import { isCode, replaceFile } from './durable-file.ts';
import type { AnyJob, JobPlace } from './proof-job.ts';
import { ProverError } from './prover-error.ts';

/** Below a market's folder, beside its epochs. */
export const ASIDE_FOLDER = 'aside';
const LOOK_MS = 1_000;

/** A proof, or a folded one: its part then names the circuit. Of a STARK chain a part. */
export interface UnmadeProof extends Pick<AnyJob, 'id' | 'circuit'> {
  readonly place: Pick<JobPlace, 'epoch' | 'part'>;
}

/** What its file says. */
export interface SetAsideProof {
  readonly market: string;
  readonly epoch: number;
  /** See `JobPlace`; "folded-" and the circuit for what is folded. */
  readonly part: string;
  readonly circuit: string;
  readonly job: string;
  /** `CODE: message` of the last try. */
  readonly reason: string;
  /** Time of the failure, ISO 8601. */
  readonly since: string;
}

export interface SetAsideOptions {
  readonly market: string;
  /** Folder that holds the stores of all markets. */
  readonly storeDir: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** How often the files are looked for. Default 1,000 ms. */
  readonly lookMs?: number | undefined;
  /** Whether these are parts of the STARK chain. The chains of a market share the folder. */
  readonly isStark?: boolean | undefined;
}

/** A part of a STARK chain, by the name of its file. */
const STARK_FILE = /^\d+-p\d/;

interface Waiting {
  readonly proof: SetAsideProof;
  readonly retry: PromiseWithResolvers<void>;
}

export class SetAside {
  readonly #options: SetAsideOptions;
  readonly #folder: string;
  readonly #waiting = new Map<string, Waiting>();
  #looking: Promise<void> | undefined;

  constructor(options: SetAsideOptions) {
    this.#options = options;
    this.#folder = join(options.storeDir, options.market, ASIDE_FOLDER);
    options.signal.addEventListener('abort', () => this.#end(), { once: true });
  }

  /** What waits for somebody to mend its cause, in order of epochs. */
  list(): SetAsideProof[] {
    const proofs = [...this.#waiting.values()].map(({ proof }) => proof);
    return proofs.sort((left, right) => left.epoch - right.epoch);
  }

  /**
   * Sets a proof aside; resolves when it is to be tried again.
   * @throws ProverError CLOSED when the prover ends before
   */
  async put(job: UnmadeProof, error: ProverError): Promise<void> {
    const { market, logger, signal } = this.#options;
    const { epoch, part } = job.place;
    const reason = `${error.code}: ${error.message}`;
    const since = new Date().toISOString();
    const proof = { market, epoch, part, circuit: job.circuit, job: job.id, reason, since };
    const name = `${epoch}-${part}.json`;
    logger.error('proof set aside', { market, epoch, part, reason });
    await makeFolder(this.#folder);
    const bytes = new TextEncoder().encode(`${JSON.stringify(proof, null, 2)}\n`);
    await replaceFile(join(this.#folder, name), bytes, this.#folder);
    if (signal.aborted) throw ended(job.id);
    const retry = Promise.withResolvers<void>();
    this.#waiting.set(name, { proof, retry });
    this.#looking ??= this.#look();
    await retry.promise;
    logger.info('proof tried again', { market, epoch, part });
  }

  /** The epochs before this one are kept: what says that they can't be proved is of the past. */
  async clear(beforeEpoch: number): Promise<void> {
    const { isStark = false } = this.#options;
    for (const name of await this.#files()) {
      const isPast = Number.parseInt(name, 10) < beforeEpoch;
      if (isPast && STARK_FILE.test(name) === isStark)
        await rm(join(this.#folder, name), { force: true });
    }
  }

  async #look(): Promise<void> {
    const { signal, lookMs = LOOK_MS } = this.#options;
    while (this.#waiting.size > 0 && !signal.aborted) {
      await delay(lookMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      const there = new Set(await this.#files().catch(() => this.#waiting.keys()));
      for (const [name, { retry }] of this.#waiting) {
        if (there.has(name)) continue;
        this.#waiting.delete(name);
        retry.resolve();
      }
    }
    this.#looking = undefined;
  }

  async #files(): Promise<string[]> {
    try {
      return (await readdir(this.#folder)).filter((name) => name.endsWith('.json'));
    } catch (error) {
      if (isCode(error, 'ENOENT')) return [];
      throw error;
    }
  }

  #end(): void {
    for (const { proof, retry } of this.#waiting.values()) retry.reject(ended(proof.job));
    this.#waiting.clear();
  }
}

function ended(id: string): ProverError {
  return new ProverError('CLOSED', `job ${id}: the prover ends`);
}
