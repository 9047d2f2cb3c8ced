// SPDX-License-Identifier: GPL-3.0-or-later
/** One market's folder: genesis.fbg, keys/<digest>.vk, epochs/<epoch>.fbe and .fbr. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BackEnd,
  batchDigest,
  bytesToHex,
  type ChainState,
  type DecodedEpoch,
  decodeEpochFile,
  decodeGenesis,
  type EpochFile,
  type EpochHeader,
  encodeGenesis,
  encodeRecords,
  epochFileName,
  type Genesis,
  genesisHash,
  initialChainState,
  listEpochs,
  type RecordList,
  RuleBook,
  recordsFileName,
  verifyEpoch,
} from '@foldbook/verifier';
import { areInsecure, type ProvingCircuits } from './chain-context.ts';
import { createFile, isCode, removeDrafts, replaceFile } from './durable-file.ts';
import { ProverError } from './prover-error.ts';

const GENESIS_FILE = 'genesis.fbg';
const FILE_MODE = 0o644;

export interface StoredGenesis {
  readonly genesis: Genesis;
  readonly genesisFile: Uint8Array;
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
    return { genesis: decoded.value, genesisFile: bytes, chainId: genesisHash(bytes) };
  }

  /** Starts the chain. The genesis comes last: where it is, its keys are. */
  async createGenesis(genesis: Genesis, circuits: ProvingCircuits): Promise<StoredGenesis> {
    await this.putKeys(circuits);
    const bytes = encodeGenesis(genesis);
    if (!(await createFile(join(this.#dir, GENESIS_FILE), bytes, FILE_MODE))) {
      throw new ProverError(
        'STORE_CONFLICT',
        `${this.#dir}: another prover has just started this chain; run one prover a market`,
      );
    }
    return { genesis, genesisFile: bytes, chainId: genesisHash(bytes) };
  }

  /** Keeps the verifying keys, whatever was there in their place. */
  async putKeys(circuits: ProvingCircuits): Promise<void> {
    for (const { keyBytes, keyDigest } of circuits) {
      const path = join(this.#dir, 'keys', `${bytesToHex(keyDigest)}.vk`);
      await replaceFile(path, keyBytes, this.#dir);
    }
  }

  /**
   * The headers of the epochs kept so far, in order, checked as verifiers do, so that nothing is
   * proved on top of what they refuse: all but records, and of the proofs only the last epoch's,
   * since each takes milliseconds. `restoreRecords` sees to the records.
   * @throws ProverError STORE_CORRUPT
   */
  async readChain(stored: StoredGenesis, circuits: ProvingCircuits): Promise<StoredChain> {
    const keys = {
      ok: true,
      keys: circuits.map(({ role, size, key }) => {
        return { role, size, backEnd: BackEnd.GROTH16, key };
      }),
      insecure: areInsecure(circuits),
    } as const;
    const rules = new RuleBook();
    const context = { genesis: stored.genesis, genesisHash: stored.chainId, keys };
    const headers: EpochHeader[] = [];
    let tip = initialChainState(stored.chainId);
    let last: DecodedEpoch | undefined;
    const count = await this.#countEpochs();
    for (let epoch = 0; epoch < count; epoch++) {
      const decoded = await this.#readEpoch(epoch);
      const outcome = verifyEpoch(context, tip, decoded, { proofs: epoch === count - 1, rules });
      if (!outcome.ok) {
        const { part, code, message } = outcome;
        throw this.#badEpoch(this.#pathOf(epochFileName(epoch)), `${part}: ${code}: ${message}`);
      }
      headers.push(decoded.header);
      last = decoded;
      tip = outcome.state;
    }
    return { headers, tip, last };
  }

  /**
   * Holds the records file of a stored epoch against the records of the stream. A file that is
   * missing or damaged is written again, if these are the records that the epoch's digests bind.
   */
  async restoreRecords(epoch: number, records: RecordList): Promise<RestoredRecords> {
    const path = this.#pathOf(recordsFileName(epoch));
    const expected = encodeRecords(records);
    const found = await readIfThere(path);
    if (found !== undefined && Buffer.compare(found, expected) === 0)
      return { state: 'kept', path };
    const { header, batches } = await this.#readEpoch(epoch);
    const { market, recordFirst } = header;
    let first = 0;
    const areBound = batches.every(({ size, count, digest }) => {
      const seq0 = recordFirst + BigInt(first);
      const rows = records.slice(first, first + count);
      first += count;
      const place = { market, epoch: header.epoch, seq0, count };
      return rows.length === count && batchDigest(size, place, rows) === digest;
    });
    if (!areBound) return { state: 'foreign', path };
    await replaceFile(path, expected, this.#dir);
    return { state: 'written', path };
  }

  /** Keeps an epoch. The records come first: where an epoch is, its records are. */
  async putEpoch(epoch: number, { epochFile, recordsFile }: EpochFiles): Promise<void> {
    await replaceFile(this.#pathOf(recordsFileName(epoch)), recordsFile, this.#dir);
    await replaceFile(this.#pathOf(epochFileName(epoch)), epochFile, this.#dir);
  }

  async #countEpochs(): Promise<number> {
    const dir = this.#pathOf('');
    const listing = listEpochs((await readdir(dir)).filter((name) => !name.startsWith('.')));
    if (!listing.ok) throw this.#corrupt(`${dir}: ${listing.code}: ${listing.message}`);
    return listing.epochs;
  }

  async #readEpoch(epoch: number): Promise<DecodedEpoch> {
    const path = this.#pathOf(epochFileName(epoch));
    const decoded = decodeEpochFile(new Uint8Array(await readFile(path)));
    if (decoded.ok) return decoded.value;
    throw this.#badEpoch(path, `${decoded.error.code}: ${decoded.error.message}`);
  }

  #pathOf(name: string): string {
    return join(this.#dir, 'epochs', name);
  }

  #badEpoch(path: string, what: string): ProverError {
    return this.#corrupt(
      `${path}: ${what}; restore it, ` +
        'or remove it and all files of later epochs to have them proved again',
    );
  }

  #corrupt(message: string): ProverError {
    return new ProverError('STORE_CORRUPT', `market ${this.#market}: ${message}`);
  }
}

export interface RestoredRecords {
  /** `foreign`: the epoch's digests are not of these records. */
  readonly state: 'kept' | 'written' | 'foreign';
  readonly path: string;
}

export interface StoredChain {
  /** The last epoch. */
  readonly last: Pick<EpochFile, 'headerBytes' | 'signature'> | undefined;
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
