import type { Receipt } from '@foldbook/protocol/receipt';
import { bytesToHex, sameBytes } from './bytes.ts';
import { type Evidence, readEvidence, type SignedHeader } from './evidence-file.ts';
import { decodeGenesis, type Genesis, genesisHash } from './genesis.ts';
import { decodeHeader, type EpochHeader, HASH_BYTES } from './header.ts';
import { headersConflict } from './header-conflict.ts';
import { CHAIN_START, type ChainPoint, groupDiffers, placeGroup, pointAfter } from './log-group.ts';
import {
  keyListConflict,
  keyOfEpoch,
  type OperatorKeys,
  readOperatorKeys,
  retiredFrom,
} from './operator-keys.ts';
import { type ReasonCode, type Refused, refused } from './reason-codes.ts';
import { receiptConflict } from './receipt-book.ts';
import { certifiersFor, chainCertifier, checkReceipt, isCertified } from './receipt-check.ts';
import { placeInEpoch } from './receipt-place.ts';
import { headerIsSigned } from './signature.ts';

export {
  EVIDENCE_CHARACTERS_MAX,
  EVIDENCE_GROUPS_BYTES_MAX,
  type Evidence,
  evidenceText,
  type SignedHeader,
} from './evidence-file.ts';

/** Whose evidence it has to be; without, anybody's whose keys are named. */
export interface EvidencePins {
  /** The operator's key: that of the genesis, or one that it was changed to. */
  readonly operatorKey?: Uint8Array | undefined;
}

/** Whose receipt is part of the evidence. Keys are in hex. */
export interface ReceiptSigner {
  readonly key: string;
  /** The operator's key that certified it; null where none did. */
  readonly certifiedBy: string | null;
  /** Epoch from which on the certifier was changed, where that is no later than the receipt's. */
  readonly retiredFrom: bigint | null;
}

/** A key that signed a header, or changes of itself. */
export interface EvidenceSigner {
  /** Hex. */
  readonly key: string;
  /**
   * Epoch from which on a list of changes that is part of the evidence has another key in its
   * place, where that is no later than what it signed.
   */
  readonly retiredFrom: bigint | null;
}

/** Evidence that holds: these keys signed things that can't all be true. */
export interface EvidenceAccepted {
  readonly ok: true;
  readonly kind: Evidence['kind'];
  readonly market: string;
  /** What contradicts what. */
  readonly words: string;
  readonly receiptKeys: readonly ReceiptSigner[];
  /** The operator's key as the genesis has it, hex; null where there is none among the parts. */
  readonly operatorKey: string | null;
  /** The keys that signed the headers or the changes of a key: that one or later ones. */
  readonly signers: readonly EvidenceSigner[];
  /**
   * `signed`: everything is. `log`: the log that was shown is nobody's word. `retired`: everything
   * is, but some of it by a key of the operator that had been changed by then, which may be in
   * other hands, or by one that such a key certified: `receiptKeys` or `signers` say which.
   */
  readonly against: 'signed' | 'retired' | 'log';
}

/** Ends a check; caught by `checkEvidence` alone. */
class Refusal extends Error {
  readonly refused: Refused;

  constructor(code: ReasonCode, message: string) {
    super(message);
    this.refused = refused(code, message);
  }
}

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

/** Two of them, each read: no more than two signatures are checked, whatever the file holds. */
function pairOf<Part, Read>(
  parts: readonly Part[],
  name: string,
  read: (part: Part) => Read,
): readonly [Read, Read] {
  const [a, b] = parts;
  if (a !== undefined && b !== undefined && parts.length === 2) return [read(a), read(b)];
  throw new Refusal('EVIDENCE_FORMAT', `two ${name} are needed`);
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
  const fromA = retiredFrom(a.keys, b.keys, a.header.epoch) ?? null;
  const fromB = retiredFrom(b.keys, a.keys, b.header.epoch) ?? null;
  const signers =
    a.signedBy === b.signedBy
      ? [{ key: a.signedBy, retiredFrom: fromA ?? fromB }]
      : [
          { key: a.signedBy, retiredFrom: fromA },
          { key: b.signedBy, retiredFrom: fromB },
        ];
  const parts = { kind, words, receiptKeys: [], signers };
  const against = fromA === null && fromB === null ? 'signed' : 'retired';
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

const fits = (words: string) => new Refusal('EVIDENCE_FITS', `${words}: no contradiction`);

function signedReceipt(bytes: Uint8Array): Receipt {
  const checked = checkReceipt(bytes);
  if (!checked.ok) throw new Refusal(checked.code, checked.message);
  return checked.receipt;
}

/** Of a receipt that no chain comes with. */
function signerOf(
  { publicKey }: Receipt,
  certificates: readonly Uint8Array[],
  { operatorKey }: EvidencePins,
): ReceiptSigner {
  if (operatorKey !== undefined && !isCertified(publicKey, operatorKey, certificates)) {
    throw notCertified(publicKey, [operatorKey]);
  }
  const certifier = operatorKey ?? certifiersFor(publicKey, certificates)[0];
  const certifiedBy = certifier === undefined ? null : bytesToHex(certifier);
  return { key: bytesToHex(publicKey), certifiedBy, retiredFrom: null };
}

/** Anybody can sign a receipt: what counts against an operator is one by a key of its own. */
function chainSignerOf(
  { publicKey }: Receipt,
  certificates: readonly Uint8Array[],
  keys: OperatorKeys,
  epoch: bigint,
): ReceiptSigner {
  const certifier = chainCertifier(publicKey, keys, certificates);
  if (certifier === undefined) {
    const operators = keys.terms.map(({ key }) => key);
    throw notCertified(publicKey, operators);
  }
  const { operatorKey, endEpoch } = certifier;
  const retiredFrom = endEpoch !== undefined && endEpoch <= epoch ? endEpoch : null;
  return { key: bytesToHex(publicKey), certifiedBy: bytesToHex(operatorKey), retiredFrom };
}

function notCertified(key: Uint8Array, operators: readonly Uint8Array[]): Refusal {
  const names = operators.map(bytesToHex).join(', ');
  const words = `the operator, whose key is ${names}, certified no key ${bytesToHex(key)}`;
  return new Refusal('EVIDENCE_SIGNER', words);
}

interface Chain {
  readonly genesis: Genesis;
  readonly chainId: Uint8Array;
}

function readChain(bytes: Uint8Array): Chain {
  const decoded = decodeGenesis(bytes);
  if (!decoded.ok) throw new Refusal(decoded.error.code, decoded.error.message);
  return { genesis: decoded.value, chainId: genesisHash(bytes) };
}

const nameOf = ({ genesis: { name, operatorKey } }: Chain) => {
  return { market: name, operatorKey: bytesToHex(operatorKey) };
};

function keysOf({ genesis, chainId }: Chain, keyChanges: Uint8Array | undefined): OperatorKeys {
  const keys = readOperatorKeys(genesis, chainId, keyChanges);
  if (!keys.ok) throw new Refusal(keys.code, keys.message);
  return keys;
}

/** The pinned key is the genesis's, or one of a list that follows from it. */
function checkPins({ operatorKey }: EvidencePins, ...lists: readonly OperatorKeys[]): void {
  if (operatorKey === undefined) return;
  const all = lists.flatMap(({ terms }) => terms.map(({ key }) => key));
  if (all.some((key) => sameBytes(key, operatorKey))) return;
  const names = [...new Set(all.map(bytesToHex))].join(', ');
  throw new Refusal('EVIDENCE_SIGNER', `the chain's operator has the keys ${names} alone`);
}

interface CheckedHeader {
  readonly header: EpochHeader;
  readonly keys: OperatorKeys;
  /** Hex. */
  readonly signedBy: string;
}

function signedHeader(signed: SignedHeader, chain: Chain): CheckedHeader {
  const { header: bytes, signature, keyChanges } = signed;
  const decoded = decodeHeader(bytes);
  if (!decoded.ok) throw new Refusal(decoded.error.code, decoded.error.message);
  const header = decoded.value;
  if (!sameBytes(header.chainId, chain.chainId) || header.market !== chain.genesis.market) {
    throw new Refusal('CHAIN_ID', 'the header is of another chain than the genesis');
  }
  const keys = keysOf(chain, keyChanges);
  const key = keyOfEpoch(keys, header.epoch);
  const signedBy = bytesToHex(key);
  if (headerIsSigned(bytes, signature, key)) return { header, keys, signedBy };
  const words = `epoch ${header.epoch} is not signed by its operator key, ${signedBy}`;
  throw new Refusal('HEADER_SIGNATURE', words);
}

function checkMarket({ market }: Receipt, { name }: Genesis): void {
  if (market !== name) throw fits(`the receipt is of ${market}, the epochs are of ${name}`);
}

const notAGroup = () => new Refusal('EVIDENCE_FORMAT', 'what is shown as a group is none');

function commandsOf(payload: Uint8Array): number {
  const placed = placeGroup(CHAIN_START, payload);
  if (placed === undefined) throw notAGroup();
  return placed.last;
}

/** Follows the groups, and compares the one that holds the receipt's first command with it. */
function follow(
  start: ChainPoint,
  groups: readonly Uint8Array[],
  receipt: Receipt,
): { readonly end: ChainPoint; readonly differs: string | undefined } {
  let point = start;
  let found = false;
  let differs: string | undefined;
  for (const payload of groups) {
    const group = placeGroup(point, payload);
    if (group === undefined) throw notAGroup();
    if (receipt.first >= group.first && receipt.first <= group.last) {
      found = true;
      differs = groupDiffers(receipt, group);
    }
    point = pointAfter(group);
  }
  if (found) return { end: point, differs };
  const range = `${start.sequence + 1} to ${point.sequence}`;
  throw fits(`market sequence ${receipt.first} is not among ${range}, which are shown`);
}
