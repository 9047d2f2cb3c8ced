// SPDX-License-Identifier: GPL-3.0-or-later
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { EpochProved, EpochPublished } from '@foldbook/protocol';
import { type Logger, StreamError, type StreamReader } from '@foldbook/runtime';
import {
  AccountTree,
  applyDelta,
  bytesToHex,
  EMPTY_ROOT,
  type EpochFile,
  type EpochHeader,
  encodeAccountProof,
  initialChainState,
  type KeyChange,
  netDeltas,
  type OperatorKeys,
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
  type FindCircuit,
  type ProvingCircuit,
  type ProvingCircuits,
} from './chain-context.ts';
import { closedEpochs } from './closed-epochs.ts';
import { DataPublisher } from './data-publisher.ts';
import { type ProvedEpoch, proveEpoch } from './epoch-assembler.ts';
import { type ClosedEpoch, EpochBatcher } from './epoch-batcher.ts';
import { EpochFolding } from './epoch-folding.ts';
import { EpochPlanner, type PlannedOnTree } from './epoch-planner.ts';
import { EpochPlans } from './epoch-plans.ts';
import type { FoldMaker } from './fold/fold-pool.ts';
import type { JobTurns } from './job-turns.ts';
import type { MarketRouting } from './market-routing.ts';
import { checkSigner, type OperatorKey, sameBytes } from './operator-key.ts';
import { PagedCells } from './paged-cells.ts';
import { passingError } from './passing-error.ts';
import type { ProofQueue } from './proof-queue.ts';
import { ProofStore, type StoredGenesis } from './proof-store.ts';
import { ProvedEpochs } from './proved-epochs.ts';
import { ProverError } from './prover-error.ts';
import { ProverProgress } from './prover-progress.ts';
import { type LineTools, ProvingLine } from './proving-line.ts';
import { SetAside } from './set-aside.ts';
import { StoreLock } from './store-lock.ts';
import { untilWritten } from './store-patience.ts';
import { isGenesisOf, isHeaderOf } from './stream-match.ts';
import { checkEpochFees, creationOf } from './stream-rules.ts';

const NONCE_BYTES = 32;
const DEFAULT_AHEAD = 4;
/** Of the account tree in memory: the pages of a million accounts that are alike. */
const DEFAULT_TREE_BYTES = 64 * 2 ** 20;

type SignedBytes = Pick<EpochFile, 'headerBytes' | 'signature'>;

export interface MarketProverOptions {
  readonly market: string;
  readonly reader: StreamReader;
  readonly queue: ProofQueue;
  /** At the workers behind the queue: of all markets that use it. */
  readonly turns: JobTurns;
  /** Those that a new chain begins with. */
  readonly circuits: ProvingCircuits;
  /** Others that can be proved here: a chain that began with them goes on. */
  readonly findCircuit?: FindCircuit | undefined;
  /** Folds what is proved by folding; without it nothing is, whatever the chain has keys for. */
  readonly folds?: FoldMaker | undefined;
  /** At the threads that fold. Default: they are the queue's workers. */
  readonly foldTurns?: JobTurns | undefined;
  readonly operator: OperatorKey;
  /** Folder that holds the stores of all markets. */
  readonly storeDir: string;
  readonly logger: Logger;
  /** Told of each epoch whose data come into the store, which is before it is proved. */
  readonly onPublished: (published: EpochPublished) => void;
  readonly onProved: (proved: EpochProved) => void;
  /** Chooses the circuits of an epoch's proofs; without it the largest that are filled. */
  readonly routing?: MarketRouting | undefined;
  /** Ends the run once so many epochs are in the store. */
  readonly maxEpochs?: number | undefined;
  /** Epochs that are proved at a time, the next one to be kept among them. Default 4. */
  readonly aheadEpochs?: number | undefined;
  /** Of the account tree, what may be in memory; the rest is in a file. Default 64 MiB. */
  readonly treeBytes?: number | undefined;
  /** How often proofs that were set aside are looked for. Default 1,000 ms. */
  readonly lookMs?: number | undefined;
}

/** A market's store while it is this prover's. */
interface OwnStore {
  readonly lock: StoreLock;
  readonly store: ProofStore;
  readonly plans: EpochPlans;
}

/**
 * Proves one market's epochs, a few at a time, and keeps them in order. It reads the stream only as
 * fast as it proves, so that a backlog stays in the stream and not in memory. Every start reads the
 * stream from its beginning: the accounts' totals of the epochs in the store are rebuilt, not
 * trusted.
 */
export class MarketProver {
  readonly market: string;
  readonly progress: ProverProgress;
  readonly proved: ProvedEpochs;
  readonly #options: MarketProverOptions;
  readonly #batcher: EpochBatcher;
  readonly #planner: EpochPlanner;
  #tree = new AccountTree();
  #cells: PagedCells | undefined;
  readonly #rules = new RuleBook();
  #rulesHash: Uint8Array = RULES_START;
  #stored: readonly EpochHeader[] = [];
  #context: ChainContext | undefined;
  #storedLast: SignedBytes | undefined;
  /** Of the operator's key, as the store had them last. */
  #keyChanges: readonly KeyChange[] = [];
  /** The header whose new root the tree has. */
  #signed: SignedBytes | undefined;
  /** Publishes the data of epochs that wait for their proofs. */
  #publishing: Promise<void> | undefined;

  constructor(options: MarketProverOptions) {
    this.#options = options;
    this.market = options.market;
    this.progress = new ProverProgress(options.market);
    this.proved = new ProvedEpochs(options.market);
    this.#batcher = new EpochBatcher(options.market);
    const { market, routing, folds } = options;
    const { progress } = this;
    this.#planner = new EpochPlanner({ market, routing, progress, folds: folds !== undefined });
  }

  /**
   * Runs until `signal` or `maxEpochs`. Data of epochs are published until then even if proving
   * ends sooner, with an error. The store is this prover's as long as either goes on.
   * @throws ProverError when this market cannot be proved any further; what `passingError` knows
   *   has passed by a later run
   */
  async run(signal: AbortSignal): Promise<void> {
    const { market, storeDir } = this.#options;
    const lock = await StoreLock.take(storeDir, market);
    const dataEnding = new AbortController();
    const dataEnd = AbortSignal.any([signal, dataEnding.signal]);
    let doDataGoOn = false;
    try {
      const store = await ProofStore.open(storeDir, market);
      const plans = await EpochPlans.open(storeDir, market);
      await this.#run({ lock, store, plans }, signal, dataEnd);
    } catch (error) {
      // Whoever checks the records need not wait for somebody to mend the proofs.
      doDataGoOn = !isClosed(error) && !(error instanceof StreamError || passingError(error));
      throw error;
    } finally {
      if (!doDataGoOn) dataEnding.abort();
      const publishing = this.#publishing;
      if (doDataGoOn && publishing !== undefined) {
        this.#publishing = publishing.finally(() => lock.release());
      } else {
        await publishing;
        lock.release();
      }
    }
  }

  async #run(own: OwnStore, signal: AbortSignal, dataEnd: AbortSignal): Promise<void> {
    const { market, reader, logger, onPublished } = this.#options;
    const { store } = own;
    this.#openTree();
    const publisher = new DataPublisher({ market, reader, store, logger, onPublished });
    const genesis = await store.genesis();
    if (genesis !== undefined) await this.#resumeOrPublish(store, genesis, publisher, dataEnd);
    if (this.#isDone()) return;
    const ending = new AbortController();
    const end = AbortSignal.any([signal, ending.signal]);
    const line = this.#openLine(own, end, () => ending.abort());
    const batcher = this.#batcher;
    try {
      for await (const epoch of closedEpochs({ market, reader, batcher, signal: end })) {
        const { closed, marketNumber } = epoch;
        const isNew = await this.#meet(store, marketNumber, closed);
        if (isNew) {
          await publisher.publish(closed, end);
          // Not before: the data of a stream that is not the store's have no place in it.
          this.#publishing ??= publisher.run(closed.epoch + 1, dataEnd);
          await line.room(closed.records.length);
          if (end.aborted) break;
          line.add(await this.#plan(own, closed, end));
        }
        if (signal.aborted || this.#planner.epochs === this.#options.maxEpochs) break;
      }
      if (!signal.aborted) await line.drain();
    } catch (error) {
      if (error instanceof ProverError && !isClosed(error)) {
        // What came before it is kept all the same.
        this.progress.stopped = `${error.code}: ${error.message}`;
        await line.drain();
      }
      throw error;
    } finally {
      ending.abort();
      await line.stopped();
    }
  }

  /** Data are published also where nothing can be proved on, if the stream is the store's. */
  async #resumeOrPublish(
    store: ProofStore,
    stored: StoredGenesis,
    publisher: DataPublisher,
    dataEnd: AbortSignal,
  ): Promise<void> {
    const { genesis } = stored;
    // Verifiers go by the folder's name.
    if (genesis.name !== this.#options.market) {
      const what = `its genesis is of market ${genesis.name}`;
      throw this.#conflict(`${what}; give the folder that name again, or restore this market's`);
    }
    try {
      await this.#resume(store, stored);
    } catch (error) {
      // What is stored is proved, whether or not this prover can go on from it.
      const { epochs, records } = await store.extent().catch(() => ({ epochs: 0, records: 0 }));
      this.progress.resumed(epochs, records);
      if (error instanceof ProverError && !passingError(error)) {
        const headerOf = (epoch: number) => store.headerOf(epoch);
        this.#publishing = publisher.run(0, dataEnd, { genesis, headerOf });
      }
      throw error;
    }
  }

  /**
   * Resolves when no data are published any more: with `run`, or, if that ends with an error of
   * proving, at its signal.
   */
  async published(): Promise<void> {
    await this.#publishing;
  }

  #openTree(): void {
    const { storeDir, market, treeBytes } = this.#options;
    const cells = new PagedCells(join(storeDir, market), treeBytes ?? DEFAULT_TREE_BYTES);
    this.#cells = cells;
    this.#tree = new AccountTree(cells);
    this.progress.tree = () => cells.figures();
  }

  /** Gives back what the accounts are kept in; after `run`. Nothing is asked of it then. */
  close(): void {
    this.#cells?.close();
    this.#cells = undefined;
    this.#signed = undefined;
  }

  #openLine(own: OwnStore, signal: AbortSignal, onFailure: () => void): ProvingLine<PlannedOnTree> {
    const { market, storeDir, logger, queue, turns, aheadEpochs, lookMs } = this.#options;
    const { progress } = this;
    const setAside = new SetAside({ market, storeDir, logger, signal, lookMs });
    progress.setAside = () => setAside.list();
    const maxEpochs = aheadEpochs ?? DEFAULT_AHEAD;
    const folding = this.#openFolding(own.store, signal);
    const foldTurns = this.#options.foldTurns ?? turns;
    const keep = async (planned: PlannedOnTree, proved: ProvedEpoch, startedMs: number) => {
      await this.#keep(own, planned, proved, startedMs, signal);
      await own.plans.clear(planned.closed.epoch + 1);
      await setAside.clear(planned.closed.epoch + 1);
      await folding?.clear(planned.closed.epoch + 1);
    };
    const prove = ({ plan, route }: PlannedOnTree, tools: LineTools): Promise<ProvedEpoch> =>
      proveEpoch(plan, {
        ...{ ...tools, queue, folding },
        onProof: (circuit, made) => {
          progress.proofMade(circuit.role, made.proveMs);
          route?.made(circuit, made);
        },
        onFolded: (circuit, made) => {
          if (made.leaves > 0) progress.proofMade(circuit.role, made.leafWallMs / made.leaves);
          route?.folded(circuit, made, tools.foldTurns.busy + 1);
        },
      });
    return new ProvingLine({
      ...{ market, turns, foldTurns, setAside, prove },
      ...{ progress, maxEpochs, signal, keep, onFailure },
    });
  }

  #openFolding(store: ProofStore, signal: AbortSignal): EpochFolding | undefined {
    const { storeDir, market, folds: maker } = this.#options;
    if (maker === undefined) return undefined;
    const keyFile = (circuit: ProvingCircuit) => store.keyFile(circuit);
    return new EpochFolding({ maker, folder: join(storeDir, market), keyFile, signal });
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
      chain: 'poseidon',
      ...{ genesis: genesisFile, keyChanges: this.#keyChanges, headerBytes, signature, account },
      ...leaves,
    });
  }

  /** Whether anybody can forge the proofs of this chain. */
  get devKeys(): boolean {
    return areInsecure(this.#context?.circuits ?? this.#options.circuits);
  }

  #isDone(epochs = this.progress.epochsProved): boolean {
    const { maxEpochs } = this.#options;
    return maxEpochs !== undefined && epochs >= maxEpochs;
  }

  /** Nothing is signed, and nothing kept, by a key that was changed by then. */
  async #checkSigner(
    store: ProofStore,
    context: ChainContext,
    epoch: number,
  ): Promise<OperatorKeys> {
    const keys = await store.operatorKeys(context);
    checkSigner(this.#options.market, keys, context.operator, epoch);
    this.#keyChanges = keys.changes;
    return keys;
  }

  async #resume(store: ProofStore, stored: StoredGenesis): Promise<void> {
    const { operator, market, logger } = this.#options;
    const { genesis } = stored;
    if (genesis.emptyRoot !== EMPTY_ROOT) {
      throw this.#conflict('its genesis has another root for the empty tree; restore it');
    }
    // Of circuits that are built here, those that the chain began with.
    const { circuits: own, findCircuit } = this.#options;
    const circuits: ProvingCircuit[] = [];
    for (const key of genesis.keys) {
      const mine = own.find((one) => sameBytes(one.keyDigest, key.digest));
      const circuit = mine ?? (await findCircuit?.(key));
      if (circuit !== undefined) circuits.push(circuit);
    }
    const keys = await store.operatorKeys(stored);
    const isOwn = keys.terms.some(({ key }) => sameBytes(key, operator.publicKey));
    const problem = isOwn
      ? circuits.length === genesis.keys.length
        ? undefined
        : 'its genesis names other verifying keys than those of the circuits built here'
      : "it has another operator key than this prover's, and no change to that one";
    if (problem !== undefined) {
      throw this.#conflict(`${problem}; restore these, or start a new store`);
    }
    await store.putKeys(circuits);
    const { headers, tip, rules, last } = await store.readChain(stored, keys, circuits);
    this.#keyChanges = keys.changes;
    if (!this.#isDone(headers.length)) checkSigner(market, keys, operator, headers.length);
    this.#storedLast = last;
    this.#context = { ...stored, operator, circuits };
    this.#stored = headers;
    this.#planner.begin(this.#context, tip, headers.length, rules);
    for (const header of headers) this.proved.addStored(header);
    const lastHeader = headers.at(-1);
    if (lastHeader === undefined) return;
    const records = Number(lastHeader.recordFirst) + lastHeader.recordCount;
    this.progress.resumed(headers.length, records);
    logger.info('store found', { market, epochs: headers.length, records });
  }

  /** Whether the epoch is to be proved: it is not in the store, and belongs to its chain. */
  async #meet(store: ProofStore, market: number, closed: ClosedEpoch): Promise<boolean> {
    this.progress.closed(closed.epoch + 1, closed.recordFirst + closed.records.length);
    const context = this.#context ?? (await this.#start(store, market));
    const { genesis } = context;
    if (!isGenesisOf(genesis, market, creationOf(this.#options.market, this.#batcher))) {
      throw this.#conflict(
        'its genesis names another market number or other fees than its stream; give the prover ' +
          'the data folder that belongs to this stream',
      );
    }
    checkEpochFees(this.#options.market, closed, this.#rules);
    this.#rulesHash = rulesHashAfter(this.#rulesHash, closed.changes);
    const stored = this.#stored[closed.epoch];
    if (stored !== undefined) await this.#catchUp(store, stored, closed);
    return stored === undefined;
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
      rulesHash: rulesHashAfter(RULES_START, [creationOf(name, this.#batcher)]),
      keys: acceptedKeys(circuits),
    };
    const stored = await store.createGenesis(genesis, circuits);
    if (stored === undefined) return this.#join(store);
    this.#context = { ...stored, operator, circuits };
    this.#planner.begin(this.#context, initialChainState(stored.chainId));
    const insecure = areInsecure(circuits);
    const chainId = bytesToHex(stored.chainId);
    logger.info('chain started', { market: name, chainId, keys: insecure ? 'DEVELOPMENT' : 'ok' });
    return this.#context;
  }

  /** Another prover was faster to start the chain: this one goes on with it. */
  async #join(store: ProofStore): Promise<ChainContext> {
    const genesis = await store.genesis();
    if (genesis === undefined) throw this.#conflict('its genesis came and went; try again');
    await this.#resume(store, genesis);
    if (this.#context === undefined) throw new Error('unreachable: resuming makes the context');
    return this.#context;
  }

  /** An epoch that is in the store: its totals are applied, and have to lead to its root. */
  async #catchUp(store: ProofStore, stored: EpochHeader, closed: ClosedEpoch): Promise<void> {
    const { market, logger } = this.#options;
    const same = isHeaderOf(stored, closed) && sameBytes(stored.rulesHash, this.#rulesHash);
    const wrong = netDeltas(closed.records).map((delta) => applyDelta(this.#tree, delta));
    const balancesHold = wrong.every((message) => message === undefined);
    const isLast = closed.epoch === this.#stored.length - 1;
    // Hashing once at the end is enough: a root fixes every total below it.
    const rootHolds = !isLast || this.#tree.root() === stored.rootNew;
    if (same && balancesHold && rootHolds) {
      if (isLast) this.#signed = this.#storedLast;
      // Headers of a long chain would only lie there from now on.
      if (isLast) this.#stored = [];
      const { state, path } = await store.restoreData(stored, closed.records);
      if (state === 'kept') return;
      if (state === 'written') {
        logger.warn('data were missing or damaged, written again', { market, path });
        return;
      }
    }
    throw this.#conflict(
      `epoch ${closed.epoch} in its store is not the one of its stream; ` +
        'give the prover the data folder that belongs to this stream',
    );
  }

  /** Plans the next epoch, on a tree of its own: until it is kept, ours answers for another. */
  async #plan(
    { lock, store, plans }: OwnStore,
    closed: ClosedEpoch,
    signal: AbortSignal,
  ): Promise<PlannedOnTree> {
    const context = this.#context;
    if (context === undefined) throw new Error('unreachable: its first epoch starts the chain');
    lock.check();
    const { epoch } = closed;
    const operatorKeys = await this.#checkSigner(store, context, epoch);
    const written = (write: () => Promise<void>) => this.#written(write, epoch, signal);
    return this.#planner.plan(closed, this.#tree, { plans, operatorKeys, written });
  }

  /** Writes to the store, however long its disk takes none; the status says so meanwhile. */
  #written(write: () => Promise<void>, epoch: number, signal: AbortSignal): Promise<void> {
    const { market, logger } = this.#options;
    const onTrouble = (error: ProverError | undefined): void => {
      if (error === undefined) logger.info('epoch is written again', { market, epoch });
      else logger.warn('epoch waits for the disk', { market, epoch, error: error.message });
      this.progress.stopped = error && `${error.code}: ${error.message}`;
    };
    return untilWritten(write, { signal, onTrouble });
  }

  async #keep(
    { lock, store }: OwnStore,
    { closed, plan, tree }: PlannedOnTree,
    { epochFile, proofs }: ProvedEpoch,
    startedMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { market, onProved, logger } = this.#options;
    const { epoch } = closed;
    const context = this.#context;
    if (context === undefined) throw new Error('unreachable: a chain that is proved was started');
    const put = async (): Promise<void> => {
      lock.check();
      await this.#checkSigner(store, context, epoch);
      await store.putEpoch(epoch, epochFile);
    };
    await this.#written(put, epoch, signal);
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
    onProved({ market, epoch: closed.epoch, ...entry, proofs, ms });
  }

  #conflict(what: string): ProverError {
    return new ProverError('STORE_CONFLICT', `market ${this.#options.market}: ${what}`);
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof ProverError && error.code === 'CLOSED';
}
