/** Evidence of two account proofs: one signed header, whose plain tree is that of no table. */
import { openingsConflict, type PlacedRow } from '@foldbook/stark/verify';
import {
  ACCOUNT_PROOF_BYTES_MAX,
  type AccountProofFile,
  checkAccountProof,
  decodeAccountProof,
} from './account-proof.ts';
import { sameBytes } from './bytes.ts';
import type { ChainStart } from './chain-start.ts';
import type { Evidence } from './evidence-file.ts';
import {
  type CheckedHeader,
  checkPins,
  nameOf,
  pairOf,
  readChain,
  signedHeader,
  signersOf,
} from './evidence-parts.ts';
import { type EvidenceAccepted, type EvidencePins, fits, Refusal } from './evidence-verdict.ts';
import { encodeKeyChanges } from './key-changes.ts';

interface Side extends CheckedHeader {
  readonly chain: ChainStart;
  readonly proof: AccountProofFile;
}

export function checkAccounts(
  { kind, proofs }: Extract<Evidence, { readonly kind: 'accounts' }>,
  pins: EvidencePins,
): EvidenceAccepted {
  const [a, b] = pairOf(proofs, 'account proofs', readSide);
  if (!sameBytes(a.proof.headerBytes, b.proof.headerBytes)) {
    const other = 'those that contradict each other are kind "headers"';
    throw new Refusal('EVIDENCE_FORMAT', `the proofs are of two headers: ${other}`);
  }
  checkPins(pins, a.keys, b.keys);
  const rows = conflictOf(a.proof, b.proof);
  if (rows === undefined) throw fits('the two account proofs agree');
  const [low, high] = rows.map(rowWords);
  const both = `${low}, and ${high}`;
  const words = `epoch ${a.header.epoch}: the plain tree has ${both}, and no rising ids have both`;
  const signers = signersOf(a, b);
  // One signature of the header is enough: whose, the rows do not say.
  const against = signers.some(({ retiredFrom }) => retiredFrom === null) ? 'signed' : 'retired';
  return { ok: true, kind, words, receiptKeys: [], signers, ...nameOf(a.chain), against };
}

function readSide(bytes: Uint8Array): Side {
  if (bytes.length > ACCOUNT_PROOF_BYTES_MAX) {
    const most = `${ACCOUNT_PROOF_BYTES_MAX} are the most`;
    throw new Refusal('ACCOUNT_PROOF_FORMAT', `an account proof of ${bytes.length} bytes; ${most}`);
  }
  const decoded = decodeAccountProof(bytes);
  if (!decoded.ok) throw new Refusal(decoded.error.code, decoded.error.message);
  const proof = decoded.value;
  const checked = checkAccountProof(bytes);
  if (!checked.ok) throw new Refusal(checked.code, checked.message);
  const chain = readChain(proof.genesis);
  const { headerBytes: header, signature } = proof;
  const keyChanges = proof.keyChanges.length === 0 ? undefined : encodeKeyChanges(proof.keyChanges);
  return { chain, proof, ...signedHeader({ header, signature, keyChanges }, chain) };
}

/** A Poseidon chain's tree has one leaf at an account's place: only a broken hash has two. */
function conflictOf(a: AccountProofFile, b: AccountProofFile) {
  if (a.chain !== 'stark' || b.chain !== 'stark') return undefined;
  return openingsConflict(a.opening, b.opening);
}

const rowWords = ({ id, place, base, quote }: PlacedRow): string =>
  `account ${id} in row ${place} (base ${base}, quote ${quote})`;
