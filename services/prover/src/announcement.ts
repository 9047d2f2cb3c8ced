// SPDX-License-Identifier: GPL-3.0-or-later
/** What the prover tells the world: on `proof.<market>.<epoch>`, and the process that forked it. */
import { proofSubject } from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';
import type { ProverStatus } from './prover-progress.ts';

export interface EpochProved {
  readonly market: string;
  readonly epoch: number;
  /** Market sequences of its first and last command. */
  readonly sequenceFirst: number;
  readonly sequenceLast: number;
  /** Hex. */
  readonly headerHash: string;
  readonly rootNew: string;
  readonly recordCount: number;
  readonly proofs: number;
  /** From the plan to the store, waiting for threads included. */
  readonly ms: number;
}

/** Messages of the prover to the process that forked it. */
export type ProverMessage =
  | { readonly type: 'ready' }
  | ({ readonly type: 'epoch-proved' } & EpochProved)
  | ({ readonly type: 'status' } & ProverStatus);

export type SendToParent = (message: ProverMessage) => void;

/** The message's payload: a JSON map, v is the version of its fields. */
export function encodeEpochProved(proved: EpochProved): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ v: 1, ...proved }));
}

/** Best effort, like every publication: the proof store is the truth. */
export function publishEpochProved(transport: Transport, proved: EpochProved): void {
  transport.publish(proofSubject(proved.market, proved.epoch), encodeEpochProved(proved));
}
