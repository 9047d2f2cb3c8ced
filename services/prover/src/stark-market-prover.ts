// SPDX-License-Identifier: GPL-3.0-or-later
import { randomBytes } from 'node:crypto';
import type { EpochProved, EpochPublished } from '@foldbook/protocol';
import { type Logger, StreamError, type StreamReader } from '@foldbook/runtime';
import { airDigest, commitmentDigest, genesisDigest, type ProofParameters } from '@foldbook/stark';
import {
  bytesToHex,
  chainStateFrom,
  encodeStarkHeader,
  headerHash,
  RULES_START,
  RuleBook,
  rulesHashAfter,
  type StarkHeader,
} from '@foldbook/verifier';
import { AccountLedger } from './account-ledger.ts';
import { closedEpochs } from './closed-epochs.ts';
import { DataPublisher } from './data-publisher.ts';
import type { ProvedEpoch } from './epoch-assembler.ts';
import { type ClosedEpoch, EpochBatcher } from './epoch-batcher.ts';
import type { JobTurns } from './job-turns.ts';
import { checkSigner, type OperatorKey, sameBytes } from './operator-key.ts';
import type { PartCommits } from './part-commits.ts';
import { passingError } from './passing-error.ts';
import type { ProofQueue } from './proof-queue.ts';
import { ProofStore, type StoredKeys } from './proof-store.ts';
import { type Entry, ProvedEpochs } from './proved-epochs.ts';
import { ProverError } from './prover-error.ts';
import { ProverProgress } from './prover-progress.ts';
import { type PlannedEpoch, ProvingLine } from './proving-line.ts';
import { SetAside } from './set-aside.ts';
import { proveStarkEpoch } from './stark-assembler.ts';
import {
  type CommittedAccounts,
  type StarkContext,
  type StarkPlan,
  StarkPlanner,
} from './stark-plan.ts';
import { STARK_FOLDER, StarkStore, type StoredStarkGenesis } from './stark-store.ts';
import { StoreLock } from './store-lock.ts';
import { untilWritten } from './store-patience.ts';
import { isGenesisOf, isHeaderOf } from './stream-match.ts';
import { checkEpochFees, creationOf } from './stream-rules.ts';

const NONCE_BYTES = 32;
const DEFAULT_AHEAD = 4;
/** Of the epochs in the line: records are held packed, at some bytes each. */
const MAX_RECORDS = 2 ** 20;

export interface StarkMarketProverOptions {
  readonly market: string;
  readonly reader: StreamReader;
  readonly queue: ProofQueue;
  /** At the workers behind the queue: of all markets that use it. */
  readonly turns: JobTurns;
  readonly commits: PartCommits;
  /** Of a new chain; a chain that began with others goes on with those. */
  readonly parameters: ProofParameters;
  /** Records of a part at most. */
  readonly partRecords: number;
  readonly operator: OperatorKey;
  /** Folder that holds the stores of all markets. */
  readonly storeDir: string;
  readonly logger: Logger;
  /**
   * Told of each epoch whose data come into the store. Absent: another prover of this market
   * publishes them, whose store it is.
   */
  readonly onPublished?: ((published: EpochPublished) => void) | undefined;
  readonly onProved: (proved: EpochProved) => void;
  /** Ends the run once so many epochs are in the store. */
  readonly maxEpochs?: number | undefined;
  /** Epochs that are proved at a time, the next one to be kept among them. Default 4. */
  readonly aheadEpochs?: number | undefined;
  /** How often parts that were set aside are looked for. Default 1,000 ms. */
  readonly lookMs?: number | undefined;
}

interface PlannedStark extends PlannedEpoch {
  readonly plan: StarkPlan;
}

/** The folders while they are this prover's: the chain's, and where the data are, the market's. */
interface OwnStore {
  readonly lock: StoreLock;
  readonly store: StarkStore;
  readonly data: ProofStore;
}

/**
 * Proves a market's STARK chain, several parts at a time, and keeps its epochs in order. Like the
 * prover of the Poseidon chain it reads the stream from its beginning at every start: the balances
 * of the epochs in the store are rebuilt, and compared with the root of the last one.
 */
export class StarkMarketProver {
  readonly market: string;
  readonly progress: ProverProgress;
  readonly proved: ProvedEpochs;
  readonly #options: StarkMarketProverOptions;
  readonly #batcher: EpochBatcher;
  readonly #ledger = new AccountLedger();
  readonly #rules = new RuleBook();
  #rulesHash: Uint8Array = RULES_START;
  #stored: readonly StarkHeader[] = [];
  #context: StarkContext | undefined;
  #planner: Promise<StarkPlanner> | undefined;
  /** Of the last epoch that is stored or planned. */
  #epochs = 0;
  /** Chain and rules at the end of the stored epochs. */
  #tip: Pick<Awaited<ReturnType<StarkStore['readChain']>>, 'tip' | 'rules'> | undefined;
  #publishing: Promise<void> | undefined;

  constructor(options: StarkMarketProverOptions) {
    this.#options = options;
    this.market = options.market;
    this.progress = new ProverProgress(options.market);
    this.proved = new ProvedEpochs(`${options.market}/${STARK_FOLDER}`);
    this.#batcher = new EpochBatcher(options.market);
  }

  /**
   * Runs until `signal` or `maxEpochs`. Data of epochs are published until then even if proving
   * ends sooner, with an error.
   * @throws ProverError when this chain cannot be proved any further; what `passingError` knows
   *   has passed by a later run
   */
  async run(signal: AbortSignal): Promise<void> {
    const { market, storeDir, onPublished } = this.#options;
    const locks = [await StoreLock.take(storeDir, market, STARK_FOLDER)];
    const [lock] = locks;
    const dataEnding = new AbortController();
    const dataEnd = AbortSignal.any([signal, dataEnding.signal]);
    let doDataGoOn = false;
    const release = (): void => {
      for (const one of locks) one.release();
    };
    try {
      if (onPublished !== undefined) locks.push(await StoreLock.take(storeDir, market));
      const store = await StarkStore.open(storeDir, market);
      const data = await ProofStore.open(storeDir, market);
      if (lock !== undefined) await this.#run({ lock, store, data }, signal, dataEnd);
    } catch (error) {
      // Whoever checks the records need not wait for somebody to mend the proofs.
      doDataGoOn = !isClosed(error) && !(error instanceof StreamError || passingError(error));
      throw error;
    } finally {
      if (!doDataGoOn) dataEnding.abort();
      const publishing = this.#publishing;
      if (doDataGoOn && publishing !== undefined) this.#publishing = publishing.finally(release);
      else {
        await publishing;
        release();
      }
    }
  }

  /**
   * Resolves when no data are published any more: with `run`, or, if that ends with an error of
   * proving, at its signal.
   */
  async published(): Promise<void> {
    await this.#publishing;
  }

  async #run(own: OwnStore, signal: AbortSignal, dataEnd: AbortSignal): Promise<void> {
    const { market, reader, maxEpochs } = this.#options;
    const { store } = own;
    const publisher = this.#openPublisher(own.data);
    const genesis = await store.genesis();
    if (genesis !== undefined) await this.#resumeOrPublish(store, genesis, publisher, dataEnd);
    if (this.#isDone()) return;
    const ending = new AbortController();
    const end = AbortSignal.any([signal, ending.signal]);
    const line = this.#openLine(own, end, () => ending.abort());
    const batcher = this.#batcher;
    try {
      for await (const { closed, marketNumber } of closedEpochs({
        ...{ market, reader, batcher, signal: end },
      })) {
        if (await this.#meet(own, marketNumber, closed)) {
          await publisher?.publish(closed, end);
          // Not before: the data of a stream that is not the store's have no place in it.
          this.#publishing ??= publisher?.run(closed.epoch + 1, dataEnd);
          await line.room(closed.records.length);
          if (end.aborted) break;
          line.add(await this.#plan(own, closed));
        }
        if (signal.aborted || this.#epochs === maxEpochs) break;
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

  #openPublisher(store: ProofStore): DataPublisher | undefined {
    const { market, reader, logger, onPublished } = this.#options;
    if (onPublished === undefined) return undefined;
    return new DataPublisher({ market, reader, store, logger, onPublished });
  }

  #openLine(own: OwnStore, signal: AbortSignal, onFailure: () => void): ProvingLine<PlannedStark> {
    const { market, storeDir, logger, queue, turns, aheadEpochs, lookMs } = this.#options;
    const { progress } = this;
    const onTrouble = (error: string) =>
      logger.warn('the proof of a part is not kept', { market, error });
    const setAside = new SetAside({
      ...{ market, storeDir, logger, signal, lookMs, isStark: true },
    });
    progress.setAside = () => setAside.list();
    const keep = async (planned: PlannedStark, proved: ProvedEpoch, startedMs: number) => {
      await this.#keep(own, planned, proved, startedMs, signal);
      await own.store.clearParts(planned.closed.epoch + 1);
      await setAside.clear(planned.closed.epoch + 1);
    };
    return new ProvingLine({
      ...{ market, turns, foldTurns: turns, setAside, progress, signal, keep, onFailure },
      ...{ maxEpochs: aheadEpochs ?? DEFAULT_AHEAD, maxRecords: MAX_RECORDS },
      prove: ({ plan }, tools) =>
        proveStarkEpoch(plan, {
          ...{ ...tools, queue, store: own.store, onTrouble },
          onProof: ({ proveMs }) => progress.proofMade('batch', proveMs),
        }),
    });
  }

  #isDone(): boolean {
    const { maxEpochs } = this.#options;
    return maxEpochs !== undefined && this.progress.epochsProved >= maxEpochs;
  }

  /** Data are published also where nothing can be proved on, if the stream is the store's. */
  async #resumeOrPublish(
    store: StarkStore,
    stored: StoredStarkGenesis,
    publisher: DataPublisher | undefined,
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
        this.#publishing = publisher?.run(0, dataEnd, { genesis, headerOf });
      }
      throw error;
    }
  }

  async #resume(store: StarkStore, stored: StoredStarkGenesis): Promise<void> {
    const { operator, market, logger, maxEpochs } = this.#options;
    const { genesis } = stored;
    if (!sameBytes(genesis.airDigest, airDigest())) {
      throw this.#conflict(
        'its genesis names other constraints than those of this release; go on with the release ' +
          'that began it, or start a new store',
      );
    }
    if (!sameBytes(genesis.emptyRoot, genesisDigest(genesis.parameters.logBlowup))) {
      throw this.#conflict('its genesis has another root for no balances; restore it');
    }
    const keys = await store.operatorKeys(stored);
    if (!keys.terms.some(({ key }) => sameBytes(key, operator.publicKey))) {
      const what = "it has another operator key than this prover's, and no change to that one";
      throw this.#conflict(`${what}; restore these, or start a new store`);
    }
    const { headers, tip, rules } = await store.readChain(stored, keys);
    if (maxEpochs === undefined || headers.length < maxEpochs) {
      checkSigner(market, keys, operator, headers.length);
    }
    this.#context = { ...stored, operator };
    this.#stored = headers;
    this.#tip = { tip, rules };
    this.#epochs = headers.length;
    for (const header of headers) this.proved.add(entryOf(header));
    const last = headers.at(-1);
    if (last === undefined) return;
    const records = Number(last.recordFirst) + last.recordCount;
    this.progress.resumed(headers.length, records);
    logger.info('STARK chain found', { market, epochs: headers.length, records });
  }

  /** Whether the epoch is to be proved: it is not in the store, and belongs to its chain. */
  async #meet(own: OwnStore, market: number, closed: ClosedEpoch): Promise<boolean> {
    const { market: name } = this.#options;
    this.progress.closed(closed.epoch + 1, closed.recordFirst + closed.records.length);
    const { genesis } = this.#context ?? (await this.#start(own.store, market));
    if (!isGenesisOf(genesis, market, creationOf(name, this.#batcher))) {
      throw this.#conflict(
        'its genesis names another market number or other fees than its stream; give the prover ' +
          'the data folder that belongs to this stream',
      );
    }
    checkEpochFees(name, closed, this.#rules);
    this.#rulesHash = rulesHashAfter(this.#rulesHash, closed.changes);
    const stored = this.#stored[closed.epoch];
    if (stored !== undefined) await this.#catchUp(own, stored, closed);
    return stored === undefined;
  }

  /** Makes the genesis, when the market's first epoch has closed. */
  async #start(store: StarkStore, market: number): Promise<StarkContext> {
    const { operator, market: name, logger, parameters } = this.#options;
    const stored = await store.createGenesis({
      ...{ market, name, parameters, airDigest: airDigest() },
      nonce: Uint8Array.from(randomBytes(NONCE_BYTES)),
      operatorKey: operator.publicKey,
      emptyRoot: genesisDigest(parameters.logBlowup),
      rulesHash: rulesHashAfter(RULES_START, [creationOf(name, this.#batcher)]),
    });
    await this.#resume(store, stored);
    if (this.#context === undefined) throw new Error('unreachable: resuming makes the context');
    logger.info('STARK chain started', { market: name, chainId: bytesToHex(stored.chainId) });
    return this.#context;
  }

  /** An epoch that is in the store: its records are applied, and have to lead to its root. */
  async #catchUp({ data }: OwnStore, stored: StarkHeader, closed: ClosedEpoch): Promise<void> {
    const { market, logger } = this.#options;
    const same = isHeaderOf(stored, closed) && sameBytes(stored.rulesHash, this.#rulesHash);
    const balancesHold = same && this.#ledger.takeAll(closed.records);
    const isLast = closed.epoch === this.#stored.length - 1;
    if (balancesHold && (!isLast || (await this.#isAt(stored)))) {
      // Headers of a long chain would only lie there from now on.
      if (isLast) this.#stored = [];
      const { state, path } = await data.restoreData(stored, closed.records);
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

  /** Whether the balances are those that the header ends with. */
  async #isAt({ rootNew, accountsRoot }: StarkHeader): Promise<boolean> {
    const { commitment, root } = await this.#accounts();
    return sameBytes(commitmentDigest(commitment), rootNew) && sameBytes(root, accountsRoot);
  }

  async #accounts(): Promise<CommittedAccounts> {
    const { logBlowup } = (this.#context?.genesis ?? this.#options).parameters;
    const table = this.#ledger.table();
    const made = await this.#options.commits.commit({ logBlowup, accounts: table });
    return { table, commitment: made.accounts, root: made.accountsRoot };
  }

  async #plan({ lock, store }: OwnStore, closed: ClosedEpoch): Promise<PlannedStark> {
    const context = this.#context;
    if (context === undefined) throw new Error('unreachable: its first epoch starts the chain');
    lock.check();
    const keys = await this.#checkSigner(store, context, closed.epoch);
    this.#planner ??= this.#openPlanner(context);
    const planner = await this.#planner;
    const plan = await planner.plan(closed, keys);
    this.#epochs = closed.epoch + 1;
    return { closed, plan };
  }

  /** At the end of the stored epochs, which the stream has led to. */
  async #openPlanner(context: StarkContext): Promise<StarkPlanner> {
    const { chainId, genesis } = context;
    const tip = this.#tip?.tip ?? chainStateFrom(chainId, genesis.emptyRoot);
    const rules = this.#tip?.rules ?? new RuleBook();
    const accounts = await this.#accounts();
    return new StarkPlanner(this.#options, context, tip, rules, this.#ledger, accounts);
  }

  /** Nothing is signed, and nothing kept, by a key that was changed by then. */
  async #checkSigner(store: StarkStore, context: StarkContext, epoch: number): Promise<StoredKeys> {
    const keys = await store.operatorKeys(context);
    checkSigner(this.#options.market, keys, context.operator, epoch);
    return keys;
  }

  async #keep(
    { lock, store }: OwnStore,
    { closed, plan }: PlannedStark,
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
    const onTrouble = (error: ProverError | undefined): void => {
      if (error === undefined) logger.info('epoch is written again', { market, epoch });
      else logger.warn('epoch waits for the disk', { market, epoch, error: error.message });
      this.progress.stopped = error && `${error.code}: ${error.message}`;
    };
    await untilWritten(put, { signal, onTrouble });
    const recordCount = closed.records.length;
    this.progress.proved(epoch + 1, closed.recordFirst + recordCount);
    const ms = Math.round(performance.now() - startedMs);
    logger.info('epoch proved', { market, chain: 'stark', epoch, recordCount, parts: proofs, ms });
    const entry = {
      sequenceFirst: closed.sequenceFirst,
      sequenceLast: closed.sequenceLast,
      headerHash: bytesToHex(plan.tip.previousHash),
      rootNew: bytesToHex(plan.tip.root),
      recordCount,
    };
    this.proved.add(entry);
    onProved({ market, epoch, ...entry, proofs, ms });
  }

  #conflict(what: string): ProverError {
    const { market } = this.#options;
    return new ProverError('STORE_CONFLICT', `market ${market}, STARK chain: ${what}`);
  }
}

function entryOf(header: StarkHeader): Entry {
  return {
    sequenceFirst: Number(header.sequenceFirst),
    sequenceLast: Number(header.sequenceLast),
    headerHash: bytesToHex(headerHash(encodeStarkHeader(header))),
    rootNew: bytesToHex(header.rootNew),
    recordCount: header.recordCount,
  };
}

function isClosed(error: unknown): boolean {
  return error instanceof ProverError && error.code === 'CLOSED';
}
