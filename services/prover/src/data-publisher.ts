// SPDX-License-Identifier: GPL-3.0-or-later
import { setTimeout as delay } from 'node:timers/promises';
import type { EpochPublished } from '@foldbook/protocol';
import { type Logger, StreamError, type StreamReader } from '@foldbook/runtime';
import { diffsFileName, recordsFileName } from '@foldbook/verifier';
import { closedEpochs, type MarketEpoch } from './closed-epochs.ts';
import { type ClosedEpoch, EpochBatcher } from './epoch-batcher.ts';
import { epochData } from './epoch-data.ts';
import { passingError } from './passing-error.ts';
import type { ProofStore } from './proof-store.ts';
import { messageOf, type ProverError } from './prover-error.ts';
import { untilWritten } from './store-patience.ts';
import { areDataOf, type StoredChainOf } from './stream-match.ts';

const RETRY_MS = 1_000;

export interface DataPublisherOptions {
  readonly market: string;
  readonly reader: StreamReader;
  readonly store: ProofStore;
  readonly logger: Logger;
  readonly onPublished: (published: EpochPublished) => void;
}

/**
 * Puts the data of epochs into the store when they close, however far behind the proofs are: it
 * reads the stream by itself, and holds one epoch at a time. It needs neither keys nor circuits.
 */
export class DataPublisher {
  readonly #options: DataPublisherOptions;

  constructor(options: DataPublisherOptions) {
    this.#options = options;
  }

  /**
   * Publishes epochs from a number on, until `signal`. Never throws: the proofs wait for none.
   * @param chain - to be held against the stream; it was, if absent
   */
  async run(fromEpoch: number, signal: AbortSignal, chain?: StoredChainOf): Promise<void> {
    const { market, logger } = this.#options;
    for (let next = fromEpoch; !signal.aborted; ) {
      try {
        for await (const { closed, isTheirs } of this.#closedEpochs(signal, chain)) {
          if (!isTheirs) {
            const what = 'the stream is not that of the store: no data are published';
            logger.error(what, { market, epoch: closed.epoch });
            return;
          }
          if (closed.epoch >= next) await this.publish(closed, signal);
          next = Math.max(next, closed.epoch + 1);
          if (signal.aborted) return;
        }
      } catch (error) {
        if (signal.aborted) return;
        const passing = passingError(error);
        const lost = passing instanceof StreamError ? 'diff stream lost' : 'store lost';
        const words =
          passing === undefined
            ? 'data of epochs are published no sooner than they are proved'
            : `${lost}, data are published when it is back`;
        logger.warn(words, { market, error: messageOf(error) });
        if (passing === undefined) return;
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async *#closedEpochs(
    signal: AbortSignal,
    chain: StoredChainOf | undefined,
  ): AsyncGenerator<MarketEpoch & { readonly isTheirs: boolean }> {
    const { market, reader } = this.#options;
    const batcher = new EpochBatcher(market);
    for await (const epoch of closedEpochs({ market, reader, batcher, signal })) {
      const isTheirs = chain === undefined || (await areDataOf(chain, epoch, batcher.creation));
      yield { ...epoch, isTheirs };
    }
  }

  /** Publishes one epoch's data, unless the store has them. */
  async publish({ epoch, records, ...closed }: ClosedEpoch, signal: AbortSignal): Promise<void> {
    const { market, store, onPublished } = this.#options;
    const data = epochData(records);
    const onTrouble = (error: ProverError | undefined) => this.#tellTrouble(epoch, error);
    const put = () => store.putData(epoch, data);
    if (!(await untilWritten(put, { signal, onTrouble }))) return;
    const folder = `${market}/epochs`;
    onPublished({
      market,
      epoch,
      sequenceFirst: closed.sequenceFirst,
      sequenceLast: closed.sequenceLast,
      recordFirst: closed.recordFirst,
      recordCount: records.length,
      accounts: data.accounts,
      recordsDigest: data.records.digest,
      recordsPath: `${folder}/${recordsFileName(epoch)}`,
      diffsDigest: data.diffs.digest,
      diffsPath: `${folder}/${diffsFileName(epoch)}`,
    });
  }
  #tellTrouble(epoch: number, error: ProverError | undefined): void {
    const { market, logger } = this.#options;
    if (error === undefined) logger.info('data are written again', { market, epoch });
    else logger.warn('data wait for the disk', { market, epoch, error: messageOf(error) });
  }
}
