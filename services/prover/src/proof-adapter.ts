// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Answers, on `proof.<market>`, which epoch proves a market sequence. Notices are heard once or
 * not at all: who comes later, or missed one, asks.
 */
import { PROOFS_FILTER, parseMarketSubject } from '@foldbook/protocol';
import { answer, type Subscription, type Transport } from '@foldbook/runtime';
import type { ProvedEpoch } from './proved-epochs.ts';

export interface ProofAnswer {
  readonly market: string;
  /** Epochs that are proved, and the market sequence that they reach. */
  readonly epochs: number;
  readonly provedTo: number;
  /** Settlement records that are known and in no proved epoch. */
  readonly recordsBacklog: number;
  /** The proofs are made with development keys, which anybody can forge with. */
  readonly devKeys: boolean;
  /** Why the market is not proved any further, when it isn't. */
  readonly stopped: string | null;
  /** Null while the sequence is in no proved epoch. */
  readonly proof: ProvedEpoch | null;
}

/** No question is longer. */
const MAX_QUESTION_BYTES = 256;

/** `proofOf`: undefined for a market that this prover does not prove: another one may answer. */
export function serveProofs(
  transport: Transport,
  proofOf: (market: string, sequence: number) => ProofAnswer | undefined,
): Subscription {
  return transport.subscribe(PROOFS_FILTER, ({ subject, payload, reply }) => {
    const market = parseMarketSubject(subject);
    if (reply === undefined || market === undefined) return;
    const sequence = readSequence(payload);
    const found = sequence === undefined ? REFUSAL : proofOf(market, sequence);
    if (found === undefined) return;
    const map = found === REFUSAL ? REFUSAL : { v: 1, code: 0, ...found };
    answer(transport, reply, new TextEncoder().encode(JSON.stringify(map)));
  });
}

const REFUSAL = {
  v: 1,
  code: 107,
  name: 'FIELD_RANGE',
  detail: 'ask with {"v":1,"sequence":<market sequence>}',
} as const;

function readSequence(payload: Uint8Array): number | undefined {
  if (payload.byteLength > MAX_QUESTION_BYTES) return undefined;
  try {
    const question: unknown = JSON.parse(new TextDecoder().decode(payload));
    if (typeof question !== 'object' || question === null) return undefined;
    const { sequence } = question as { readonly sequence?: unknown };
    const isSequence = Number.isSafeInteger(sequence) && Number(sequence) > 0;
    return isSequence ? Number(sequence) : undefined;
  } catch {
    return undefined;
  }
}
