// SPDX-License-Identifier: GPL-3.0-or-later
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { EpochProved, EpochPublished } from '@foldbook/protocol';
import { type Logger, StreamError, type StreamReader } from '@foldbook/runtime';
import {
  AccountTree,
  applyDelta,
  BackEnd,
  bytesToHex,
  type ChainState,
  type Creation,
  checkFees,
  EMPTY_ROOT,
  type EpochFile,
  type EpochHeader,
  encodeAccountProof,
  initialChainState,
  type KeyChange,
  keyOfEpoch,
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
import type { ProvedEpoch } from './epoch-assembler.ts';
import { type ClosedEpoch, EpochBatcher } from './epoch-batcher.ts';
import { EpochFolding } from './epoch-folding.ts';
import { planEpoch } from './epoch-plan.ts';
import type { FoldMaker } from './fold/fold-pool.ts';
import type { EpochRoute, MarketRouting } from './market-routing.ts';
import type { OperatorKey } from './operator-key.ts';
import { PagedCells } from './paged-cells.ts';
import { checkPlan } from './plan-check.ts';
import type { ProofQueue } from './proof-queue.ts';
import { ProofStore, type StoredGenesis } from './proof-store.ts';
import { ProvedEpochs } from './proved-epochs.ts';
import { ProverError } from './prover-error.ts';
import { ProverProgress } from './prover-progress.ts';
import { type PlannedEpoch, ProvingLine } from './proving-line.ts';
import { SetAside } from './set-aside.ts';
import { filledTiles, type TileEpoch } from './tiling.ts';

const NONCE_BYTES = 32;
const DEFAULT_AHEAD = 4;
/** Of the account tree in memory: the pages of a million accounts that are alike. */
const DEFAULT_TREE_BYTES = 64 * 2 ** 20;

type SignedBytes = Pick<EpochFile, 'headerBytes' | 'signature'>;

export interface MarketProverOptions {
  readonly market: string;
  readonly reader: StreamReader;
  readonly queue: ProofQueue;
  /** Those that a new chain begins with. */
  readonly circuits: ProvingCircuits;
  /** Others that can be proved here: a chain that began with them goes on. */
  readonly findCircuit?: FindCircuit | undefined;
  /** Folds what is proved by folding; without it nothing is, whatever the chain has keys for. */
  readonly folds?: FoldMaker | undefined;
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

/** With the tree as it is at the epoch's end. */
interface PlannedOnTree extends PlannedEpoch {
  readonly tree: AccountTree;
}

/**
 * Proves one market's epochs, a few at a time, and keeps them in order. It reads the stream only as
 * fast as it proves, so that a backlog stays in the stream and not in memory. Every start reads the
 * stream from its beginning: the accounts' totals of the epochs in the store are rebuilt, not
 * trusted.
 */
export class MarketProver {
  readonly progress: ProverProgress;
  readonly proved: ProvedEpochs;
  readonly #options: MarketProverOptions;
  readonly #batcher: EpochBatcher;
  #tree = new AccountTree();
  #cells: PagedCells | undefined;
  readonly #rules = new RuleBook();
  /** The rules as far as epochs are planned. */
  #planRules = new RuleBook();
  #rulesHash: Uint8Array = RULES_START;
  #stored: readonly EpochHeader[] = [];
  #context: ChainContext | undefined;
  /** The chain as far as it is planned. */
  #tip: ChainState | undefined;
  #planned: AccountTree | undefined;
  #plannedEpochs = 0;
  #storedLast: SignedBytes | undefined;
  /** Of the operator's key, as the store had them last. */
  #keyChanges: readonly KeyChange[] = [];
  /** The header whose new root the tree has. */
  #signed: SignedBytes | undefined;
  /** Publishes the data of epochs that wait for their proofs. */
  #publishing: Promise<void> | undefined;

  constructor(options: MarketProverOptions) {
    this.#options = options;
    this.progress = new ProverProgress(options.market);
    this.proved = new ProvedEpochs(options.market);
    this.#batcher = new EpochBatcher(options.market);
  }

  /**
   * Runs until `signal` or `maxEpochs`. Data of epochs are published until then even if proving
   * ends sooner, with an error.
   * @throws ProverError when this market cannot be proved any further
   */
  async run(signal: AbortSignal): Promise<void> {
    const { market, reader, storeDir, logger, onPublished } = this.#options;
    const store = await ProofStore.open(storeDir, market);
    this.#openTree();
    const genesis = await store.genesis();
    if (genesis !== undefined) await this.#resumeOrCount(store, genesis);
    if (this.#isDone()) return;
    const publisher = new DataPublisher({ market, reader, store, logger, onPublished });
    const ending = new AbortController();
    const end = AbortSignal.any([signal, ending.signal]);
    const dataEnding = new AbortController();
    const dataEnd = AbortSignal.any([signal, dataEnding.signal]);
    let doDataGoOn = false;
    const line = this.#openLine(store, end, () => ending.abort());
    const batcher = this.#batcher;
    try {
      for await (const epoch of closedEpochs({ market, reader, batcher, signal: end })) {
        const { closed, marketNumber } = epoch;
        const isNew = await this.#meet(store, marketNumber, closed);
        if (isNew) {
          await publisher.publish(closed);
          // Not before: the data of a stream that is not the store's have no place in it.
          this.#publishing ??= publisher.run(closed.epoch + 1, dataEnd);
          await line.room(closed.records.length);
          if (end.aborted) break;
          line.add(await this.#plan(store, closed));
        }
        if (signal.aborted || this.#plannedEpochs === this.#options.maxEpochs) break;
      }
      if (!signal.aborted) await line.drain();
    } catch (error) {
      const isClosed = error instanceof ProverError && error.code === 'CLOSED';
      // Whoever checks the records need not wait for somebody to mend the proofs.
      doDataGoOn = !isClosed && !(error instanceof StreamError);
      if (error instanceof ProverError && !isClosed) {
        // What came before it is kept all the same.
        this.progress.stopped = `${error.code}: ${error.message}`;
        await line.drain();
      }
      throw error;
    } finally {
      ending.abort();
      await line.stopped();
      if (!doDataGoOn) dataEnding.abort();
      if (!doDataGoOn) await this.#publishing;
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

  #openLine(
    store: ProofStore,
    signal: AbortSignal,
    onFailure: () => void,
  ): ProvingLine<PlannedOnTree> {
    const { market, storeDir, logger, queue, aheadEpochs, lookMs } = this.#options;
    const { progress } = this;
    const setAside = new SetAside({ market, storeDir, logger, signal, lookMs });
    progress.setAside = () => setAside.list();
    const maxEpochs = aheadEpochs ?? DEFAULT_AHEAD;
    const folding = this.#openFolding(store, signal);
    const keep = async (planned: PlannedOnTree, proved: ProvedEpoch, startedMs: number) => {
      await this.#keep(store, planned, proved, startedMs);
      await setAside.clear(planned.closed.epoch + 1);
      await folding?.clear(planned.closed.epoch + 1);
    };
    return new ProvingLine({
      ...{ queue, setAside, folding, progress, maxEpochs, signal, keep, onFailure },
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

  /** What is stored is proved, whether or not this prover can go on from it. */
  async #resumeOrCount(store: ProofStore, stored: StoredGenesis): Promise<void> {
    try {
      await this.#resume(store, stored);
    } catch (error) {
      const { epochs, records } = await store.extent().catch(() => ({ epochs: 0, records: 0 }));
      this.progress.resumed(epochs, records);
      throw error;
    }
  }

  async #resume(store: ProofStore, stored: StoredGenesis): Promise<void> {
    const { operator, market, logger } = this.#options;
    const { genesis } = stored;
    // Verifiers go by the folder's name.
    if (genesis.name !== market) {
      const what = `its genesis is of market ${genesis.name}`;
      throw this.#conflict(`${what}; give the folder that name again, or restore this market's`);
    }
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
    this.#planRules = rules;
    this.#keyChanges = keys.changes;
    if (!this.#isDone(headers.length)) checkSigner(market, keys, operator, headers.length);
    this.#storedLast = last;
    this.#context = { ...stored, operator, circuits };
    this.#stored = headers;
    this.#plannedEpochs = headers.length;
    this.#tip = tip;
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
      rulesHash: rulesHashAfter(RULES_START, [this.#creation()]),
      keys: acceptedKeys(circuits),
    };
    const stored = await store.createGenesis(genesis, circuits);
    if (stored === undefined) return this.#join(store);
    this.#context = { ...stored, operator, circuits };
    this.#tip = initialChainState(stored.chainId);
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
  async #plan(store: ProofStore, closed: ClosedEpoch): Promise<PlannedOnTree> {
    const context = this.#context;
    const tip = this.#tip;
    if (context === undefined || tip === undefined) {
      throw new Error('unreachable: a chain that was started has a tip');
    }
    const tree = (this.#planned ?? this.#tree).fork();
    let route: EpochRoute | undefined;
    const waiting = this.progress.epochsClosed - closed.epoch - 1;
    const tileEpoch: TileEpoch = (rows, accepted) => {
      const { market, routing, folds } = this.#options;
      const circuits = accepted.filter(
        ({ backEnd }) => backEnd === BackEnd.GROTH16 || folds !== undefined,
      );
      route = routing?.route(market, closed, waiting, rows, circuits);
      this.progress.choice = route?.record;
      return route?.tiles ?? filledTiles(rows, circuits);
    };
    const keys = await this.#checkSigner(store, context, closed.epoch);
    const plan = await planEpoch(context, tip, tree, closed, tileEpoch);
    checkPlan({ ...context, operatorKeys: keys }, tip, plan, this.#planRules);
    this.#tip = plan.tip;
    this.#planned = tree;
    this.#plannedEpochs = closed.epoch + 1;
    return { closed, plan, route, tree };
  }

  async #keep(
    store: ProofStore,
    { closed, plan, tree }: PlannedOnTree,
    { epochFile, proofs }: ProvedEpoch,
    startedMs: number,
  ): Promise<void> {
    const { market, onProved, logger } = this.#options;
    const context = this.#context;
    if (context === undefined) throw new Error('unreachable: a chain that is proved was started');
    await this.#checkSigner(store, context, closed.epoch);
    await store.putEpoch(closed.epoch, epochFile);
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

/** @throws ProverError KEY_CHANGED where the epoch is another key's to sign */
function checkSigner(
  market: string,
  keys: OperatorKeys,
  { publicKey }: OperatorKey,
  epoch: number,
): void {
  const key = keyOfEpoch(keys, BigInt(epoch));
  if (sameBytes(key, publicKey)) return;
  const [theirs, own] = [bytesToHex(key), bytesToHex(publicKey)];
  throw new ProverError(
    'KEY_CHANGED',
    `market ${market}: epoch ${epoch} is to be signed by ${theirs}, this prover has ${own}: ` +
      'start it again with the file of that key (operatorKeyFile)',
  );
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
