// SPDX-License-Identifier: GPL-3.0-or-later
/** One market's folder: genesis.fbg, keys/<digest>.vk, epochs/<epoch>.fbe and .fbr. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bytesToHex,
  type ChainState,
  chainStateAfter,
  checkHeader,
  decodeEpochFile,
  decodeGenesis,
  type EpochHeader,
  encodeGenesis,
  epochFileName,
  type Genesis,
  genesisHash,
  initialChainState,
  recordsFileName,
} from '@foldbook/verifier';
import type { ProvingCircuit } from './chain-context.ts';
import { createFile, isCode, removeDrafts, replaceFile } from './durable-file.ts';
import { ProverError } from './prover-error.ts';

const GENESIS_FILE = 'genesis.fbg';
const FILE_MODE = 0o644;

export interface StoredGenesis {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
}

/** A proved epoch's files, ready to be kept. */
export interface EpochFiles {
  readonly epochFile: Uint8Array;
  readonly recordsFile: Uint8Array;
}

export class ProofStore {
  readonly #dir: string;
  readonly #market: string;

  private constructor(dir: string, market: string) {
    this.#dir = join(dir, market);
    this.#market = market;
  }

  /** Opens or makes the market's folder below `dir`, and clears what a crash left half-written. */
  static async open(dir: string, market: string): Promise<ProofStore> {
    const store = new ProofStore(dir, market);
    await mkdir(join(store.#dir, 'keys'), { recursive: true });
    await mkdir(join(store.#dir, 'epochs'), { recursive: true });
    await removeDrafts(store.#dir);
    return store;
  }

  /** Undefined before the market's chain was started. */
  async genesis(): Promise<StoredGenesis | undefined> {
    const path = join(this.#dir, GENESIS_FILE);
    const bytes = await readIfThere(path);
    if (bytes === undefined) return undefined;
    const decoded = decodeGenesis(bytes);
    if (!decoded.ok) throw this.#corrupt(`${path}: ${decoded.error.message}; restore it`);
    return { genesis: decoded.value, chainId: genesisHash(bytes) };
  }

  /** Starts the chain. The genesis comes last: where it is, its keys are. */
  async createGenesis(
    genesis: Genesis,
    circuits: readonly ProvingCircuit[],
  ): Promise<StoredGenesis> {
    for (const { keyBytes, keyDigest } of circuits) {
      const path = join(this.#dir, 'keys', `${bytesToHex(keyDigest)}.vk`);
      await replaceFile(path, keyBytes, this.#dir);
    }
    const bytes = encodeGenesis(genesis);
    if (!(await createFile(join(this.#dir, GENESIS_FILE), bytes, FILE_MODE))) {
      throw new ProverError(
        'STORE_CONFLICT',
        `${this.#dir}: another prover has just started this chain; run one prover a market`,
      );
    }
    return { genesis, chainId: genesisHash(bytes) };
  }

  /**
   * The headers of the epochs kept so far, in order, checked to be one signed chain.
   * @throws ProverError STORE_CORRUPT
   */
  async readChain({ genesis, chainId }: StoredGenesis): Promise<StoredChain> {
    const headers: EpochHeader[] = [];
    let tip = initialChainState(chainId);
    for (const name of await this.#epochFiles()) {
      const path = join(this.#dir, 'epochs', name);
      const decoded = decodeEpochFile(new Uint8Array(await readFile(path)));
      if (!decoded.ok) throw this.#badEpoch(path, decoded.error.message);
      const verdict = checkHeader(genesis, chainId, tip, decoded.value);
      if (!verdict.ok) throw this.#badEpoch(path, `${verdict.code}: ${verdict.message}`);
      const { header, headerBytes } = decoded.value;
      headers.push(header);
      tip = chainStateAfter(header, headerBytes);
    }
    return { headers, tip };
  }

  /** Keeps an epoch. The records come first: where an epoch is, its records are. */
  async putEpoch(epoch: number, { epochFile, recordsFile }: EpochFiles): Promise<void> {
    const epochs = join(this.#dir, 'epochs');
    await replaceFile(join(epochs, recordsFileName(epoch)), recordsFile, this.#dir);
    await replaceFile(join(epochs, epochFileName(epoch)), epochFile, this.#dir);
  }

  /** Names in order; a records file without its epoch is what a crash leaves, and is replaced. */
  async #epochFiles(): Promise<string[]> {
    const names = await readdir(join(this.#dir, 'epochs'));
    return names.filter((name) => name.endsWith('.fbe')).sort();
  }

  #badEpoch(path: string, what: string): ProverError {
    return this.#corrupt(
      `${path}: ${what}; restore it, or remove it and all later epochs to have them proved again`,
    );
  }

  #corrupt(message: string): ProverError {
    return new ProverError('STORE_CORRUPT', `market ${this.#market}: ${message}`);
  }
}

export interface StoredChain {
  readonly headers: readonly EpochHeader[];
  readonly tip: ChainState;
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
