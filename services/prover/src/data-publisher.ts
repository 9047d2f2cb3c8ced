// SPDX-License-Identifier: GPL-3.0-or-later
import { setTimeout as delay } from 'node:timers/promises';
import type { EpochPublished } from '@foldbook/protocol';
import { type Logger, StreamError, type StreamReader } from '@foldbook/runtime';
import { diffsFileName, recordsFileName } from '@foldbook/verifier';
import { closedEpochs } from './closed-epochs.ts';
import { type ClosedEpoch, EpochBatcher } from './epoch-batcher.ts';
import { epochData } from './epoch-data.ts';
import type { ProofStore } from './proof-store.ts';
import { messageOf } from './prover-error.ts';

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

  /** Publishes epochs from a number on, until `signal`. Never throws: the proofs wait for none. */
  async run(fromEpoch: number, signal: AbortSignal): Promise<void> {
    const { market, logger } = this.#options;
    for (let next = fromEpoch; !signal.aborted; ) {
      try {
        for await (const closed of this.#closedEpochs(signal)) {
          if (closed.epoch >= next) await this.publish(closed);
          next = Math.max(next, closed.epoch + 1);
          if (signal.aborted) return;
        }
      } catch (error) {
        if (signal.aborted) return;
        const isPassing = error instanceof StreamError && error.code === 'UNAVAILABLE';
        const words = isPassing
          ? 'diff stream lost, data are published when it is back'
          : 'data of epochs are published no sooner than they are proved';
        logger.warn(words, { market, error: messageOf(error) });
        if (!isPassing) return;
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async *#closedEpochs(signal: AbortSignal): AsyncGenerator<ClosedEpoch> {
    const { market, reader } = this.#options;
    const batcher = new EpochBatcher(market);
    for await (const { closed } of closedEpochs({ market, reader, batcher, signal })) yield closed;
  }

  /** Publishes one epoch's data, unless the store has them. */
  async publish({ epoch, records, ...closed }: ClosedEpoch): Promise<void> {
    const { market, store, onPublished } = this.#options;
    const data = epochData(records);
    if (!(await store.putData(epoch, data))) return;
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
}
