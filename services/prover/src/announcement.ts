// SPDX-License-Identifier: GPL-3.0-or-later
/** What the prover tells the world: on `proof.<market>.<epoch>`, and the process that forked it. */
import { type EpochProved, encodeEpochProved, proofSubject } from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';
import type { ProverStatus } from './prover-progress.ts';

/** Messages of the prover to the process that forked it. */
export type ProverMessage =
  | { readonly type: 'ready' }
  | ({ readonly type: 'epoch-proved' } & EpochProved)
  | ({ readonly type: 'status' } & ProverStatus);

export type SendToParent = (message: ProverMessage) => void;

/** Best effort, like every publication: the proof store is the truth. */
export function publishEpochProved(transport: Transport, proved: EpochProved): void {
  transport.publish(proofSubject(proved.market, proved.epoch), encodeEpochProved(proved));
}
