// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Answers, on `proof.<market>`, which epoch proves a market sequence. Notices are heard once or
 * not at all: who comes later, or missed one, asks.
 */
import {
  decodeProofQuestion,
  encodeOwedAnswer,
  encodeProofRefusal,
  encodeProofStatus,
  OWED_FILTER,
  PROOFS_FILTER,
  type ProofStatus,
  parseMarketSubject,
  parseOwedSubject,
  refuse,
} from '@foldbook/protocol';
import { answer, type Subscription, type Transport } from '@foldbook/runtime';

/** What an account is owed: a file, or why the operator gives none. */
export type OwedFile = Uint8Array | { readonly name: 'NO_ACCOUNT_PROOF'; readonly detail: string };

/**
 * Answers on `owed.<market>.<account>`; who may ask for which account is the broker's to say.
 * `owedTo`: undefined for a market that this prover does not prove.
 */
export function serveOwed(
  transport: Transport,
  owedTo: (market: string, account: number) => OwedFile | undefined,
): Subscription {
  return transport.subscribe(OWED_FILTER, ({ subject, reply }) => {
    const asked = parseOwedSubject(subject);
    if (reply === undefined || asked === undefined) return;
    const file = owedTo(asked.market, asked.account);
    if (file === undefined) return;
    const bytes =
      file instanceof Uint8Array
        ? encodeOwedAnswer(file)
        : encodeProofRefusal(refuse(file.name, 0, file.detail));
    answer(transport, reply, bytes);
  });
}

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
