// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * One market's folder: genesis.fbg, operator-keys.fbk, keys/<digest>.vk or .shape,
 * epochs/<epoch>.fbe, .fbr and .fbd. Whoever writes to it has its lock (store-lock.ts).
 */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '@foldbook/runtime';
import {
  BackEnd,
  bytesToHex,
  type ChainState,
  type DecodedEpoch,
  decodeEpochFile,
  decodeGenesis,
  diffsFileName,
  type EpochFile,
  type EpochHeader,
  encodeGenesis,
  epochFileName,
  type Genesis,
  genesisHash,
  headerHash,
  initialChainState,
  KEY_CHANGES_FILE,
  type KeyChange,
  listEpochs,
  type OperatorKeys,
  type RecordList,
  RuleBook,
  readOperatorKeys,
  recordsFileName,
  verifyEpoch,
} from '@foldbook/verifier';
import { type ProvingCircuit, type ProvingCircuits, verifierContext } from './chain-context.ts';
import { createFile, isCode, removeDrafts, replaceFile } from './durable-file.ts';
import { type EpochData, epochData, frameOf, holds, type PackedFile } from './epoch-data.ts';
import { ProverError } from './prover-error.ts';

const GENESIS_FILE = 'genesis.fbg';

export interface StoredGenesis {
  readonly genesis: Genesis;
  readonly genesisFile: Uint8Array;
  readonly chainId: Uint8Array;
}

/** The operator's keys, and the changes that lead to them. */
export interface StoredKeys extends OperatorKeys {
  readonly changes: readonly KeyChange[];
}

export class ProofStore {
  readonly #dir: string;
  readonly #market: string;
  /** Data are put one after the other: two may come with those of one epoch. */
  #putting: Promise<unknown> = Promise.resolve();

  private constructor(dir: string, market: string) {
    this.#dir = join(dir, market);
    this.#market = market;
  }

  /** Opens or makes the market's folder below `dir`, and clears what a crash left half-written. */
  static async open(dir: string, market: string): Promise<ProofStore> {
    const store = new ProofStore(dir, market);
    await makeFolder(join(store.#dir, 'keys'));
    await makeFolder(join(store.#dir, 'epochs'));
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

  /**
   * Starts the chain; undefined if another prover has just done so: then its genesis is there. The
   * genesis comes last: where it is, its keys are.
   */
  async createGenesis(
    genesis: Genesis,
    circuits: ProvingCircuits,
  ): Promise<StoredGenesis | undefined> {
    await this.putKeys(circuits);
    const bytes = encodeGenesis(genesis);
    const isOurs = await createFile(join(this.#dir, GENESIS_FILE), bytes);
    return isOurs ? { genesis, genesisFile: bytes, chainId: genesisHash(bytes) } : undefined;
  }

  /**
   * The operator's keys as the store has them now: a change may be put there while a prover runs.
   * @throws ProverError STORE_CORRUPT
   */
  async operatorKeys({ genesis, chainId }: StoredGenesis): Promise<StoredKeys> {
    const path = join(this.#dir, KEY_CHANGES_FILE);
    const keys = readOperatorKeys(genesis, chainId, await readIfThere(path));
    if (keys.ok) return keys;
    throw this.#corrupt(`${path}: ${keys.code}: ${keys.message}; restore it`);
  }

  /** Where the key of a circuit is, once the chain has it. */
  keyFile({ backEnd, keyDigest }: ProvingCircuit): string {
    const kind = backEnd === BackEnd.FOLDING ? 'shape' : 'vk';
    return join(this.#dir, 'keys', `${bytesToHex(keyDigest)}.${kind}`);
  }

  /** Keeps the verifying keys, whatever was there in their place. */
  async putKeys(circuits: ProvingCircuits): Promise<void> {
    for (const circuit of circuits) {
      const { keyBytes } = circuit;
      const path = this.keyFile(circuit);
      await replaceFile(path, keyBytes, this.#dir);
    }
  }

  /**
   * The headers of the epochs kept so far, in order, checked as verifiers do, so that nothing is
   * proved on top of what they refuse: all but records, and of the proofs only the last epoch's,
   * since each takes milliseconds. `restoreData` sees to the records.
   * @throws ProverError STORE_CORRUPT
   */
  async readChain(
    stored: StoredGenesis,
    operatorKeys: OperatorKeys,
    circuits: ProvingCircuits,
  ): Promise<StoredChain> {
    const rules = new RuleBook();
    const context = verifierContext({ ...stored, circuits, operatorKeys });
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
    return { headers, tip, rules, last };
  }

  /**
   * Holds the data of a stored epoch against the records of the stream. What is missing or damaged
   * is written again, if these are the records that its header names.
   */
  async restoreData(
    header: Pick<EpochHeader, 'epoch' | 'dataDigest'>,
    records: RecordList,
  ): Promise<RestoredData> {
    const epoch = Number(header.epoch);
    const path = this.#pathOf(recordsFileName(epoch));
    const data = epochData(records);
    // Readers refuse all but the file that the header names.
    if (data.records.digest !== bytesToHex(header.dataDigest)) return { state: 'foreign', path };
    return { state: (await this.putData(epoch, data)) ? 'written' : 'kept', path };
  }

  /**
   * Keeps the data of an epoch, which may have no proofs yet; those of the epochs before it are
   * there. Tells whether they were not there already.
   */
  async putData(epoch: number, { records, diffs }: EpochData): Promise<boolean> {
    const put = this.#putting.then(async () => {
      const names = [recordsFileName(epoch), diffsFileName(epoch)] as const;
      if ((await this.#has(names[0], records)) && (await this.#has(names[1], diffs))) return false;
      await this.#replace(names[0], records);
      await this.#replace(names[1], diffs);
      return true;
    });
    this.#putting = put.catch(() => undefined);
    return put;
  }

  /**
   * Keeps a proved epoch, whose data are there. One that is there already stays as it is.
   * @throws ProverError STORE_CONFLICT if that has another header
   */
  async putEpoch(epoch: number, epochFile: Uint8Array): Promise<void> {
    const path = this.#pathOf(epochFileName(epoch));
    if (await createFile(path, epochFile, this.#dir)) return;
    const own = decodeEpochFile(epochFile);
    assert(own.ok, 'an epoch is what this prover encoded');
    const headers = [await this.#readEpoch(epoch), own.value].map(({ headerBytes }) => headerBytes);
    const [theirHash, ownHash] = headers.map((header) => bytesToHex(headerHash(header)));
    if (theirHash === ownHash) return;
    throw new ProverError(
      'STORE_CONFLICT',
      `market ${this.#market}: ${path} has another header (${theirHash}) than this prover made ` +
        `(${ownHash}): another one is at work on this store, or was; what is there stays, since ` +
        'two signed headers of one epoch are evidence against the operator. Look for that prover',
    );
  }

  /** The header of an epoch as far as the store has one that can be read. */
  async headerOf(epoch: number): Promise<EpochHeader | undefined> {
    const bytes = await readIfThere(this.#pathOf(epochFileName(epoch)));
    const decoded = bytes && decodeEpochFile(bytes);
    return decoded?.ok ? decoded.value.header : undefined;
  }

  async #has(name: string, { bytes }: PackedFile): Promise<boolean> {
    const found = await readIfThere(this.#pathOf(name));
    return found !== undefined && holds(found, bytes);
  }

  async #replace(name: string, file: PackedFile): Promise<void> {
    await replaceFile(this.#pathOf(name), await frameOf(file), this.#dir);
  }

  /** How many epochs are kept, and their records, by the last header; nothing of it is checked. */
  async extent(): Promise<{ readonly epochs: number; readonly records: number }> {
    const epochs = await this.#countEpochs();
    if (epochs === 0) return { epochs, records: 0 };
    const { header } = await this.#readEpoch(epochs - 1);
    return { epochs, records: Number(header.recordFirst) + header.recordCount };
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
      `${path}: ${what}; restore it from a copy: whoever verifies this chain has one. It is not ` +
        'made again: its header may come out differently, and two signed headers of one epoch ' +
        'are evidence against the operator',
    );
  }

  #corrupt(message: string): ProverError {
    return new ProverError('STORE_CORRUPT', `market ${this.#market}: ${message}`);
  }
}

export interface RestoredData {
  /** `foreign`: the header's digest is not of these records. */
  readonly state: 'kept' | 'written' | 'foreign';
  readonly path: string;
}

export interface StoredChain {
  /** The last epoch. */
  readonly last: Pick<EpochFile, 'headerBytes' | 'signature'> | undefined;
  readonly headers: readonly EpochHeader[];
  readonly tip: ChainState;
  /** Those at the end of the last epoch. */
  readonly rules: RuleBook;
}

export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
