// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What the folders of a market's chains have alike: genesis.fbg, operator-keys.fbk and
 * epochs/<epoch>.fbe. Whoever writes to one has its lock (store-lock.ts).
 */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ByteSource,
  bytesToHex,
  type ChainState,
  chainStateFrom,
  type Decoded,
  epochFileName,
  type GenesisFields,
  genesisHash,
  type HeadedEpoch,
  headerHash,
  KEY_CHANGES_FILE,
  type KeyChange,
  listEpochs,
  type OperatorKeys,
  RuleBook,
  readOperatorKeys,
  type SignedEpoch,
} from '@foldbook/verifier';
import { createFile, isCode } from './durable-file.ts';
import { readPieces } from './file-pieces.ts';
import { ProverError } from './prover-error.ts';

const GENESIS_FILE = 'genesis.fbg';
/** What `readFile` reads at most: a longer file is for no verifier, and none of a prover. */
const WHOLE_BYTES_MAX = 2 ** 31 - 1;

export interface StoredGenesisOf<G extends GenesisFields> {
  readonly genesis: G;
  readonly genesisFile: Uint8Array;
  /** Hash of the genesis file. */
  readonly chainId: Uint8Array;
}

/** The operator's keys, and the changes that lead to them. */
export interface StoredKeys extends OperatorKeys {
  readonly changes: readonly KeyChange[];
}

/** A header, and the operator's signature of it. */
export type SignedBytes = Pick<SignedEpoch, 'headerBytes' | 'signature'>;

/** What names the balances in an epoch's header. */
export type RootOf<E extends HeadedEpoch> = E['header']['rootNew'];

/** The genesis of a chain of such epochs. */
export type GenesisOf<E extends HeadedEpoch> = GenesisFields & { readonly emptyRoot: RootOf<E> };

export interface StoredChain<E extends HeadedEpoch> {
  /** Of the epochs kept so far, in order. */
  readonly headers: readonly E['header'][];
  readonly tip: ChainState<RootOf<E>>;
  /** Those at the end of the last epoch. */
  readonly rules: RuleBook;
  /** The last epoch. */
  readonly last: SignedBytes | undefined;
}

export interface ChainFormats<G, E> {
  readonly encodeGenesis: (genesis: G) => Uint8Array;
  readonly decodeGenesis: (bytes: Uint8Array) => Decoded<G>;
  readonly decodeEpoch: (bytes: Uint8Array) => Decoded<E>;
  /**
   * An epoch as it is decoded but for its proofs, which it does not read; undefined for a file
   * that `decodeEpoch` refuses. Absent where proofs are too small to be passed over.
   */
  readonly readHead?: (file: ByteSource) => Promise<E | undefined>;
}

type Followed<Root> =
  | { readonly ok: true; readonly state: ChainState<Root> }
  | { readonly ok: false; readonly part: string; readonly code: string; readonly message: string };

export class ChainStore<G extends GenesisOf<E>, E extends HeadedEpoch> {
  protected readonly folder: string;
  readonly #title: string;
  readonly #formats: ChainFormats<G, E>;

  /** @param title - of the chain, in messages */
  protected constructor(folder: string, title: string, formats: ChainFormats<G, E>) {
    this.folder = folder;
    this.#title = title;
    this.#formats = formats;
  }

  /**
   * Undefined before the market's chain was started.
   * @throws ProverError STORE_CORRUPT, also where epochs are there without it
   */
  async genesis(): Promise<StoredGenesisOf<G> | undefined> {
    const path = join(this.folder, GENESIS_FILE);
    const bytes = await readIfThere(path);
    if (bytes === undefined) {
      // A new genesis would stand in the way of the one that these epochs follow from.
      if ((await this.#countEpochs()) === 0) return undefined;
      const copy = 'restore it from a copy: whoever verifies this chain has one';
      throw this.#corrupt(`${path} is not there, but epochs are; ${copy}`);
    }
    const decoded = this.#formats.decodeGenesis(bytes);
    if (!decoded.ok) throw this.#corrupt(`${path}: ${decoded.error.message}; restore it`);
    return { genesis: decoded.value, genesisFile: bytes, chainId: genesisHash(bytes) };
  }

  /** Starts the chain; undefined if another prover has just done so: then its genesis is there. */
  async putGenesis(genesis: G): Promise<StoredGenesisOf<G> | undefined> {
    const path = join(this.folder, GENESIS_FILE);
    const bytes = this.#formats.encodeGenesis(genesis);
    const isOurs = await createFile(path, bytes);
    return isOurs ? { genesis, genesisFile: bytes, chainId: genesisHash(bytes) } : undefined;
  }

  /**
   * The operator's keys as the store has them now: a change may be put there while a prover runs.
   * @throws ProverError STORE_CORRUPT
   */
  async operatorKeys({ genesis, chainId }: StoredGenesisOf<G>): Promise<StoredKeys> {
    const path = join(this.folder, KEY_CHANGES_FILE);
    const keys = readOperatorKeys(genesis, chainId, await readIfThere(path));
    if (keys.ok) return keys;
    throw this.#corrupt(`${path}: ${keys.code}: ${keys.message}; restore it`);
  }

  /**
   * Reads the chain, and has it checked as verifiers do, so that nothing is proved on top of what
   * they refuse: all but records, and of the proofs only the last epoch's, since each takes
   * milliseconds, and a STARK's has hundreds of kilobytes to be read. `restoreData` sees to the
   * records.
   * @throws ProverError STORE_CORRUPT
   */
  protected async follow(
    { genesis, chainId }: StoredGenesisOf<G>,
    verify: (
      tip: ChainState<RootOf<E>>,
      epoch: E,
      checks: { readonly proofs: boolean; readonly rules: RuleBook },
    ) => Followed<RootOf<E>>,
  ): Promise<StoredChain<E>> {
    const rules = new RuleBook();
    const headers: E['header'][] = [];
    let tip = chainStateFrom<RootOf<E>>(chainId, genesis.emptyRoot);
    let last: SignedBytes | undefined;
    const count = await this.#countEpochs();
    for (let epoch = 0; epoch < count; epoch += 1) {
      const proofs = epoch === count - 1;
      const decoded = await this.#sound(epoch, proofs ? this.#decode(epoch) : this.#head(epoch));
      const outcome = verify(tip, decoded, { proofs, rules });
      if (!outcome.ok) {
        const { part, code, message } = outcome;
        throw this.#badEpoch(this.#pathOf(epoch), `${part}: ${code}: ${message}`);
      }
      headers.push(decoded.header);
      last = { headerBytes: decoded.headerBytes, signature: decoded.signature };
      tip = outcome.state;
    }
    return { headers, tip, rules, last };
  }

  /**
   * Keeps a proved epoch, whose data are there. One that is there already stays as it is.
   * @throws ProverError STORE_CONFLICT if that has another header
   */
  async putEpoch(epoch: number, epochFile: Uint8Array): Promise<void> {
    const path = this.#pathOf(epoch);
    if (await createFile(path, epochFile, this.folder)) return;
    const own = this.#formats.decodeEpoch(epochFile);
    assert(own.ok, 'an epoch is what this prover encoded');
    const theirs = await this.#sound(epoch, this.#head(epoch));
    const [theirHash, ownHash] = [theirs, own.value].map(({ headerBytes }) =>
      bytesToHex(headerHash(headerBytes)),
    );
    if (theirHash === ownHash) return;
    throw this.conflict(
      `${path} has another header (${theirHash}) than this prover made ` +
        `(${ownHash}): another one is at work on this store, or was; what is there stays, since ` +
        'two signed headers of one epoch are evidence against the operator. Look for that prover',
    );
  }

  /** The header of an epoch as far as the store has one that can be read. */
  async headerOf(epoch: number): Promise<E['header'] | undefined> {
    const decoded = await ifThere(this.#head(epoch));
    return decoded?.ok ? decoded.value.header : undefined;
  }

  /** How many epochs are kept, and their records, by the last header; nothing of it is checked. */
  async extent(): Promise<{ readonly epochs: number; readonly records: number }> {
    const epochs = await this.#countEpochs();
    if (epochs === 0) return { epochs, records: 0 };
    const { header } = await this.#sound(epochs - 1, this.#head(epochs - 1));
    return { epochs, records: Number(header.recordFirst) + header.recordCount };
  }

  /** What can't be of this chain, in words. */
  conflict(what: string): ProverError {
    return new ProverError('STORE_CONFLICT', `${this.#title}: ${what}`);
  }

  protected get epochsFolder(): string {
    return join(this.folder, 'epochs');
  }

  async #countEpochs(): Promise<number> {
    const dir = this.epochsFolder;
    const listing = listEpochs((await readdir(dir)).filter((name) => !name.startsWith('.')));
    if (!listing.ok) throw this.#corrupt(`${dir}: ${listing.code}: ${listing.message}`);
    return listing.epochs;
  }

  async #decode(epoch: number): Promise<Decoded<E>> {
    try {
      return this.#formats.decodeEpoch(new Uint8Array(await readFile(this.#pathOf(epoch))));
    } catch (error) {
      if (!isCode(error, 'ERR_FS_FILE_TOO_LARGE')) throw error;
      const message = 'the epoch file is longer than any that is read whole';
      const offset = WHOLE_BYTES_MAX;
      return { ok: false, error: { code: 'EPOCH_FILE_FORMAT', message, offset } };
    }
  }

  /** Nobody is to look at its proofs: they may be empty. What is wrong is told as by `#decode`. */
  async #head(epoch: number): Promise<Decoded<E>> {
    const { readHead } = this.#formats;
    const read = async (file: ByteSource) =>
      file.length > WHOLE_BYTES_MAX ? undefined : readHead?.(file);
    const head = readHead && (await readPieces(this.#pathOf(epoch), read));
    return head === undefined ? this.#decode(epoch) : { ok: true, value: head };
  }

  async #sound(epoch: number, decoding: Promise<Decoded<E>>): Promise<E> {
    const decoded = await decoding;
    if (decoded.ok) return decoded.value;
    throw this.#badEpoch(this.#pathOf(epoch), `${decoded.error.code}: ${decoded.error.message}`);
  }

  #pathOf(epoch: number): string {
    return join(this.epochsFolder, epochFileName(epoch));
  }

  #badEpoch(path: string, what: string): ProverError {
    return this.#corrupt(
      `${path}: ${what}; restore it from a copy: whoever verifies this chain has one. It is not ` +
        'made again: its header may come out differently, and two signed headers of one epoch ' +
        'are evidence against the operator',
    );
  }

  #corrupt(message: string): ProverError {
    return new ProverError('STORE_CORRUPT', `${this.#title}: ${message}`);
  }
}

export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  const bytes = await ifThere(readFile(path));
  return bytes && new Uint8Array(bytes);
}

async function ifThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
