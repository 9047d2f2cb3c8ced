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
import { MarketProver, type MarketProverOptions } from './market-prover.ts';
import { passingError } from './passing-error.ts';
import type { OwedFile } from './proof-adapter.ts';
import { messageOf, ProverError } from './prover-error.ts';
import type { ProverStatus } from './prover-progress.ts';

const ALL_DIFFS = diffFilter('*');
const LOOK_MS = 1_000;
/** A market that failed by what passes is left alone for 1, 2, 4, ... looks, and these at most. */
const MOST_LOOKS = 32;

/** A market's figures, and one of the process that proves it. */
export interface ToldStatus extends ProverStatus {
  readonly rssBytes: number;
}

export interface ProverServiceOptions extends Omit<MarketProverOptions, 'market' | 'onProved'> {
  readonly onProved: (proved: EpochProved) => void;
  /** Told of each market whose figures changed, about once a second. */
  readonly onStatus?: (status: ToldStatus) => void;
  /** Proves these alone; every market of the stream by default. */
  readonly markets?: readonly string[] | undefined;
  /** How often the stream is looked at for new markets and backlogs. Default 1,000 ms. */
  readonly lookMs?: number;
}

interface ServedMarket {
  readonly prover: MarketProver;
  /** Ends once nothing of it is written any more. */
  readonly running: Promise<void>;
  /** Of a market that waits for something to pass: it is started again at this look. */
  againAt?: number;
}

/** Proves every market of one partition's diff stream; a market that fails stops alone. */
export class ProverService {
  readonly #options: ProverServiceOptions;
  readonly #markets = new Map<string, ServedMarket>();
  /** Of markets that failed and proved nothing since: looks to leave out the next time. */
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
    return [...this.#markets.values()].map(({ prover }) => prover.progress.status());
  }

  /** How far a market's proofs are, and which epoch has a sequence; undefined if it is not here. */
  proofOf(market: string, sequence: number): ProofStatus | undefined {
    const prover = this.#markets.get(market)?.prover;
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

  /** What an account is owed under the last proved root; undefined if the market is not here. */
  owedTo(market: string, account: number): OwedFile | undefined {
    const prover = this.#markets.get(market)?.prover;
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
    await Promise.all([...this.#markets.values()].map(({ running }) => running));
    for (const { prover } of this.#markets.values()) prover.close();
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
    const served = this.#markets.get(market);
    const isDue = served?.againAt !== undefined && served.againAt <= this.#looks;
    const known = served === undefined || isDue ? this.#startMarket(market) : served;
    const decoded = decodeDiffBatch(record.payload);
    if (!decoded.ok) return;
    for (const diff of decoded.value.records) {
      if (diff.type === 'settlement') known.prover.progress.closed(0, diff.recordIndex + 1);
      if (diff.type === 'epoch') {
        known.prover.progress.closed(diff.epoch + 1, diff.recordFirst + diff.recordCount);
      }
    }
  }

  #startMarket(market: string): ServedMarket {
    const onProved = (proved: EpochProved): void => {
      this.#patience.delete(market);
      this.#options.onProved(proved);
    };
    const prover = new MarketProver({ ...this.#options, market, onProved });
    const proving = prover.run(this.#stopping.signal).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) this.#failed(market, prover, error);
    });
    const entry = { prover, running: proving.then(() => prover.published()) };
    this.#markets.set(market, entry);
    return entry;
  }

  #failed(market: string, prover: MarketProver, error: unknown): void {
    const { logger } = this.#options;
    const passing = passingError(error);
    if (passing instanceof StreamError) {
      // Forgotten, it is met again at the next look, and goes on from its store.
      logger.warn('diff stream lost, starting again', { market, error: passing.message });
      this.#markets.delete(market);
      prover.close();
      return;
    }
    const known = passing ?? error;
    const isCoded = known instanceof ProverError || known instanceof StreamError;
    const reason = `${isCoded ? known.code : 'BUG'}: ${messageOf(known)}`;
    prover.progress.stopped = reason;
    if (passing === undefined) {
      logger.error('market is not proved any further', { market, reason });
      return;
    }
    const looks = this.#patience.get(market) ?? 1;
    this.#patience.set(market, Math.min(MOST_LOOKS, 2 * looks));
    const entry = this.#markets.get(market);
    if (entry !== undefined) entry.againAt = this.#looks + looks;
    prover.close();
    logger.warn('market waits, and is started again', { market, reason, looks });
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
