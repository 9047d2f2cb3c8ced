/** Evidence of two chains of one market: one owner, one log, and two histories. */
import { bytesToHex, sameBytes } from './bytes.ts';
import type { ChainStart } from './chain-start.ts';
import type { ChainSide, Evidence } from './evidence-file.ts';
import {
  type CheckedHeader,
  checkPins,
  pairOf,
  readChain,
  signedHeader,
} from './evidence-parts.ts';
import { type EvidenceAccepted, type EvidencePins, fits, Refusal } from './evidence-verdict.ts';
import { compareByLog } from './log-conflict.ts';
import { commonKey, endedFrom } from './operator-keys.ts';

interface Side extends CheckedHeader {
  readonly chain: ChainStart;
}

export function checkChains(
  { kind, sides }: Extract<Evidence, { readonly kind: 'chains' }>,
  pins: EvidencePins,
): EvidenceAccepted {
  const [a, b] = pairOf(sides, 'sides', readSide);
  if (sameBytes(a.chain.genesisHash, b.chain.genesisHash)) {
    throw new Refusal('EVIDENCE_FORMAT', 'both sides are of one chain: that is kind "headers"');
  }
  const { name } = a.chain.genesis;
  const otherName = b.chain.genesis.name;
  if (name !== otherName) throw fits(`${name} and ${otherName} are two markets`);
  checkPins(pins, a.keys, b.keys);
  const { words, isOneLog } = compareByLog(a.header, b.header);
  if (!isOneLog) throw fits('no log head that both have ties the two chains to one log');
  if (words === undefined) throw fits('the two chains agree');
  const owner = commonKey(a.keys, a.header.epoch, b.keys, b.header.epoch);
  if (owner === undefined) {
    const names = `the chains are signed by ${a.signedBy} and ${b.signedBy}`;
    throw new Refusal('EVIDENCE_SIGNER', `${names}, which nothing ties together`);
  }
  const signers = signersOf(a, b);
  const against = signers.some(({ retiredFrom }) => retiredFrom !== null) ? 'retired' : 'signed';
  const parts = { kind, market: name, words, receiptKeys: [], signers, against } as const;
  return { ok: true, ...parts, operatorKey: bytesToHex(owner) };
}

function readSide(side: ChainSide): Side {
  const chain = readChain(side.genesis);
  return { chain, ...signedHeader(side, chain) };
}

function signersOf(a: Side, b: Side): EvidenceAccepted['signers'] {
  // One head of the log is of one epoch: who gives it a lower number is not in that epoch's time.
  const [ofA, ofB] = [a.header.epoch, b.header.epoch];
  const fromA = endedFrom(a.keys, b.keys, ofA, ofB) ?? null;
  const fromB = endedFrom(b.keys, a.keys, ofB, ofA) ?? null;
  if (a.signedBy === b.signedBy) return [{ key: a.signedBy, retiredFrom: fromA ?? fromB }];
  return [
    { key: a.signedBy, retiredFrom: fromA },
    { key: b.signedBy, retiredFrom: fromB },
  ];
}
