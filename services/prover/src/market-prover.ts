// SPDX-License-Identifier: GPL-3.0-or-later
import { randomBytes } from 'node:crypto';
import { diffFilter, type EpochProved } from '@foldbook/protocol';
import type { Logger, StreamReader } from '@foldbook/runtime';
import {
  AccountTree,
  applyDelta,
  bytesToHex,
  type ChainState,
  type Creation,
  checkFees,
  EMPTY_ROOT,
  type EpochFile,
  type EpochHeader,
  encodeAccountProof,
  initialChainState,
  netDeltas,
  RULES_START,
  RuleBook,
  rulesHashAfter,
  SUPPLY_ACCOUNT,
  toBigEndian,
} from '@foldbook/verifier';
import {
  acceptedKeys,
  areInsecure,
  type ChainContext,
  type ProvingCircuits,
} from './chain-context.ts';
import { decodeDiffBatch } from './diff-record.ts';
import { proveEpoch } from './epoch-assembler.ts';
import { type ClosedEpoch, EpochBatcher } from './epoch-batcher.ts';
import { planEpoch } from './epoch-plan.ts';
import type { OperatorKey } from './operator-key.ts';
import type { ProofQueue } from './proof-queue.ts';
import { ProofStore, type StoredGenesis } from './proof-store.ts';
import { ProvedEpochs } from './proved-epochs.ts';
import { ProverError } from './prover-error.ts';
import { ProverProgress } from './prover-progress.ts';

const NONCE_BYTES = 32;

type SignedBytes = Pick<EpochFile, 'headerBytes' | 'signature'>;

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
  readonly #rules = new RuleBook();
  #rulesHash: Uint8Array = RULES_START;
  #stored: readonly EpochHeader[] = [];
  #context: ChainContext | undefined;
  #tip: ChainState | undefined;
  #storedLast: SignedBytes | undefined;
  /** The header whose new root the tree has. */
  #signed: SignedBytes | undefined;

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

  /** What an account is owed under the last proved root; undefined before there is one. */
  accountProof(account: number): Uint8Array | undefined {
    const { genesisFile } = this.#context ?? {};
    const signed = this.#signed;
    if (signed === undefined || genesisFile === undefined) return undefined;
    const open = (id: number) => ({ ...this.#tree.get(id), path: this.#tree.path(id) });
    const { headerBytes, signature } = signed;
    const leaves = { leaf: open(account), supply: open(SUPPLY_ACCOUNT) };
    return encodeAccountProof({
      ...{ genesis: genesisFile, headerBytes, signature, account },
      ...leaves,
    });
  }

  #isDone(): boolean {
    const { maxEpochs } = this.#options;
    return maxEpochs !== undefined && this.progress.epochsProved >= maxEpochs;
  }

  async #resume(store: ProofStore, stored: StoredGenesis): Promise<void> {
    const { operator, market, logger } = this.#options;
    const { genesis } = stored;
    // Of circuits that are built here, those that the chain began with.
    const circuits = this.#options.circuits.filter(({ keyDigest }) =>
      genesis.keys.some(({ digest }) => sameBytes(digest, keyDigest)),
    );
    const problem = sameBytes(genesis.operatorKey, operator.publicKey)
      ? circuits.length === genesis.keys.length
        ? undefined
        : 'other verifying keys than those of the circuits built here'
      : "another operator key than this prover's";
    if (problem !== undefined) {
      throw this.#conflict(`its genesis names ${problem}; restore these, or start a new store`);
    }
    await store.putKeys(circuits);
    const { headers, tip, last: lastFile } = await store.readChain(stored, circuits);
    this.#storedLast = lastFile;
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
    const rules = rulesHashAfter(RULES_START, [this.#creation()]);
    if (genesis.market !== market || !sameBytes(genesis.rulesHash, rules)) {
      throw this.#conflict(
        'its genesis names another market number or other fees than its stream; give the prover ' +
          'the data folder that belongs to this stream',
      );
    }
    this.#checkFees(closed);
    this.#rulesHash = rulesHashAfter(this.#rulesHash, closed.changes);
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
      rulesHash: rulesHashAfter(RULES_START, [this.#creation()]),
      keys: acceptedKeys(circuits),
    };
    const stored = await store.createGenesis(genesis, circuits);
    this.#context = { ...stored, operator, circuits };
    this.#tip = initialChainState(stored.chainId);
    const insecure = areInsecure(circuits);
    const chainId = bytesToHex(stored.chainId);
    logger.info('chain started', { market: name, chainId, keys: insecure ? 'DEVELOPMENT' : 'ok' });
    return this.#context;
  }

  /** What no verifier would take is not signed. */
  #checkFees({ epoch, recordFirst, records, changes }: ClosedEpoch): void {
    const verdict = checkFees({ recordFirst: BigInt(recordFirst), records, changes }, this.#rules);
    if (verdict.ok) return;
    throw new ProverError(
      'RECORD_INVALID',
      `market ${this.#options.market}, epoch ${epoch}: ${verdict.code}: ${verdict.message} ` +
        "(a stream of before the diffs carried changes of fees? rebuild it from the market's log)",
    );
  }

  #creation(): Creation {
    const { creation } = this.#batcher;
    if (creation !== undefined) return creation;
    throw new ProverError(
      'DIFF_GAP',
      `market ${this.#options.market}: an epoch closes before the market's creation was read`,
    );
  }

  /** An epoch that is in the store: its totals are applied, and have to lead to its root. */
  async #catchUp(store: ProofStore, stored: EpochHeader, closed: ClosedEpoch): Promise<void> {
    const { market, logger } = this.#options;
    const same =
      stored.recordFirst === BigInt(closed.recordFirst) &&
      stored.recordCount === closed.records.length &&
      stored.sequenceLast === BigInt(closed.sequenceLast) &&
      stored.stateHash === closed.stateHash &&
      sameBytes(stored.rulesHash, this.#rulesHash) &&
      sameBytes(stored.logHeadEnd, closed.logHeadEnd);
    const wrong = netDeltas(closed.records).map((delta) => applyDelta(this.#tree, delta));
    const balancesHold = wrong.every((message) => message === undefined);
    const isLast = closed.epoch === this.#stored.length - 1;
    // Hashing once at the end is enough: a root fixes every total below it.
    const rootHolds = !isLast || this.#tree.root() === stored.rootNew;
    if (same && balancesHold && rootHolds) {
      if (isLast) this.#signed = this.#storedLast;
      const { state, path } = await store.restoreRecords(closed.epoch, closed.records);
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
    const { queue, market, onProved, logger } = this.#options;
    const tip = this.#tip;
    if (tip === undefined) throw new Error('unreachable: a chain that was started has a tip');
    const startedMs = performance.now();
    this.progress.proving = true;
    try {
      // A copy: until the epoch is kept, the tree answers for the one before.
      const tree = this.#tree.fork();
      const plan = await planEpoch(context, tip, tree, closed);
      const proved = await proveEpoch(plan, {
        queue,
        onProof: (role, proveMs) => this.progress.proofMade(role, proveMs),
      });
      await store.putEpoch(closed.epoch, proved);
      this.#tip = plan.tip;
      this.#tree.adopt(tree);
      this.#signed = plan;
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
