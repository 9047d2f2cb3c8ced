import type { Receipt } from '@foldbook/protocol/receipt';
import { bytesToHex, sameBytes } from './bytes.ts';
import { checkAccounts } from './evidence-accounts.ts';
import { checkChains } from './evidence-chains.ts';
import { type Evidence, readEvidence, type SignedHeader } from './evidence-file.ts';
import {
  chainSignerOf,
  checkMarket,
  checkPins,
  commandsOf,
  follow,
  keysOf,
  nameOf,
  pairOf,
  readChain,
  signedHeader,
  signedReceipt,
  signerOf,
  signersOf,
} from './evidence-parts.ts';
import {
  type EvidenceAccepted,
  type EvidencePins,
  fits,
  type ReceiptSigner,
  Refusal,
} from './evidence-verdict.ts';
import { HASH_BYTES } from './header.ts';
import { headersConflict } from './header-conflict.ts';
import { CHAIN_START, type ChainPoint } from './log-group.ts';
import { keyListConflict } from './operator-keys.ts';
import type { Refused } from './reason-codes.ts';
import { receiptConflict } from './receipt-book.ts';
import { certifiersFor } from './receipt-check.ts';
import { placeInEpoch } from './receipt-place.ts';

export {
  type ChainSide,
  EVIDENCE_CHARACTERS_MAX,
  EVIDENCE_GROUPS_BYTES_MAX,
  EVIDENCE_VALUES_MAX,
  type Evidence,
  evidenceText,
  type SignedHeader,
} from './evidence-file.ts';
export type {
  EvidenceAccepted,
  EvidencePins,
  EvidenceSigner,
  ReceiptSigner,
} from './evidence-verdict.ts';

/** Checks a file of evidence with nothing but what is in it. Never throws. */
export function checkEvidence(text: string, pins: EvidencePins = {}): EvidenceAccepted | Refused {
  const read = readEvidence(text);
  if (!read.ok) return read;
  try {
    return checkParts(read.evidence, pins);
  } catch (error) {
    if (error instanceof Refusal) return error.refused;
    throw error;
  }
}

function checkParts(evidence: Evidence, pins: EvidencePins): EvidenceAccepted {
  const { kind } = evidence;
  switch (kind) {
    case 'receipts':
      return checkReceipts(evidence, pins);
    case 'header':
      return checkAgainstHeader(evidence, pins);
    case 'log':
      return checkAgainstLog(evidence, pins);
    case 'headers':
      return checkHeaders(evidence, pins);
    case 'keys':
      return checkKeyLists(evidence, pins);
    case 'chains':
      return checkChains(evidence, pins);
    case 'accounts':
      return checkAccounts(evidence, pins);
    default:
      kind satisfies never;
      throw new Refusal('EVIDENCE_FORMAT', 'kind is unknown');
  }
}

type Of<Kind extends Evidence['kind']> = Extract<Evidence, { readonly kind: Kind }>;

function checkReceipts(evidence: Of<'receipts'>, pins: EvidencePins): EvidenceAccepted {
  const { kind, certificates } = evidence;
  const [a, b] = pairOf(evidence.receipts, 'receipts', signedReceipt);
  const signers = ownersOf(a, b, certificates, pins);
  const words = receiptConflict(a, b);
  if (words === undefined) throw fits('the two receipts agree');
  const parts = { kind, market: a.market, words, receiptKeys: signers };
  return { ok: true, ...parts, operatorKey: null, signers: [], against: 'signed' };
}

/** Of two receipts: one key's, or of two that one operator certified. */
function ownersOf(
  a: Receipt,
  b: Receipt,
  certificates: readonly Uint8Array[],
  pins: EvidencePins,
): readonly ReceiptSigner[] {
  const signers = [a, b].map((receipt) => signerOf(receipt, certificates, pins));
  if (pins.operatorKey !== undefined || sameBytes(a.publicKey, b.publicKey)) return signers;
  // A node may have been certified by more than one of an operator's keys.
  const [ofA, ofB] = [a, b].map(({ publicKey }) =>
    certifiersFor(publicKey, certificates).map(bytesToHex),
  );
  const certifiedBy = ofA?.find((key) => ofB?.includes(key));
  if (certifiedBy !== undefined) return signers.map((signer) => ({ ...signer, certifiedBy }));
  // Two keys that nobody ties together are two people's.
  const owners = signers.map(({ certifiedBy, key }) => certifiedBy ?? key);
  const words = `the receipts are signed by ${owners.join(' and ')}, which nothing ties together`;
  throw new Refusal('EVIDENCE_SIGNER', words);
}

function checkAgainstHeader(evidence: Of<'header'>, pins: EvidencePins): EvidenceAccepted {
  const { kind, certificates, groups } = evidence;
  const receipt = signedReceipt(evidence.receipt);
  const chain = readChain(evidence.genesis);
  const { header, keys, signedBy } = signedHeader(evidence.epoch, chain);
  checkPins(pins, keys);
  checkMarket(receipt, chain.genesis);
  const signer = chainSignerOf(receipt, certificates, keys, header.epoch);
  const accept = (words: string): EvidenceAccepted => {
    const signers = [{ key: signedBy, retiredFrom: null }];
    const parts = { kind, words, receiptKeys: [signer], signers };
    const against = signer.retiredFrom === null ? 'signed' : 'retired';
    return { ok: true, ...parts, ...nameOf(chain), against };
  };
  const place = placeInEpoch(receipt, header);
  if (place.at === 'nowhere') return accept(`epoch ${header.epoch}: ${place.words}`);
  if (place.at !== 'inside' && place.at !== 'end') {
    throw fits(`the receipt is of a group ${place.at} the epoch`);
  }
  if (evidence.headBefore.length !== HASH_BYTES) {
    throw new Refusal('EVIDENCE_FORMAT', 'headBefore has not 32 bytes');
  }
  // Counted from the end, which is signed; so is each group before it, by its place in the chain.
  const commands = groups.reduce((sum, group) => sum + commandsOf(group), 0);
  const sequence = Number(header.sequenceLast) - commands;
  const walk = follow({ sequence, head: evidence.headBefore }, groups, receipt);
  if (sequence < Number(header.sequenceFirst) - 1) {
    throw new Refusal('EVIDENCE_FORMAT', 'the groups begin before the epoch');
  }
  if (!sameBytes(walk.end.head, header.logHeadEnd)) {
    throw new Refusal('EVIDENCE_FORMAT', 'the groups do not lead to the head that is signed');
  }
  if (walk.differs === undefined) throw fits('the receipt is of the group that the epoch has');
  return accept(`epoch ${header.epoch}: ${walk.differs}`);
}

function checkAgainstLog(evidence: Of<'log'>, pins: EvidencePins): EvidenceAccepted {
  const { kind, anchor, certificates, groups } = evidence;
  const receipt = signedReceipt(evidence.receipt);
  const { start, signer, ...of } =
    anchor === undefined
      ? fromBeginning(receipt, certificates, pins)
      : fromAnchor({ ...evidence, anchor }, receipt, pins);
  const { differs } = follow(start, groups, receipt);
  if (differs === undefined) throw fits('the log holds the group of the receipt');
  const parts = { kind, market: receipt.market, words: differs, receiptKeys: [signer] };
  return { ok: true, ...parts, ...of, against: 'log' };
}

/** Where a log is followed from, and whose receipt and head these are. */
interface LogStart extends Pick<EvidenceAccepted, 'operatorKey' | 'signers'> {
  readonly start: ChainPoint;
  readonly signer: ReceiptSigner;
}

function fromBeginning(
  receipt: Receipt,
  certificates: readonly Uint8Array[],
  pins: EvidencePins,
): LogStart {
  const signer = signerOf(receipt, certificates, pins);
  return { start: CHAIN_START, signer, operatorKey: null, signers: [] };
}

/** The receipt is of a later epoch than the anchor, of the next at the earliest. */
function fromAnchor(
  evidence: Of<'log'> & { readonly anchor: SignedHeader },
  receipt: Receipt,
  pins: EvidencePins,
): LogStart {
  if (evidence.genesis === undefined) {
    throw new Refusal('EVIDENCE_FORMAT', 'an anchor needs its genesis');
  }
  const chain = readChain(evidence.genesis);
  const { header, keys, signedBy } = signedHeader(evidence.anchor, chain);
  checkPins(pins, keys);
  checkMarket(receipt, chain.genesis);
  return {
    start: { sequence: Number(header.sequenceLast), head: header.logHeadEnd },
    signer: chainSignerOf(receipt, evidence.certificates, keys, header.epoch + 1n),
    operatorKey: nameOf(chain).operatorKey,
    signers: [{ key: signedBy, retiredFrom: null }],
  };
}

function checkHeaders(evidence: Of<'headers'>, pins: EvidencePins): EvidenceAccepted {
  const { kind } = evidence;
  const chain = readChain(evidence.genesis);
  const [a, b] = pairOf(evidence.headers, 'headers', (one) => {
    return { bytes: one.header, ...signedHeader(one, chain) };
  });
  checkPins(pins, a.keys, b.keys);
  const words = headersConflict(a, b);
  if (words === undefined) throw fits('the two headers agree');
  const signers = signersOf(a, b);
  const parts = { kind, words, receiptKeys: [], signers };
  const against = signers.every(({ retiredFrom }) => retiredFrom === null) ? 'signed' : 'retired';
  return { ok: true, ...parts, ...nameOf(chain), against };
}

function checkKeyLists(evidence: Of<'keys'>, pins: EvidencePins): EvidenceAccepted {
  const { kind } = evidence;
  const chain = readChain(evidence.genesis);
  const [a, b] = pairOf(evidence.lists, 'lists', (list) => keysOf(chain, list));
  checkPins(pins, a, b);
  const conflict = keyListConflict(a, b);
  if (conflict === undefined) throw fits('one list is the beginning of the other');
  const parts = { kind, words: conflict.words, receiptKeys: [] };
  // By either list the other change is of a key that had been given up.
  const signers = [{ key: bytesToHex(conflict.signer), retiredFrom: conflict.firstEpoch }];
  return { ok: true, ...parts, signers, ...nameOf(chain), against: 'retired' };
}
