// SPDX-License-Identifier: GPL-3.0-or-later
import { randomBytes } from 'node:crypto';
import {
  bytesToHex,
  type Creation,
  type HeadedEpoch,
  type KeyChange,
  RULES_START,
  RuleBook,
  rulesHashAfter,
} from '@foldbook/verifier';
import type { ChainProverOptions } from './chain-prover.ts';
import type { ChainSide, PlannedOnChain, SignedState } from './chain-side.ts';
import type {
  GenesisOf,
  RootOf,
  SignedBytes,
  StoredChain,
  StoredGenesisOf,
  StoredKeys,
} from './chain-store.ts';
import type { MarketEpoch } from './closed-epochs.ts';
import type { ClosedEpoch } from './epoch-batcher.ts';
import { checkSigner, sameBytes } from './operator-key.ts';
import type { ProvedEpochs } from './proved-epochs.ts';
import type { ProverProgress } from './prover-progress.ts';
import { isGenesisOf, isHeaderOf } from './stream-match.ts';
import { checkEpochFees } from './stream-rules.ts';

const NONCE_BYTES = 32;

export interface ChainTrackerOptions<Side>
  extends Pick<ChainProverOptions, 'market' | 'operator' | 'logger' | 'maxEpochs'> {
  readonly side: Side;
  /** Of the chain, in the log, where it is not the Poseidon chain. */
  readonly name: string | undefined;
  readonly progress: ProverProgress;
  readonly proved: ProvedEpochs;
}

/** A chain as it is in its store, held against the stream that it is to be of. */
export class ChainTracker<
  G extends GenesisOf<E>,
  E extends HeadedEpoch,
  P extends PlannedOnChain<RootOf<E>>,
> {
  /** Epochs that are stored or planned. */
  epochs = 0;
  readonly #options: ChainTrackerOptions<ChainSide<G, E, P>>;
  readonly #side: ChainSide<G, E, P>;
  readonly #rules = new RuleBook();
  #rulesHash: Uint8Array = RULES_START;
  #begun: StoredGenesisOf<G> | undefined;
  /** As long as the stream has not led to the last of them. */
  #stored: readonly E['header'][] = [];
  #storedLast: SignedBytes | undefined;
  /** Of the operator's key, as the store had them last. */
  #keyChanges: readonly KeyChange[] = [];
  /** Of the epoch at whose end the side's accounts are. */
  #signed: SignedBytes | undefined;
  #isClosed = false;

  constructor(options: ChainTrackerOptions<ChainSide<G, E, P>>) {
    this.#options = options;
    this.#side = options.side;
  }

  /** The last epoch that the accounts have come to. */
  get signed(): SignedState | undefined {
    const { genesisFile } = this.#begun ?? {};
    if (this.#signed === undefined || genesisFile === undefined) return undefined;
    const { headerBytes, signature } = this.#signed;
    return { genesisFile, keyChanges: this.#keyChanges, headerBytes, signature };
  }

  /** The accounts are at the end of an epoch that was kept. */
  moveTo({ headerBytes, signature }: SignedBytes): void {
    this.#signed = { headerBytes, signature };
  }

  /** Gives back what the accounts are kept in. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#signed = undefined;
    this.#side.close?.();
  }

  /**
   * Reads a chain that was begun.
   * @throws ProverError STORE_CORRUPT; STORE_CONFLICT for what this prover can't go on with
   */
  async resume(stored: StoredGenesisOf<G>): Promise<void> {
    const { operator, market, logger, name = 'store' } = this.#options;
    const keys = await this.#side.store.operatorKeys(stored);
    if (!keys.terms.some(({ key }) => sameBytes(key, operator.publicKey))) {
      const theirs = bytesToHex(keys.terms.at(-1)?.key ?? stored.genesis.operatorKey);
      throw this.#side.store.conflict(
        "it has another operator key than this prover's, and no change to that one: it has " +
          `${theirs}, this prover ${bytesToHex(operator.publicKey)}; start it again with the ` +
          'file of that key (operatorKeyFile), restore the changes, or start a new store',
      );
    }
    const chain = await this.#side.resume(stored, keys);
    const { headers, last } = chain;
    const epochs = headers.length;
    this.#keyChanges = keys.changes;
    const { maxEpochs = Number.POSITIVE_INFINITY } = this.#options;
    if (epochs < maxEpochs) checkSigner(market, keys, operator, epochs);
    this.#begun = stored;
    this.#stored = headers;
    this.#storedLast = last;
    this.epochs = epochs;
    this.#tell(chain);
    const header = headers.at(-1);
    if (header === undefined) return;
    const records = Number(header.recordFirst) + header.recordCount;
    this.#options.progress.resumed(epochs, records);
    logger.info(`${name} found`, { market, epochs, records });
  }

  #tell({ headers, tip }: StoredChain<E>): void {
    for (const [epoch, header] of headers.entries()) {
      // Each header has the hash of the one before it.
      const hash = headers[epoch + 1]?.previous ?? tip.previousHash;
      this.#options.proved.add({
        sequenceFirst: Number(header.sequenceFirst),
        sequenceLast: Number(header.sequenceLast),
        headerHash: bytesToHex(hash),
        rootNew: bytesToHex(this.#side.rootBytes(header.rootNew)),
        recordCount: header.recordCount,
      });
    }
  }

  /**
   * Whether the next epoch of the stream is to be proved: it is not in the store, and belongs to
   * its chain, which begins when the first epoch has closed.
   */
  async meet({ marketNumber, closed }: MarketEpoch, creation: Creation): Promise<boolean> {
    const { market, progress } = this.#options;
    progress.closed(closed.epoch + 1, closed.recordFirst + closed.records.length);
    const { genesis } = this.#begun ?? (await this.#start(marketNumber, creation));
    if (!isGenesisOf(genesis, marketNumber, creation)) {
      throw this.#side.store.conflict(
        'its genesis names another market number or other fees than its stream; give the prover ' +
          'the data folder that belongs to this stream',
      );
    }
    checkEpochFees(market, closed, this.#rules);
    this.#rulesHash = rulesHashAfter(this.#rulesHash, closed.changes);
    const stored = this.#stored[closed.epoch];
    if (stored !== undefined) await this.#catchUp(stored, closed);
    return stored === undefined;
  }

  async #start(marketNumber: number, creation: Creation): Promise<StoredGenesisOf<G>> {
    const { operator, market, logger, name = 'chain' } = this.#options;
    const side = this.#side;
    const started = await side.start({
      ...{ market: marketNumber, name: market, operatorKey: operator.publicKey },
      nonce: Uint8Array.from(randomBytes(NONCE_BYTES)),
      rulesHash: rulesHashAfter(RULES_START, [creation]),
    });
    // Another prover may have been faster: this one goes on with its chain.
    const stored = started ?? (await side.store.genesis());
    if (stored === undefined)
      throw this.#side.store.conflict('its genesis came and went; try again');
    await this.resume(stored);
    if (started !== undefined) {
      const keys = side.devKeys ? 'DEVELOPMENT' : 'ok';
      const chainId = bytesToHex(stored.chainId);
      logger.info(`${name} started`, { market, chainId, keys });
    }
    return stored;
  }

  /** An epoch that is in the store: its records are applied, and have to lead to its root. */
  async #catchUp(stored: E['header'], closed: ClosedEpoch): Promise<void> {
    const { market, logger } = this.#options;
    const side = this.#side;
    const same = isHeaderOf(stored, closed) && sameBytes(stored.rulesHash, this.#rulesHash);
    const balancesHold = same && side.apply(closed);
    const isLast = closed.epoch === this.#stored.length - 1;
    // Once at the end is enough: a root fixes every balance below it.
    if (balancesHold && (!isLast || (await side.isAt(stored)))) {
      if (isLast) this.#signed = this.#storedLast;
      // Headers of a long chain would only lie there from now on.
      if (isLast) this.#stored = [];
      const { state, path } = await side.data.restoreData(stored, closed.records);
      if (state === 'kept') return;
      if (state === 'written') {
        logger.warn('data were missing or damaged, written again', { market, path });
        return;
      }
    }
    throw this.#side.store.conflict(
      `epoch ${closed.epoch} in its store is not the one of its stream; ` +
        'give the prover the data folder that belongs to this stream',
    );
  }

  /** Nothing is signed, and nothing kept, by a key that was changed by then. */
  async signerKeys(epoch: number): Promise<StoredKeys> {
    const { market, operator } = this.#options;
    if (this.#begun === undefined) throw new Error('unreachable: its first epoch starts the chain');
    const keys = await this.#side.store.operatorKeys(this.#begun);
    checkSigner(market, keys, operator, epoch);
    this.#keyChanges = keys.changes;
    return keys;
  }
}
