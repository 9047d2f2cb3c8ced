// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Answers, on `proof.<market>`, which epoch proves a market sequence. Notices are heard once or
 * not at all: who comes later, or missed one, asks.
 */
import {
  decodeProofQuestion,
  encodeProofRefusal,
  encodeProofStatus,
  PROOFS_FILTER,
  type ProofStatus,
  parseMarketSubject,
} from '@foldbook/protocol';
import { answer, type Subscription, type Transport } from '@foldbook/runtime';

/** `proofOf`: undefined for a market that this prover does not prove: another one may answer. */
export function serveProofs(
  transport: Transport,
  proofOf: (market: string, sequence: number) => ProofStatus | undefined,
): Subscription {
  return transport.subscribe(PROOFS_FILTER, ({ subject, payload, reply }) => {
    const market = parseMarketSubject(subject);
    if (reply === undefined || market === undefined) return;
    const question = decodeProofQuestion(payload);
    if (!question.ok) {
      answer(transport, reply, encodeProofRefusal(question));
      return;
    }
    const status = proofOf(market, question.value);
    if (status !== undefined) answer(transport, reply, encodeProofStatus(status));
  });
}
