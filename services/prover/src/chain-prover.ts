// SPDX-License-Identifier: GPL-3.0-or-later
import { join } from 'node:path';
import type { EpochProved, EpochPublished } from '@foldbook/protocol';
import { type Logger, StreamError, type StreamReader } from '@foldbook/runtime';
import { bytesToHex, type HeadedEpoch } from '@foldbook/verifier';
import type { ChainSide, PlannedOnChain } from './chain-side.ts';
import type { GenesisOf, RootOf } from './chain-store.ts';
import { ChainTracker } from './chain-tracker.ts';
import { closedEpochs } from './closed-epochs.ts';
import { DataPublisher } from './data-publisher.ts';
import type { ProvedEpoch } from './epoch-assembler.ts';
import { type ClosedEpoch, EpochBatcher } from './epoch-batcher.ts';
import { epochData } from './epoch-data.ts';
import type { JobTurns } from './job-turns.ts';
import type { OperatorKey } from './operator-key.ts';
import { passingError } from './passing-error.ts';
import type { ProofQueue } from './proof-queue.ts';
import { ProvedEpochs } from './proved-epochs.ts';
import { ProverError } from './prover-error.ts';
import { ProverProgress } from './prover-progress.ts';
import { ProvingLine } from './proving-line.ts';
import { SetAside } from './set-aside.ts';
import { StoreLock } from './store-lock.ts';
import { untilWritten } from './store-patience.ts';
import { creationOf } from './stream-rules.ts';

const DEFAULT_AHEAD = 4;

export interface ChainProverOptions {
  readonly market: string;
  readonly reader: StreamReader;
  readonly queue: ProofQueue;
  /** At the workers behind the queue: of all markets that use it. */
  readonly turns: JobTurns;
  readonly operator: OperatorKey;
  /** Folder that holds the stores of all markets. */
  readonly storeDir: string;
  readonly logger: Logger;
  /**
   * Told of each epoch whose data come into the store, which is before it is proved. Absent:
   * another prover of this market publishes them, whose store it is.
   */
  readonly onPublished?: ((published: EpochPublished) => void) | undefined;
  readonly onProved: (proved: EpochProved) => void;
  /** Ends the run once so many epochs are in the store. */
  readonly maxEpochs?: number | undefined;
  /** Epochs that are proved at a time, the next one to be kept among them. Default 4. */
  readonly aheadEpochs?: number | undefined;
  /** How often proofs that were set aside are looked for. Default 1,000 ms. */
  readonly lookMs?: number | undefined;
}

/** Which of a market's chains it is, and how it is opened. */
export interface ChainKindOptions<Side> {
  /** Of the chain, in the market's; '' where it is the market's own. */
  readonly folder: string;
  /** Of the chain beside the Poseidon chain, in the log. */
  readonly name?: string;
  /** Whether anybody can forge the proofs of a chain that begins here. */
  readonly devKeys: boolean;
  /** While the chain's lock is held. */
  readonly open: (progress: ProverProgress) => Promise<Side>;
}

/** A chain while it is this prover's. */
interface OwnChain<
  G extends GenesisOf<E>,
  E extends HeadedEpoch,
  P extends PlannedOnChain<RootOf<E>>,
> {
  readonly lock: StoreLock;
  readonly side: ChainSide<G, E, P>;
  readonly tracker: ChainTracker<G, E, P>;
}

/**
 * Proves the epochs of one chain of a market, a few at a time, and keeps them in order. It reads
 * the stream only as fast as it proves, so that a backlog stays in the stream and not in memory.
 * Every start reads the stream from its beginning: the balances of the epochs in the store are
 * rebuilt, and compared with the root of the last one; they are not trusted.
 */
export class ChainProver<
  G extends GenesisOf<E>,
  E extends HeadedEpoch,
  P extends PlannedOnChain<RootOf<E>>,
> {
  readonly market: string;
  readonly progress: ProverProgress;
  readonly proved: ProvedEpochs;
  readonly #options: ChainProverOptions;
  readonly #kind: ChainKindOptions<ChainSide<G, E, P>>;
  readonly #batcher: EpochBatcher;
  #own: Omit<OwnChain<G, E, P>, 'lock'> | undefined;
  /** Publishes the data of epochs that wait for their proofs. */
  #publishing: Promise<void> | undefined;

  constructor(options: ChainProverOptions, kind: ChainKindOptions<ChainSide<G, E, P>>) {
    this.market = options.market;
    this.#options = options;
    this.#kind = kind;
    const chain = kind.folder === '' ? 'poseidon' : 'stark';
    this.progress = new ProverProgress(options.market, chain);
    this.proved = new ProvedEpochs(join(options.market, kind.folder));
    this.#batcher = new EpochBatcher(options.market);
  }

  /**
   * Runs until `signal` or `maxEpochs`. Data of epochs are published until then even if proving
   * ends sooner, with an error. The store is this prover's as long as either goes on.
   * @throws ProverError when this chain cannot be proved any further; what `passingError` knows
   *   has passed by a later run
   */
  async run(signal: AbortSignal): Promise<void> {
    const { market, storeDir, onPublished } = this.#options;
    const { folder } = this.#kind;
    const lock = await StoreLock.take(storeDir, market, folder);
    const locks = [lock];
    const release = (): void => {
      for (const one of locks) one.release();
    };
    const dataEnding = new AbortController();
    const dataEnd = AbortSignal.any([signal, dataEnding.signal]);
    let doDataGoOn = false;
    try {
      const isPublisher = onPublished !== undefined;
      if (isPublisher && folder !== '') locks.push(await StoreLock.take(storeDir, market));
      const own = { lock, ...(await this.#open()) };
      await this.#run(own, signal, dataEnd);
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

  /** What an account is owed under the last proved root; undefined before there is one. */
  accountProof(account: number): Uint8Array | undefined {
    const { side, tracker } = this.#own ?? {};
    const signed = tracker?.signed;
    return signed && side?.accountProof(account, signed);
  }

  /** Whether anybody can forge the proofs of this chain. */
  get devKeys(): boolean {
    return (this.#own?.side ?? this.#kind).devKeys;
  }

  /** Gives back what the accounts are kept in; after `run`. Nothing is asked of it then. */
  close(): void {
    this.#own?.tracker.close();
  }

  async #open(): Promise<Omit<OwnChain<G, E, P>, 'lock'>> {
    const { progress, proved } = this;
    const { name, open } = this.#kind;
    const side = await open(progress);
    const tracker = new ChainTracker({ ...this.#options, side, name, progress, proved });
    this.#own = { side, tracker };
    return this.#own;
  }

  async #run(own: OwnChain<G, E, P>, signal: AbortSignal, dataEnd: AbortSignal): Promise<void> {
    const { market, reader, maxEpochs } = this.#options;
    const publisher = this.#openPublisher(own);
    await this.#resume(own, publisher, dataEnd);
    if (maxEpochs !== undefined && this.progress.epochsProved >= maxEpochs) return;
    const ending = new AbortController();
    const end = AbortSignal.any([signal, ending.signal]);
    const line = this.#openLine(own, end, () => ending.abort());
    const batcher = this.#batcher;
    try {
      for await (const epoch of closedEpochs({ market, reader, batcher, signal: end })) {
        const { closed } = epoch;
        if (await own.tracker.meet(epoch, creationOf(market, batcher))) {
          await publisher?.publish(closed, end);
          // Not before: the data of a stream that is not the store's have no place in it.
          this.#publishing ??= publisher?.run(closed.epoch + 1, dataEnd);
          await line.room(closed.records.length);
          if (end.aborted) break;
          line.add(await this.#plan(own, closed, end));
        }
        if (signal.aborted || own.tracker.epochs === maxEpochs) break;
      }
      if (!signal.aborted) await line.drain();
    } catch (error) {
      if (error instanceof ProverError && !isClosed(error) && !passingError(error)) {
        // What came before it is kept all the same; where it passes, by the run that comes next.
        this.progress.stopped = `${error.code}: ${error.message}`;
        await line.drain();
      }
      throw error;
    } finally {
      ending.abort();
      await line.stopped();
    }
  }

  #openPublisher({ side: { data: store } }: OwnChain<G, E, P>): DataPublisher | undefined {
    const { market, reader, logger, onPublished } = this.#options;
    if (onPublished === undefined) return undefined;
    return new DataPublisher({ market, reader, store, logger, onPublished });
  }

  #openLine(own: OwnChain<G, E, P>, signal: AbortSignal, onFailure: () => void): ProvingLine<P> {
    const { market, storeDir, logger, turns, aheadEpochs, lookMs } = this.#options;
    const { progress } = this;
    const isStark = this.#kind.folder !== '';
    const setAside = new SetAside({ market, storeDir, logger, signal, lookMs, isStark });
    progress.setAside = () => setAside.list();
    const { clear, ...proving } = own.side.line(signal);
    const keep = async (planned: P, proved: ProvedEpoch, startedMs: number) => {
      await this.#keep(own, planned, proved, startedMs, signal);
      await clear(planned.closed.epoch + 1);
      await setAside.clear(planned.closed.epoch + 1);
    };
    return new ProvingLine({
      ...{ market, ...proving, turns, setAside, progress, signal, keep, onFailure },
      maxEpochs: aheadEpochs ?? DEFAULT_AHEAD,
    });
  }

  /** Data are published also where nothing can be proved on, if the stream is the store's. */
  async #resume(
    { side: { store }, tracker }: OwnChain<G, E, P>,
    publisher: DataPublisher | undefined,
    dataEnd: AbortSignal,
  ): Promise<void> {
    const stored = await store.genesis();
    if (stored === undefined) return;
    const { genesis } = stored;
    // Verifiers go by the folder's name.
    if (genesis.name !== this.#options.market) {
      const what = `its genesis is of market ${genesis.name}`;
      throw store.conflict(`${what}; give the folder that name again, or restore this market's`);
    }
    try {
      await tracker.resume(stored);
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

  async #plan(
    { lock, side, tracker }: OwnChain<G, E, P>,
    closed: ClosedEpoch,
    signal: AbortSignal,
  ): Promise<P> {
    lock.check();
    const { epoch } = closed;
    const operatorKeys = await tracker.signerKeys(epoch);
    const written = (write: () => Promise<void>) => this.#written(write, epoch, signal);
    const planned = await side.plan(closed, { operatorKeys, written });
    tracker.epochs = epoch + 1;
    return planned;
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
    { lock, side, tracker }: OwnChain<G, E, P>,
    planned: P,
    { epochFile, proofs }: ProvedEpoch,
    startedMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { market, onPublished, onProved, logger } = this.#options;
    const { closed, plan } = planned;
    const { epoch, sequenceFirst, sequenceLast } = closed;
    const put = async (): Promise<void> => {
      lock.check();
      await tracker.signerKeys(epoch);
      // Whoever publishes them is ahead, or has ended with an error: no epoch is without its data.
      if (onPublished === undefined) await side.data.putData(epoch, epochData(closed.records));
      await side.store.putEpoch(epoch, epochFile);
    };
    await this.#written(put, epoch, signal);
    side.adopt(planned);
    tracker.moveTo(plan);
    const recordCount = closed.records.length;
    this.progress.proved(epoch + 1, closed.recordFirst + recordCount);
    const ms = Math.round(performance.now() - startedMs);
    const { name: chain } = this.#kind;
    logger.info('epoch proved', { market, chain, epoch, recordCount, proofs, ms });
    const entry = {
      ...{ sequenceFirst, sequenceLast, recordCount },
      headerHash: bytesToHex(plan.tip.previousHash),
      rootNew: bytesToHex(side.rootBytes(plan.tip.root)),
    };
    this.proved.add(entry);
    onProved({ market, epoch, ...entry, proofs, ms });
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof ProverError && error.code === 'CLOSED';
}
