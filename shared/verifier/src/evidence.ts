import type { Receipt } from '@foldbook/protocol/receipt';
import { bytesToHex, sameBytes } from './bytes.ts';
import { type Evidence, readEvidence, type SignedHeader } from './evidence-file.ts';
import { decodeGenesis, type Genesis, genesisHash } from './genesis.ts';
import { decodeHeader, type EpochHeader, HASH_BYTES } from './header.ts';
import { CHAIN_START, type ChainPoint, groupDiffers, placeGroup, pointAfter } from './log-group.ts';
import { type ReasonCode, type Refused, refused } from './reason-codes.ts';
import { receiptConflict } from './receipt-book.ts';
import { certifierOf, checkReceipt, isCertified } from './receipt-check.ts';
import { placeInEpoch } from './receipt-place.ts';
import { headerIsSigned } from './signature.ts';

export { type Evidence, evidenceText, type SignedHeader } from './evidence-file.ts';

/** Whose evidence it has to be; without, anybody's whose keys are named. */
export interface EvidencePins {
  /** The operator's key: it signed the headers, and certified the keys of the receipts. */
  readonly operatorKey?: Uint8Array | undefined;
}

/** Evidence that holds: these keys signed things that can't all be true. */
export interface EvidenceAccepted {
  readonly ok: true;
  readonly kind: Evidence['kind'];
  readonly market: string;
  /** What contradicts what. */
  readonly words: string;
  /** Keys of the receipts, hex, and the operator who certified each; null for none. */
  readonly receiptKeys: readonly { readonly key: string; readonly certifiedBy: string | null }[];
  /** The key that signed the headers, hex; null where there is none among the parts. */
  readonly operatorKey: string | null;
  /** `signed`: everything is. `log`: the log that was shown is nobody's word. */
  readonly against: 'signed' | 'log';
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
    default:
      kind satisfies never;
      throw new Refusal('EVIDENCE_FORMAT', 'kind is unknown');
  }
}

type Of<Kind extends Evidence['kind']> = Extract<Evidence, { readonly kind: Kind }>;

function checkReceipts(evidence: Of<'receipts'>, pins: EvidencePins): EvidenceAccepted {
  const { kind, certificates } = evidence;
  const [a, b, ...more] = evidence.receipts.map(signedReceipt);
  if (a === undefined || b === undefined || more.length > 0) {
    throw new Refusal('EVIDENCE_FORMAT', 'two receipts are needed');
  }
  const signers = [a, b].map((receipt) => signerOf(receipt, certificates, pins));
  // Two keys that nobody ties together are two people's.
  const owners = signers.map(({ certifiedBy, key }) => certifiedBy ?? key);
  if (owners[0] !== owners[1]) {
    const words = `the receipts are signed by ${owners.join(' and ')}, which nothing ties together`;
    throw new Refusal('EVIDENCE_SIGNER', words);
  }
  const words = receiptConflict(a, b);
  if (words === undefined) throw fits('the two receipts agree');
  const parts = { kind, market: a.market, words, receiptKeys: signers };
  return { ok: true, ...parts, operatorKey: null, against: 'signed' };
}

function checkAgainstHeader(evidence: Of<'header'>, pins: EvidencePins): EvidenceAccepted {
  const { kind, certificates, groups } = evidence;
  const receipt = signedReceipt(evidence.receipt);
  const signer = signerOf(receipt, certificates, pins);
  const genesis = readGenesis(evidence.genesis, pins);
  const header = signedHeader(evidence.epoch, genesis, evidence.genesis);
  checkMarket(receipt, genesis);
  const operatorKey = bytesToHex(genesis.operatorKey);
  const accept = (words: string): EvidenceAccepted => {
    const parts = { kind, market: genesis.name, words, receiptKeys: [signer], operatorKey };
    return { ok: true, ...parts, against: 'signed' };
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
  const signer = signerOf(receipt, certificates, pins);
  let start = CHAIN_START;
  let operatorKey: string | null = null;
  if (anchor !== undefined) {
    if (evidence.genesis === undefined) {
      throw new Refusal('EVIDENCE_FORMAT', 'an anchor needs its genesis');
    }
    const genesis = readGenesis(evidence.genesis, pins);
    const header = signedHeader(anchor, genesis, evidence.genesis);
    checkMarket(receipt, genesis);
    start = { sequence: Number(header.sequenceLast), head: header.logHeadEnd };
    operatorKey = bytesToHex(genesis.operatorKey);
  }
  const { differs } = follow(start, groups, receipt);
  if (differs === undefined) throw fits('the log holds the group of the receipt');
  const parts = { kind, market: receipt.market, words: differs, receiptKeys: [signer] };
  return { ok: true, ...parts, operatorKey, against: 'log' };
}

function checkHeaders(evidence: Of<'headers'>, pins: EvidencePins): EvidenceAccepted {
  const { kind } = evidence;
  const genesis = readGenesis(evidence.genesis, pins);
  const [a, b, ...more] = evidence.headers.map((one) => ({
    bytes: one.header,
    header: signedHeader(one, genesis, evidence.genesis),
  }));
  if (a === undefined || b === undefined || more.length > 0) {
    throw new Refusal('EVIDENCE_FORMAT', 'two headers are needed');
  }
  if (a.header.epoch !== b.header.epoch) throw fits('the headers are of two epochs');
  if (sameBytes(a.bytes, b.bytes)) throw fits('the headers are the same');
  const words = `epoch ${a.header.epoch} has two signed headers`;
  const operatorKey = bytesToHex(genesis.operatorKey);
  const parts = { kind, market: genesis.name, words, receiptKeys: [], operatorKey };
  return { ok: true, ...parts, against: 'signed' };
}

const fits = (words: string) => new Refusal('EVIDENCE_FITS', `${words}: no contradiction`);

function signedReceipt(bytes: Uint8Array): Receipt {
  const checked = checkReceipt(bytes);
  if (!checked.ok) throw new Refusal(checked.code, checked.message);
  return checked.receipt;
}

function signerOf(
  { publicKey }: Receipt,
  certificates: readonly Uint8Array[],
  { operatorKey }: EvidencePins,
): EvidenceAccepted['receiptKeys'][number] {
  const key = bytesToHex(publicKey);
  if (operatorKey !== undefined && !isCertified(publicKey, operatorKey, certificates)) {
    const words = `${bytesToHex(operatorKey)} certified no key ${key}`;
    throw new Refusal('EVIDENCE_SIGNER', words);
  }
  const certifier = operatorKey ?? certifierOf(publicKey, certificates);
  return { key, certifiedBy: certifier === undefined ? null : bytesToHex(certifier) };
}

function readGenesis(bytes: Uint8Array, { operatorKey }: EvidencePins): Genesis {
  const decoded = decodeGenesis(bytes);
  if (!decoded.ok) throw new Refusal(decoded.error.code, decoded.error.message);
  const genesis = decoded.value;
  if (operatorKey === undefined || sameBytes(operatorKey, genesis.operatorKey)) return genesis;
  const words = `the headers are signed by ${bytesToHex(genesis.operatorKey)}`;
  throw new Refusal('EVIDENCE_SIGNER', words);
}

function signedHeader(
  { header: bytes, signature }: SignedHeader,
  genesis: Genesis,
  genesisBytes: Uint8Array,
): EpochHeader {
  const decoded = decodeHeader(bytes);
  if (!decoded.ok) throw new Refusal(decoded.error.code, decoded.error.message);
  const header = decoded.value;
  if (!sameBytes(header.chainId, genesisHash(genesisBytes)) || header.market !== genesis.market) {
    throw new Refusal('CHAIN_ID', 'the header is of another chain than the genesis');
  }
  if (headerIsSigned(bytes, signature, genesis.operatorKey)) return header;
  throw new Refusal('HEADER_SIGNATURE', 'the header is not signed by the operator of the genesis');
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
