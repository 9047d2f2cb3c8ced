// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The STARK chain in a market's folder: stark/genesis.fbg, stark/operator-keys.fbk,
 * stark/epochs/<epoch>.fbe, and in stark/parts proofs whose epoch is not there yet. Its records are
 * the market's (proof-store.ts). Whoever writes to it has its lock (store-lock.ts).
 */
import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '@foldbook/runtime';
import {
  bytesToHex,
  type ChainState,
  chainStateFrom,
  type DecodedStarkEpoch,
  decodeStarkEpochFile,
  decodeStarkGenesis,
  encodeStarkGenesis,
  epochFileName,
  genesisHash,
  headerHash,
  KEY_CHANGES_FILE,
  listEpochs,
  type OperatorKeys,
  RuleBook,
  readOperatorKeys,
  type StarkGenesis,
  type StarkHeader,
  verifyStarkEpoch,
} from '@foldbook/verifier';
import { createFile, removeDrafts, replaceFile } from './durable-file.ts';
import type { PartName } from './proof-job.ts';
import { readIfThere, type StoredKeys } from './proof-store.ts';
import { ProverError } from './prover-error.ts';

/** Of a market's folder. */
export const STARK_FOLDER = 'stark';
const GENESIS_FILE = 'genesis.fbg';
const PROOF_ENDING = '.proof';
/** Of the file of a part's proof: its epoch, first record and records. */
const PART_FILE = /^(\d+)-.*-p(\d+)\+(\d+)-[0-9a-f]+\.proof$/;

export interface StoredStarkGenesis {
  readonly genesis: StarkGenesis;
  readonly genesisFile: Uint8Array;
  readonly chainId: Uint8Array;
}

/** A part that has a proof and no epoch yet, by its records since genesis. */
export interface KeptPart {
  readonly first: number;
  readonly count: number;
}

export interface StoredStarkChain {
  readonly headers: readonly StarkHeader[];
  readonly tip: ChainState<Uint8Array>;
  /** Those at the end of the last epoch. */
  readonly rules: RuleBook;
}

export class StarkStore {
  readonly #dir: string;
  readonly #market: string;

  private constructor(dir: string, market: string) {
    this.#dir = join(dir, market, STARK_FOLDER);
    this.#market = market;
  }

  /** Opens or makes the chain's folder in the market's, and clears what a crash left. */
  static async open(dir: string, market: string): Promise<StarkStore> {
    const store = new StarkStore(dir, market);
    await makeFolder(join(store.#dir, 'epochs'));
    await makeFolder(store.#partsFolder);
    await removeDrafts(store.#dir);
    await removeDrafts(store.#partsFolder);
    return store;
  }

  /** Undefined before the market's chain was started. */
  async genesis(): Promise<StoredStarkGenesis | undefined> {
    const path = join(this.#dir, GENESIS_FILE);
    const bytes = await readIfThere(path);
    if (bytes === undefined) return undefined;
    const decoded = decodeStarkGenesis(bytes);
    if (!decoded.ok) throw this.#corrupt(`${path}: ${decoded.error.message}; restore it`);
    return { genesis: decoded.value, genesisFile: bytes, chainId: genesisHash(bytes) };
  }

  /** Starts the chain, if nobody has; its genesis, whoever did. */
  async createGenesis(genesis: StarkGenesis): Promise<StoredStarkGenesis> {
    const bytes = encodeStarkGenesis(genesis);
    if (await createFile(join(this.#dir, GENESIS_FILE), bytes)) {
      return { genesis, genesisFile: bytes, chainId: genesisHash(bytes) };
    }
    const theirs = await this.genesis();
    if (theirs === undefined) throw this.#corrupt('its genesis came and went; try again');
    return theirs;
  }

  /**
   * The operator's keys as the store has them now: a change may be put there while a prover runs.
   * @throws ProverError STORE_CORRUPT
   */
  async operatorKeys({ genesis, chainId }: StoredStarkGenesis): Promise<StoredKeys> {
    const path = join(this.#dir, KEY_CHANGES_FILE);
    const keys = readOperatorKeys(genesis, chainId, await readIfThere(path));
    if (keys.ok) return keys;
    throw this.#corrupt(`${path}: ${keys.code}: ${keys.message}; restore it`);
  }

  /**
   * The headers of the epochs kept so far, checked as verifiers do: all but records, and of the
   * proofs only the last epoch's.
   * @throws ProverError STORE_CORRUPT
   */
  async readChain(
    { genesis, chainId }: StoredStarkGenesis,
    operatorKeys: OperatorKeys,
  ): Promise<StoredStarkChain> {
    const rules = new RuleBook();
    const context = { genesis, genesisHash: chainId, operatorKeys };
    const headers: StarkHeader[] = [];
    let tip = chainStateFrom(chainId, genesis.emptyRoot);
    const count = await this.#countEpochs();
    for (let epoch = 0; epoch < count; epoch += 1) {
      const decoded = await this.#readEpoch(epoch);
      const outcome = verifyStarkEpoch(context, tip, decoded, {
        proofs: epoch === count - 1,
        rules,
      });
      if (!outcome.ok) {
        const { part, code, message } = outcome;
        throw this.#badEpoch(this.#pathOf(epoch), `${part}: ${code}: ${message}`);
      }
      headers.push(decoded.header);
      tip = outcome.state;
    }
    return { headers, tip, rules };
  }

  /**
   * Keeps a proved epoch. One that is there already stays as it is.
   * @throws ProverError STORE_CONFLICT if that has another header
   */
  async putEpoch(epoch: number, epochFile: Uint8Array): Promise<void> {
    const path = this.#pathOf(epoch);
    if (await createFile(path, epochFile, this.#dir)) return;
    const own = decodeStarkEpochFile(epochFile);
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
  async headerOf(epoch: number): Promise<StarkHeader | undefined> {
    const bytes = await readIfThere(this.#pathOf(epoch));
    const decoded = bytes && decodeStarkEpochFile(bytes);
    return decoded?.ok ? decoded.value.header : undefined;
  }

  /** How many epochs are kept, and their records, by the last header; nothing of it is checked. */
  async extent(): Promise<{ readonly epochs: number; readonly records: number }> {
    const epochs = await this.#countEpochs();
    if (epochs === 0) return { epochs, records: 0 };
    const { header } = await this.#readEpoch(epochs - 1);
    return { epochs, records: Number(header.recordFirst) + header.recordCount };
  }

  /** What an earlier run had proved of a part whose epoch is not there yet; not checked. */
  partProof(name: PartName): Promise<Uint8Array | undefined> {
    return readIfThere(this.#partPath(name));
  }

  /** The parts of an epoch that an earlier run had proved; nothing of them is checked. */
  async partsOf(epoch: number): Promise<KeptPart[]> {
    const names = await readdir(this.#partsFolder);
    return names.flatMap((name) => {
      const [of, first, count] = PART_FILE.exec(name)?.slice(1).map(Number) ?? [];
      const isOne = first !== undefined && count !== undefined && of === epoch;
      return isOne && Number.isSafeInteger(first + count) && count > 0 ? [{ first, count }] : [];
    });
  }

  /** Keeps the proof of a part: whoever starts again need not make it again. */
  async putPart(name: PartName, proof: Uint8Array): Promise<void> {
    await replaceFile(this.#partPath(name), proof, this.#partsFolder);
  }

  /** The epochs before this one are kept: proofs of their parts are in their files. */
  async clearParts(beforeEpoch: number): Promise<void> {
    for (const name of await readdir(this.#partsFolder)) {
      const isPast = Number.parseInt(name, 10) < beforeEpoch;
      if (isPast) await rm(join(this.#partsFolder, name), { force: true });
    }
  }

  /** Ids name the statement: a proof is of no other. */
  #partPath({ id, place }: PartName): string {
    return join(this.#partsFolder, `${place.epoch}-${id}${PROOF_ENDING}`);
  }

  get #partsFolder(): string {
    return join(this.#dir, 'parts');
  }

  async #countEpochs(): Promise<number> {
    const dir = join(this.#dir, 'epochs');
    const listing = listEpochs((await readdir(dir)).filter((name) => !name.startsWith('.')));
    if (!listing.ok) throw this.#corrupt(`${dir}: ${listing.code}: ${listing.message}`);
    return listing.epochs;
  }

  async #readEpoch(epoch: number): Promise<DecodedStarkEpoch> {
    const path = this.#pathOf(epoch);
    const decoded = decodeStarkEpochFile(new Uint8Array(await readFile(path)));
    if (decoded.ok) return decoded.value;
    throw this.#badEpoch(path, `${decoded.error.code}: ${decoded.error.message}`);
  }

  #pathOf(epoch: number): string {
    return join(this.#dir, 'epochs', epochFileName(epoch));
  }

  #badEpoch(path: string, what: string): ProverError {
    return this.#corrupt(
      `${path}: ${what}; restore it from a copy: whoever verifies this chain has one. It is not ` +
        'made again: its header may come out differently, and two signed headers of one epoch ' +
        'are evidence against the operator',
    );
  }

  #corrupt(message: string): ProverError {
    return new ProverError('STORE_CORRUPT', `market ${this.#market}, STARK chain: ${message}`);
  }
}
