// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The STARK chain in a market's folder: stark/genesis.fbg, stark/operator-keys.fbk,
 * stark/epochs/<epoch>.fbe, and in stark/parts proofs whose epoch is not there yet. Its records are
 * the market's (proof-store.ts). Whoever writes to it has its lock (store-lock.ts).
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '@foldbook/runtime';
import {
  type DecodedStarkEpoch,
  decodeStarkEpochFile,
  decodeStarkGenesis,
  encodeStarkGenesis,
  type OperatorKeys,
  readStarkEpochHead,
  type StarkGenesis,
  verifyStarkEpoch,
} from '@foldbook/verifier';
import { ChainStore, readIfThere, type StoredChain, type StoredGenesisOf } from './chain-store.ts';
import { removeDrafts, replaceFile } from './durable-file.ts';
import type { PartName } from './proof-job.ts';

/** Of a market's folder. */
export const STARK_FOLDER = 'stark';
/** In messages. */
export const STARK_NAME = 'STARK chain';
const PROOF_ENDING = '.proof';
/** Of the file of a part's proof: its epoch, first record and records. */
const PART_FILE = /^(\d+)-.*-p(\d+)\+(\d+)-[0-9a-f]+\.proof$/;
const FORMATS = {
  encodeGenesis: encodeStarkGenesis,
  decodeGenesis: decodeStarkGenesis,
  decodeEpoch: decodeStarkEpochFile,
  readHead: readStarkEpochHead,
};

export type StoredStarkGenesis = StoredGenesisOf<StarkGenesis>;

/** A part that has a proof and no epoch yet, by its records since genesis. */
export interface KeptPart {
  readonly first: number;
  readonly count: number;
}

export class StarkStore extends ChainStore<StarkGenesis, DecodedStarkEpoch> {
  private constructor(dir: string, market: string) {
    super(join(dir, market, STARK_FOLDER), `market ${market}, ${STARK_NAME}`, FORMATS);
  }

  /** Opens or makes the chain's folder in the market's, and clears what a crash left. */
  static async open(dir: string, market: string): Promise<StarkStore> {
    const store = new StarkStore(dir, market);
    await makeFolder(store.epochsFolder);
    await makeFolder(store.#partsFolder);
    await removeDrafts(store.folder);
    await removeDrafts(store.#partsFolder);
    return store;
  }

  /** See `follow`. @throws ProverError STORE_CORRUPT */
  readChain(
    stored: StoredStarkGenesis,
    operatorKeys: OperatorKeys,
  ): Promise<StoredChain<DecodedStarkEpoch>> {
    const { genesis, chainId: genesisHash } = stored;
    const context = { genesis, genesisHash, operatorKeys };
    return this.follow(stored, (tip, epoch, checks) =>
      verifyStarkEpoch(context, tip, epoch, checks),
    );
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
    return join(this.folder, 'parts');
  }
}
