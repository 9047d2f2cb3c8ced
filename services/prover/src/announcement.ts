// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What the prover tells the world, on `data.<market>.<epoch>` and `proof.<market>.<epoch>`, and the
 * process that forked it.
 */
import {
  dataSubject,
  type EpochProved,
  type EpochPublished,
  encodeEpochProved,
  encodeEpochPublished,
  proofSubject,
} from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';
import type { ToldStatus } from './prover-service.ts';

/** Messages of the prover to the process that forked it. */
export type ProverMessage =
  | { readonly type: 'ready' }
  | ({ readonly type: 'epoch-proved' } & EpochProved)
  | ({ readonly type: 'status' } & ToldStatus);

export type SendToParent = (message: ProverMessage) => void;

/** Best effort: the store's folder is the truth. */
export function publishEpochData(transport: Transport, published: EpochPublished): void {
  transport.publish(
    dataSubject(published.market, published.epoch),
    encodeEpochPublished(published),
  );
}

/** Best effort, like every publication: the proof store is the truth. */
export function publishEpochProved(transport: Transport, proved: EpochProved): void {
  transport.publish(proofSubject(proved.market, proved.epoch), encodeEpochProved(proved));
}
