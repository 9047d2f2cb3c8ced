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
import type { OwedFile } from './proof-adapter.ts';
import { messageOf, ProverError } from './prover-error.ts';
import type { ProverStatus } from './prover-progress.ts';

const ALL_DIFFS = diffFilter('*');
const LOOK_MS = 1_000;

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

/** Proves every market of one partition's diff stream; a market that fails stops alone. */
export class ProverService {
  readonly #options: ProverServiceOptions;
  readonly #markets = new Map<string, { prover: MarketProver; running: Promise<void> }>();
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
    const known = this.#markets.get(market) ?? this.#startMarket(market);
    const decoded = decodeDiffBatch(record.payload);
    if (!decoded.ok) return;
    for (const diff of decoded.value.records) {
      if (diff.type === 'settlement') known.prover.progress.closed(0, diff.recordIndex + 1);
      if (diff.type === 'epoch') {
        known.prover.progress.closed(diff.epoch + 1, diff.recordFirst + diff.recordCount);
      }
    }
  }

  #startMarket(market: string): { prover: MarketProver; running: Promise<void> } {
    const { logger } = this.#options;
    const prover = new MarketProver({ ...this.#options, market });
    const proving = prover.run(this.#stopping.signal).catch((error: unknown) => {
      if (this.#stopping.signal.aborted) return;
      if (isPassing(error)) {
        // Forgotten, it is met again at the next look, and goes on from its store.
        logger.warn('diff stream lost, starting again', { market, error: messageOf(error) });
        this.#markets.delete(market);
        prover.close();
        return;
      }
      const code =
        error instanceof ProverError || error instanceof StreamError ? error.code : 'BUG';
      const reason = `${code}: ${messageOf(error)}`;
      prover.progress.stopped = reason;
      logger.error('market is not proved any further', { market, reason });
    });
    const entry = { prover, running: proving.then(() => prover.published()) };
    this.#markets.set(market, entry);
    return entry;
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

function isPassing(error: unknown): boolean {
  return error instanceof StreamError && ['UNAVAILABLE', 'NO_STREAM'].includes(error.code);
}
