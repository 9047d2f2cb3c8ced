// SPDX-License-Identifier: GPL-3.0-or-later
import { randomBytes } from 'node:crypto';
import { diffFilter, type EpochProved } from '@foldbook/protocol';
import type { Logger, StreamReader } from '@foldbook/runtime';
import {
  AccountTree,
  applyDelta,
  bytesToHex,
  type ChainState,
  EMPTY_ROOT,
  type EpochHeader,
  initialChainState,
  netDeltas,
  toBigEndian,
} from '@foldbook/verifier';
import type { ChainContext, ProvingCircuits } from './chain-context.ts';
import { decodeDiffBatch } from './diff-record.ts';
import { proveEpoch } from './epoch-assembler.ts';
import { type ClosedEpoch, EpochBatcher, type MarketFees } from './epoch-batcher.ts';
import { planEpoch } from './epoch-plan.ts';
import type { OperatorKey } from './operator-key.ts';
import type { ProofQueue } from './proof-queue.ts';
import { ProofStore, type StoredGenesis } from './proof-store.ts';
import { ProvedEpochs } from './proved-epochs.ts';
import { ProverError } from './prover-error.ts';
import { ProverProgress } from './prover-progress.ts';
import { rulesHash } from './rules-hash.ts';

const NONCE_BYTES = 32;

export interface MarketProverOptions {
  readonly market: string;
  readonly reader: StreamReader;
  readonly queue: ProofQueue;
  readonly circuits: ProvingCircuits;
  readonly operator: OperatorKey;
  /** Folder that holds the stores of all markets. */
  readonly storeDir: string;
  readonly logger: Logger;
  readonly onProved: (proved: EpochProved) => void;
  /** Ends the run once so many epochs are in the store. */
  readonly maxEpochs?: number | undefined;
}

/**
 * Proves one market's epochs, one after the other. It reads the stream only as fast as it proves,
 * so that a backlog stays in the stream and not in memory. Every start reads the stream from its
 * beginning: the accounts' totals of the epochs in the store are rebuilt, not trusted.
 */
export class MarketProver {
  readonly progress: ProverProgress;
  readonly proved: ProvedEpochs;
  readonly #options: MarketProverOptions;
  readonly #batcher: EpochBatcher;
  readonly #tree = new AccountTree();
  #stored: readonly EpochHeader[] = [];
  #context: ChainContext | undefined;
  #tip: ChainState | undefined;

  constructor(options: MarketProverOptions) {
    this.#options = options;
    this.progress = new ProverProgress(options.market);
    this.proved = new ProvedEpochs(options.market);
    this.#batcher = new EpochBatcher(options.market);
  }

  /**
   * Runs until `signal` or `maxEpochs`.
   * @throws ProverError when this market cannot be proved any further
   */
  async run(signal: AbortSignal): Promise<void> {
    const { market, reader, storeDir } = this.#options;
    const store = await ProofStore.open(storeDir, market);
    const genesis = await store.genesis();
    if (genesis !== undefined) await this.#resume(store, genesis);
    if (this.#isDone()) return;
    const filter = diffFilter(market);
    for await (const record of reader.read({ fromSequence: 1, filter, follow: true, signal })) {
      const decoded = decodeDiffBatch(record.payload);
      if (!decoded.ok) {
        throw new ProverError(
          'DIFF_MALFORMED',
          `market ${market}: stream record ${record.sequence}, byte ${decoded.offset}: ` +
            `${decoded.name}: ${decoded.detail}`,
        );
      }
      for (const diff of decoded.value.records) {
        const closed = this.#batcher.push(diff);
        if (closed === undefined) continue;
        await this.#take(store, decoded.value.market, closed);
        if (signal.aborted || this.#isDone()) return;
      }
    }
  }

  #isDone(): boolean {
    const { maxEpochs } = this.#options;
    return maxEpochs !== undefined && this.progress.epochsProved >= maxEpochs;
  }

  async #resume(store: ProofStore, stored: StoredGenesis): Promise<void> {
    const { operator, circuits, market, logger } = this.#options;
    const { genesis } = stored;
    const problem = sameBytes(genesis.operatorKey, operator.publicKey)
      ? sameBytes(genesis.batchVkDigest, circuits.batch.keyDigest) &&
        sameBytes(genesis.accountVkDigest, circuits.accounts.keyDigest)
        ? undefined
        : 'other verifying keys than those of the circuits built here'
      : "another operator key than this prover's";
    if (problem !== undefined) {
      throw this.#conflict(`its genesis names ${problem}; restore these, or start a new store`);
    }
    await store.putKeys([circuits.batch, circuits.accounts]);
    const { headers, tip } = await store.readChain(stored, circuits);
    this.#context = { ...stored, operator, circuits };
    this.#stored = headers;
    this.#tip = tip;
    for (const header of headers) this.proved.addStored(header);
    const last = headers.at(-1);
    if (last === undefined) return;
    const records = Number(last.recordFirst) + last.recordCount;
    this.progress.resumed(headers.length, records);
    logger.info('store found', { market, epochs: headers.length, records });
  }

  async #take(store: ProofStore, market: number, closed: ClosedEpoch): Promise<void> {
    this.progress.closed(closed.epoch + 1, closed.recordFirst + closed.records.length);
    const context = this.#context ?? (await this.#start(store, market));
    const { genesis } = context;
    const rules = rulesHash(market, this.#fees());
    if (genesis.market !== market || !sameBytes(genesis.rulesHash, rules)) {
      throw this.#conflict(
        'its genesis names another market number or other fees than its stream; give the prover ' +
          'the data folder that belongs to this stream',
      );
    }
    const stored = this.#stored[closed.epoch];
    if (stored === undefined) await this.#prove(store, context, closed);
    else await this.#catchUp(store, stored, closed);
  }

  /** Makes the genesis, when the market's first epoch has closed. */
  async #start(store: ProofStore, market: number): Promise<ChainContext> {
    const { operator, circuits, market: name, logger } = this.#options;
    const genesis = {
      market,
      name,
      nonce: Uint8Array.from(randomBytes(NONCE_BYTES)),
      operatorKey: operator.publicKey,
      emptyRoot: EMPTY_ROOT,
      rulesHash: rulesHash(market, this.#fees()),
      batchVkDigest: circuits.batch.keyDigest,
      accountVkDigest: circuits.accounts.keyDigest,
    };
    const stored = await store.createGenesis(genesis, [circuits.batch, circuits.accounts]);
    this.#context = { ...stored, operator, circuits };
    this.#tip = initialChainState(stored.chainId);
    const insecure = circuits.batch.key.insecure || circuits.accounts.key.insecure;
    const chainId = bytesToHex(stored.chainId);
    logger.info('chain started', { market: name, chainId, keys: insecure ? 'DEVELOPMENT' : 'ok' });
    return this.#context;
  }

  #fees(): MarketFees {
    const { fees } = this.#batcher;
    if (fees !== undefined) return fees;
    throw new ProverError(
      'DIFF_GAP',
      `market ${this.#options.market}: an epoch closes before the market's creation was read`,
    );
  }

  /** An epoch that is in the store: its totals are applied, and have to lead to its root. */
  async #catchUp(store: ProofStore, stored: EpochHeader, closed: ClosedEpoch): Promise<void> {
    const { circuits, market, logger } = this.#options;
    const same =
      stored.recordFirst === BigInt(closed.recordFirst) &&
      stored.recordCount === closed.records.length &&
      stored.sequenceLast === BigInt(closed.sequenceLast) &&
      stored.stateHash === closed.stateHash &&
      sameBytes(stored.logHeadEnd, closed.logHeadEnd);
    const wrong = netDeltas(closed.records).map((delta) => applyDelta(this.#tree, delta));
    const balancesHold = wrong.every((message) => message === undefined);
    const isLast = closed.epoch === this.#stored.length - 1;
    // Hashing once at the end is enough: a root fixes every total below it.
    const rootHolds = !isLast || this.#tree.root() === stored.rootNew;
    if (same && balancesHold && rootHolds) {
      const { size } = circuits.batch;
      const { state, path } = await store.restoreRecords(closed.epoch, closed.records, size);
      if (state === 'kept') return;
      if (state === 'written') {
        logger.warn('records file was missing or damaged, written again', { market, path });
        return;
      }
    }
    throw this.#conflict(
      `epoch ${closed.epoch} in its store is not the one of its stream; ` +
        'give the prover the data folder that belongs to this stream',
    );
  }

  async #prove(store: ProofStore, context: ChainContext, closed: ClosedEpoch): Promise<void> {
    const { queue, circuits, market, onProved, logger } = this.#options;
    const tip = this.#tip;
    if (tip === undefined) throw new Error('unreachable: a chain that was started has a tip');
    const startedMs = performance.now();
    this.progress.proving = true;
    try {
      const plan = await planEpoch(context, tip, this.#tree, closed);
      const proved = await proveEpoch(plan, {
        queue,
        circuits,
        onProof: (role, proveMs) => this.progress.proofMade(role, proveMs),
      });
      await store.putEpoch(closed.epoch, proved);
      this.#tip = plan.tip;
      const recordCount = closed.records.length;
      this.progress.proved(closed.epoch + 1, closed.recordFirst + recordCount);
      const ms = Math.round(performance.now() - startedMs);
      logger.info('epoch proved', { market, epoch: closed.epoch, recordCount, ms });
      const { sequenceFirst, sequenceLast } = closed;
      const entry = {
        sequenceFirst,
        sequenceLast,
        headerHash: bytesToHex(plan.tip.previousHash),
        rootNew: bytesToHex(toBigEndian(plan.tip.root)),
        recordCount,
      };
      this.proved.add(entry);
      onProved({ market, epoch: closed.epoch, ...entry, proofs: proved.proofs, ms });
    } finally {
      this.progress.proving = false;
    }
  }

  #conflict(what: string): ProverError {
    return new ProverError('STORE_CONFLICT', `market ${this.#options.market}: ${what}`);
  }
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
