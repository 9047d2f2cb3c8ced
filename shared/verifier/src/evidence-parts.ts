/** What evidence is made of: chains with their keys, signed headers, receipts, groups. */
import type { Receipt } from '@foldbook/protocol/receipt';
import { type AnyHeader, decodeHeaderOf } from './any-chain.ts';
import { bytesToHex, sameBytes } from './bytes.ts';
import { type ChainStart, readGenesisFile } from './chain-start.ts';
import type { SignedHeader } from './evidence-file.ts';
import {
  type EvidencePins,
  type EvidenceSigner,
  fits,
  type ReceiptSigner,
  Refusal,
} from './evidence-verdict.ts';
import { CHAIN_START, type ChainPoint, groupDiffers, placeGroup, pointAfter } from './log-group.ts';
import { keyOfEpoch, type OperatorKeys, readOperatorKeys, retiredFrom } from './operator-keys.ts';
import { certifiersFor, chainCertifier, checkReceipt, isCertified } from './receipt-check.ts';
import { headerIsSigned } from './signature.ts';

/** Two of them, each read: no more than two signatures are checked, whatever the file holds. */
export function pairOf<Part, Read>(
  parts: readonly Part[],
  name: string,
  read: (part: Part) => Read,
): readonly [Read, Read] {
  const [a, b] = parts;
  if (a !== undefined && b !== undefined && parts.length === 2) return [read(a), read(b)];
  throw new Refusal('EVIDENCE_FORMAT', `two ${name} are needed`);
}

export function signedReceipt(bytes: Uint8Array): Receipt {
  const checked = checkReceipt(bytes);
  if (!checked.ok) throw new Refusal(checked.code, checked.message);
  return checked.receipt;
}

/** Of a receipt that no chain comes with. */
export function signerOf(
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
export function chainSignerOf(
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

/** Of either kind: its genesis says which. */
export function readChain(bytes: Uint8Array): ChainStart {
  const read = readGenesisFile(bytes);
  if ('ok' in read) throw new Refusal(read.code, read.message);
  return read;
}

export const nameOf = ({ genesis: { name, operatorKey } }: ChainStart) => {
  return { market: name, operatorKey: bytesToHex(operatorKey) };
};

export function keysOf(
  { genesis, genesisHash }: ChainStart,
  keyChanges: Uint8Array | undefined,
): OperatorKeys {
  const keys = readOperatorKeys(genesis, genesisHash, keyChanges);
  if (!keys.ok) throw new Refusal(keys.code, keys.message);
  return keys;
}

/** The pinned key is the genesis's, or one of a list that follows from it. */
export function checkPins({ operatorKey }: EvidencePins, ...lists: readonly OperatorKeys[]): void {
  if (operatorKey === undefined) return;
  const all = lists.flatMap(({ terms }) => terms.map(({ key }) => key));
  if (all.some((key) => sameBytes(key, operatorKey))) return;
  const names = [...new Set(all.map(bytesToHex))].join(', ');
  throw new Refusal('EVIDENCE_SIGNER', `the chain's operator has the keys ${names} alone`);
}

export interface CheckedHeader {
  readonly header: AnyHeader;
  readonly keys: OperatorKeys;
  /** Hex. */
  readonly signedBy: string;
}

export function signedHeader(signed: SignedHeader, chain: ChainStart): CheckedHeader {
  const { header: bytes, signature, keyChanges } = signed;
  const decoded = decodeHeaderOf(chain.chain, bytes);
  if (!decoded.ok) throw new Refusal(decoded.error.code, decoded.error.message);
  const header = decoded.value;
  if (!sameBytes(header.chainId, chain.genesisHash) || header.market !== chain.genesis.market) {
    throw new Refusal('CHAIN_ID', 'the header is of another chain than the genesis');
  }
  const keys = keysOf(chain, keyChanges);
  const key = keyOfEpoch(keys, header.epoch);
  const signedBy = bytesToHex(key);
  if (headerIsSigned(bytes, signature, key)) return { header, keys, signedBy };
  const words = `epoch ${header.epoch} is not signed by its operator key, ${signedBy}`;
  throw new Refusal('HEADER_SIGNATURE', words);
}

/** Of two epochs of one chain, each by its own list of changes. */
export function signersOf(a: CheckedHeader, b: CheckedHeader): readonly EvidenceSigner[] {
  const fromA = retiredFrom(a.keys, b.keys, a.header.epoch) ?? null;
  const fromB = retiredFrom(b.keys, a.keys, b.header.epoch) ?? null;
  if (a.signedBy === b.signedBy) return [{ key: a.signedBy, retiredFrom: fromA ?? fromB }];
  return [
    { key: a.signedBy, retiredFrom: fromA },
    { key: b.signedBy, retiredFrom: fromB },
  ];
}

export function checkMarket({ market }: Receipt, { name }: ChainStart['genesis']): void {
  if (market !== name) throw fits(`the receipt is of ${market}, the epochs are of ${name}`);
}

const notAGroup = () => new Refusal('EVIDENCE_FORMAT', 'what is shown as a group is none');

export function commandsOf(payload: Uint8Array): number {
  const placed = placeGroup(CHAIN_START, payload);
  if (placed === undefined) throw notAGroup();
  return placed.last;
}

/** Follows the groups, and compares the one that holds the receipt's first command with it. */
export function follow(
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
