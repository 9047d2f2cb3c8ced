// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * One market's folder: genesis.fbg, operator-keys.fbk, keys/<digest>.vk or .shape,
 * epochs/<epoch>.fbe, .fbr and .fbd. Whoever writes to it has its lock (store-lock.ts).
 */
import { join } from 'node:path';
import { makeFolder } from '@foldbook/runtime';
import {
  BackEnd,
  bytesToHex,
  type DecodedEpoch,
  decodeEpochFile,
  decodeGenesis,
  diffsFileName,
  type EpochHeader,
  encodeGenesis,
  type Genesis,
  type OperatorKeys,
  type RecordList,
  recordsFileName,
  verifyEpoch,
} from '@foldbook/verifier';
import { type ProvingCircuit, type ProvingCircuits, verifierContext } from './chain-context.ts';
import { ChainStore, readIfThere, type StoredChain, type StoredGenesisOf } from './chain-store.ts';
import { removeDrafts, replaceFile } from './durable-file.ts';
import { type EpochData, epochData, frameOf, holds, type PackedFile } from './epoch-data.ts';

const FORMATS = { encodeGenesis, decodeGenesis, decodeEpoch: decodeEpochFile };

export type StoredGenesis = StoredGenesisOf<Genesis>;

export class ProofStore extends ChainStore<Genesis, DecodedEpoch> {
  /** Data are put one after the other: two may come with those of one epoch. */
  #putting: Promise<unknown> = Promise.resolve();

  private constructor(dir: string, market: string) {
    super(join(dir, market), `market ${market}`, FORMATS);
  }

  /** Opens or makes the market's folder below `dir`, and clears what a crash left half-written. */
  static async open(dir: string, market: string): Promise<ProofStore> {
    const store = new ProofStore(dir, market);
    await makeFolder(join(store.folder, 'keys'));
    await makeFolder(store.epochsFolder);
    await removeDrafts(store.folder);
    return store;
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
    return this.putGenesis(genesis);
  }

  /** Where the key of a circuit is, once the chain has it. */
  keyFile({ backEnd, keyDigest }: ProvingCircuit): string {
    const kind = backEnd === BackEnd.FOLDING ? 'shape' : 'vk';
    return join(this.folder, 'keys', `${bytesToHex(keyDigest)}.${kind}`);
  }

  /** Keeps the verifying keys, whatever was there in their place. */
  async putKeys(circuits: ProvingCircuits): Promise<void> {
    for (const circuit of circuits) {
      const { keyBytes } = circuit;
      const path = this.keyFile(circuit);
      await replaceFile(path, keyBytes, this.folder);
    }
  }

  /** See `follow`. @throws ProverError STORE_CORRUPT */
  readChain(
    stored: StoredGenesis,
    operatorKeys: OperatorKeys,
    circuits: ProvingCircuits,
  ): Promise<StoredChain<DecodedEpoch>> {
    const context = verifierContext({ ...stored, circuits, operatorKeys });
    return this.follow(stored, (tip, epoch, checks) => verifyEpoch(context, tip, epoch, checks));
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
    const path = this.#dataPath(recordsFileName(epoch));
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

  async #has(name: string, { bytes }: PackedFile): Promise<boolean> {
    const found = await readIfThere(this.#dataPath(name));
    return found !== undefined && holds(found, bytes);
  }

  async #replace(name: string, file: PackedFile): Promise<void> {
    await replaceFile(this.#dataPath(name), await frameOf(file), this.folder);
  }

  #dataPath(name: string): string {
    return join(this.epochsFolder, name);
  }
}

export interface RestoredData {
  /** `foreign`: the header's digest is not of these records. */
  readonly state: 'kept' | 'written' | 'foreign';
  readonly path: string;
}
