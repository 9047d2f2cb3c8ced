// SPDX-License-Identifier: GPL-3.0-or-later
import { diffFilter } from '@foldbook/protocol';
import type { StreamReader } from '@foldbook/runtime';
import { decodeDiffBatch } from './diff-record.ts';
import type { ClosedEpoch, EpochBatcher } from './epoch-batcher.ts';
import { ProverError } from './prover-error.ts';

export interface ClosedEpochsOptions {
  readonly market: string;
  readonly reader: StreamReader;
  /** One that has seen nothing yet. */
  readonly batcher: EpochBatcher;
  readonly signal: AbortSignal;
}

/** A closed epoch, and the market's number in the message that closed it. */
export interface MarketEpoch {
  readonly marketNumber: number;
  readonly closed: ClosedEpoch;
}

/**
 * The market's epochs, from the first one on, as they close; read no faster than they are taken.
 * @throws ProverError for a stream that is no market's
 */
export async function* closedEpochs(options: ClosedEpochsOptions): AsyncGenerator<MarketEpoch> {
  const { market, reader, batcher, signal } = options;
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
      const closed = batcher.push(diff);
      if (closed !== undefined) yield { marketNumber: decoded.value.market, closed };
    }
  }
}
