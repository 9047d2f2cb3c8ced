// SPDX-License-Identifier: GPL-3.0-or-later
import { memoryUsage } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import {
  diffFilter,
  type EpochProved,
  type ProofStatus,
  parseDiffSubject,
} from '@foldbook/protocol';
import { StreamError, type StreamRecord } from '@foldbook/runtime';
import { decodeDiffBatch } from './diff-record.ts';
import {
  announcedOf,
  type ChainKind,
  type ChainKinds,
  type MarketChains,
} from './market-chains.ts';
import { MarketProver, type MarketProverOptions } from './market-prover.ts';
import { passingError } from './passing-error.ts';
import type { OwedFile } from './proof-adapter.ts';
import { messageOf, ProverError } from './prover-error.ts';
import type { ProverStatus } from './prover-progress.ts';
import { StarkMarketProver, type StarkMarketProverOptions } from './stark-market-prover.ts';

const ALL_DIFFS = diffFilter('*');
const LOOK_MS = 1_000;
/** A market that failed by what passes is left alone for 1, 2, 4, ... looks, and these at most. */
const MOST_LOOKS = 32;

/** A market's figures, and one of the process that proves it. */
export interface ToldStatus extends ProverStatus {
  readonly rssBytes: number;
}

/** The STARK chains, as far as they are unlike the Poseidon chains. */
export type StarkServiceOptions = Pick<
  StarkMarketProverOptions,
  'commits' | 'parameters' | 'partRecords' | 'cutJobs'
>;

export interface ProverServiceOptions extends Omit<MarketProverOptions, 'market' | 'onProved'> {
  readonly onProved: (proved: EpochProved) => void;
  /** Told of each market whose figures changed, about once a second. */
  readonly onStatus?: (status: ToldStatus) => void;
  readonly chains: Pick<MarketChains, 'of'>;
  /** Asked for where `chains` has STARK chains. */
  readonly stark?: StarkServiceOptions | undefined;
  /** Proves these alone; every market of the stream by default. */
  readonly markets?: readonly string[] | undefined;
  /** How often the stream is looked at for new markets and backlogs. Default 1,000 ms. */
  readonly lookMs?: number;
}

/** One chain of a market. */
interface ServedChain {
  readonly kind: ChainKind;
  readonly prover: MarketProver | StarkMarketProver;
  /** Ends once nothing of it is written any more. */
  readonly running: Promise<void>;
  /** Of a chain that waits for something to pass: it is started again at this look. */
  againAt?: number;
}

const CHAIN_KINDS = ['poseidon', 'stark'] as const satisfies ChainKinds;
const keyOf = (kind: ChainKind, market: string): string => `${kind} ${market}`;

/** Proves every market of one partition's diff stream; a market that fails stops alone. */
export class ProverService {
  readonly #options: ProverServiceOptions;
  /** By kind and market. */
  readonly #chains = new Map<string, ServedChain>();
  /** Of chains that failed and proved nothing since: looks to leave out the next time. */
  readonly #patience = new Map<string, number>();
  #looks = 0;
  readonly #shown = new Map<string, string>();
  readonly #stopping = new AbortController();
  readonly #looking: Promise<void>;
  #trouble = '';

  constructor(options: ProverServiceOptions) {
    this.#options = options;
    options.queue.onTrouble((state, detail) => {
      if (state === 'lost') options.logger.warn('proof queue lost', { detail });
      else options.logger.info('proof queue back', { detail });
    });
    this.#looking = this.#look();
  }

  status(): ProverStatus[] {
    const { chains } = this.#options;
    const ofMain = [...this.#chains.values()].filter(
      ({ kind, prover }) => kind === chains.of(prover.market)[0],
    );
    return ofMain.map(({ prover }) => {
      const { market } = prover;
      const status = prover.progress.status();
      const [, other] = chains.of(market);
      const second = other && this.#chains.get(keyOf(other, market));
      return second === undefined
        ? status
        : { ...status, secondChain: second.prover.progress.status() };
    });
  }

  /** The chain of a market that `choose` names; undefined if the market is not here. */
  #chainOf(
    market: string,
    choose: (kinds: ChainKinds) => ChainKind,
  ): ServedChain['prover'] | undefined {
    // Anybody may ask for any name: only what the stream has is worth a look at the stores.
    if (!CHAIN_KINDS.some((kind) => this.#chains.has(keyOf(kind, market)))) return undefined;
    return this.#chains.get(keyOf(choose(this.#options.chains.of(market)), market))?.prover;
  }

  /** How far a market's proofs are, and which epoch has a sequence; undefined if it is not here. */
  proofOf(market: string, sequence: number): ProofStatus | undefined {
    const prover = this.#chainOf(market, announcedOf);
    if (prover === undefined) return undefined;
    const { proved, progress } = prover;
    const { recordsBacklog, stopped, setAside } = progress.status();
    const [first] = setAside;
    const waits =
      first && `proof ${first.part} of epoch ${first.epoch} is set aside: ${first.reason}`;
    return {
      market,
      epochs: proved.count,
      provedTo: proved.provedTo,
      recordsBacklog,
      devKeys: prover.devKeys,
      stopped: stopped ?? waits ?? null,
      proof: proved.of(sequence) ?? null,
    };
  }

  /**
   * What an account is owed under the last proved root; undefined if the market is not here. Of two
   * chains it is the Poseidon's, the first one, whose proofs bind it.
   */
  owedTo(market: string, account: number): OwedFile | undefined {
    const prover = this.#chainOf(market, ([first]) => first);
    if (prover === undefined) return undefined;
    const file = prover.accountProof(account);
    if (file !== undefined) return file;
    const { epochsProved } = prover.progress;
    const detail = epochsProved === 0 ? 'nothing is proved yet' : 'it reads its epochs once more';
    return { name: 'NO_ACCOUNT_PROOF', detail };
  }

  /** Ends reading and waits for the markets. Close the queue first: they may wait for proofs. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#looking;
    await Promise.all([...this.#chains.values()].map(({ running }) => running));
    for (const { prover } of this.#chains.values()) prover.close();
  }

  async #look(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#looks += 1;
      for (const record of await this.#lastOfEach()) this.#meet(record);
      this.#showStatus();
      await delay(this.#options.lookMs ?? LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #lastOfEach(): Promise<StreamRecord[]> {
    try {
      const records = await this.#options.reader.lastOfEach(ALL_DIFFS);
      this.#trouble = '';
      return records;
    } catch (error) {
      this.#tellTrouble(error);
      return [];
    }
  }

  #tellTrouble(error: unknown): void {
    // Before the market's first start there is no stream.
    if (error instanceof StreamError && error.code === 'NO_STREAM') return;
    const message = messageOf(error);
    if (message === this.#trouble) return;
    this.#trouble = message;
    this.#options.logger.warn('cannot look at the diff stream', { error: message });
  }

  #meet(record: StreamRecord): void {
    const market = parseDiffSubject(record.subject);
    if (market === undefined || this.#stopping.signal.aborted) return;
    const { markets } = this.#options;
    if (markets !== undefined && !markets.includes(market)) return;
    const decoded = decodeDiffBatch(record.payload);
    for (const kind of this.#options.chains.of(market)) {
      const served = this.#chains.get(keyOf(kind, market));
      const isDue = served?.againAt !== undefined && served.againAt <= this.#looks;
      const known = served === undefined || isDue ? this.#start(kind, market) : served;
      const { progress } = known.prover;
      for (const diff of decoded.ok ? decoded.value.records : []) {
        if (diff.type === 'settlement') progress.closed(0, diff.recordIndex + 1);
        if (diff.type === 'epoch') {
          progress.closed(diff.epoch + 1, diff.recordFirst + diff.recordCount);
        }
      }
    }
  }

  #start(kind: ChainKind, market: string): ServedChain {
    const key = keyOf(kind, market);
    const prover = this.#open(kind, market, () => this.#patience.delete(key));
    const proving = prover.run(this.#stopping.signal).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) this.#failed(kind, market, prover, error);
    });
    const entry = { kind, prover, running: proving.then(() => prover.published()) };
    this.#chains.set(key, entry);
    return entry;
  }

  #open(kind: ChainKind, market: string, onAny: () => void): ServedChain['prover'] {
    const { stark, ...options } = this.#options;
    const kinds = options.chains.of(market);
    const isAnnounced = kind === announcedOf(kinds);
    const onProved = (proved: EpochProved): void => {
      onAny();
      if (isAnnounced) options.onProved(proved);
    };
    if (kind === 'poseidon') return new MarketProver({ ...options, market, onProved });
    if (stark === undefined) throw new Error('STARK chains are asked for without their options');
    // Two publishers of one market's data would do everything twice.
    const onPublished = kind === kinds[0] ? options.onPublished : undefined;
    return new StarkMarketProver({ ...options, ...stark, market, onProved, onPublished });
  }

  #failed(kind: ChainKind, market: string, prover: ServedChain['prover'], error: unknown): void {
    const key = keyOf(kind, market);
    const logger = this.#options.logger;
    const passing = passingError(error);
    if (passing instanceof StreamError) {
      // Forgotten, it is met again at the next look, and goes on from its store.
      logger.warn('diff stream lost, starting again', {
        market,
        chain: kind,
        error: passing.message,
      });
      this.#chains.delete(key);
      prover.close();
      return;
    }
    const known = passing ?? error;
    const isCoded = known instanceof ProverError || known instanceof StreamError;
    const reason = `${isCoded ? known.code : 'BUG'}: ${messageOf(known)}`;
    prover.progress.stopped = reason;
    if (passing === undefined) {
      logger.error('market is not proved any further', { market, chain: kind, reason });
      return;
    }
    const looks = this.#patience.get(key) ?? 1;
    this.#patience.set(key, Math.min(MOST_LOOKS, 2 * looks));
    const entry = this.#chains.get(key);
    if (entry !== undefined) entry.againAt = this.#looks + looks;
    prover.close();
    logger.warn('market waits, and is started again', { market, chain: kind, reason, looks });
  }

  #showStatus(): void {
    for (const status of this.status()) {
      const text = JSON.stringify(status);
      if (this.#shown.get(status.market) === text) continue;
      this.#shown.set(status.market, text);
      this.#options.onStatus?.({ ...status, rssBytes: memoryUsage.rss() });
    }
  }
}
