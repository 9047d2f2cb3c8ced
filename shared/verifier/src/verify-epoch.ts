import type { Challenge } from './accumulator.ts';
import { at } from './assert.ts';
import { sameBytes } from './bytes.ts';
import { type ChainKeys, keyFor, type ProofKey } from './chain-keys.ts';
import { type ChainState, chainStateAfter } from './chain-state.ts';
import {
  checkData,
  type EpochData,
  inPart,
  type PartRefused,
  type PartVerdict,
} from './check-data.ts';
import type { HeaderContext } from './check-header.ts';
import type { ReplayToCheck } from './check-replay.ts';
import { applyChanges } from './check-rules.ts';
import { checkSigned } from './check-signed.ts';
import type { AccountProof, BatchProof, DecodedEpoch } from './epoch-file.ts';
import { reduce } from './field.ts';
import { FoldKey } from './fold-key.ts';
import { type FoldLeaf, verifyFolded } from './folding.ts';
import type { Genesis } from './genesis.ts';
import { type ProofClaim, verifyAll } from './groth16-batch.ts';
import type { EpochHeader } from './header.ts';
import type { CircuitRole, ProofPlace } from './poseidon.ts';
import { ACCEPTED } from './reason-codes.ts';
import type { RuleBook } from './rule-book.ts';
import { accountsSignals, batchSignals } from './statement.ts';
import { digestListHash, drawChallenge, encodeDigestList } from './transcript.ts';

/** What holds for a whole chain. */
export interface ChainContext extends HeaderContext {
  readonly genesis: Genesis;
  readonly keys: ChainKeys;
}

/** A proof with the key of its kind and the place that the verifier computed for it. */
export interface PlacedProof<Stored> {
  readonly place: ProofPlace;
  readonly key: ProofKey;
  readonly proof: Stored;
}

export interface EpochParts {
  readonly header: EpochHeader;
  readonly batches: readonly PlacedProof<BatchProof>[];
  readonly accounts: readonly PlacedProof<AccountProof>[];
}

export interface EpochChecks {
  /** Whether to check the proofs; everything else is checked always. */
  readonly proofs: boolean;
  /** The rules at the epoch's beginning; the check moves them to those at its end. */
  readonly rules: RuleBook;
  /** Level data, when given. */
  readonly data?: EpochData;
  /** Level replay, when given; `data` has the records of the log then. */
  readonly replay?: ReplayToCheck;
}

export type EpochOutcome =
  | {
      readonly ok: true;
      readonly state: ChainState;
      /** Proofs that were checked, and how many of them are folded. */
      readonly proofs: number;
      readonly folded: number;
    }
  | PartRefused;

/**
 * Checks one epoch against the chain before it: header and signature, with `replay` what the log
 * gives, digest list, tiling, challenge, sum of accumulators, roots, with `data` the records, and
 * the proofs.
 */
export function verifyEpoch(
  context: ChainContext,
  state: ChainState,
  epoch: DecodedEpoch,
  checks: EpochChecks,
): EpochOutcome {
  const { genesis, keys } = context;
  const signed = checkSigned(context, state, epoch, checks.replay);
  if (!signed.ok) return signed;
  const parts = placeProofs(keys, epoch);
  if ('ok' in parts) return parts;
  const shape = checkShape(parts);
  if (!shape.ok) return shape;

  const digestList = encodeDigestList(
    parts.batches.map(({ place, proof }) => ({ ...proof, seq0: place.seq0 })),
    parts.accounts.map(({ proof }) => proof),
  );
  if (!sameBytes(digestListHash(digestList), epoch.header.digestListHash)) {
    const message = 'the digests, counts and roots are not those that the header commits to';
    return inPart('digest list', 'DIGEST_LIST', message);
  }
  const challenge = drawChallenge(epoch.headerBytes, genesis.keys, digestList);
  if (!challenge) return inPart('challenge', 'CHALLENGE_REFUSED', 'x is below 2^24');

  const sums = checkSums(parts);
  if (!sums.ok) return sums;
  const contents = checkContents(parts, challenge, epoch, checks);
  if (!contents.ok) return contents;
  const next = chainStateAfter(epoch.header, epoch.headerBytes);
  if (!checks.proofs) return { ok: true, state: next, proofs: 0, folded: 0 };
  const verdict = verifyAll(groth16Claims(parts, challenge));
  if (!verdict.ok) return verdict;
  const leaves = foldedLeaves(parts, challenge);
  const folds = checkFolded(epoch, leaves);
  if (!folds.ok) return folds;
  const proofs = parts.batches.length + parts.accounts.length;
  return { ok: true, state: next, proofs, folded: leaves.length };
}

/** Each kind's proofs are folded into one, in their order: none is without. */
function checkFolded({ folded }: DecodedEpoch, leaves: readonly PlacedLeaf[]): PartVerdict {
  for (const key of new Set(leaves.map((leaf) => leaf.key))) {
    const ofKey = leaves.filter((leaf) => leaf.key === key);
    const { role, size } = at(ofKey, 0);
    const part = `folded ${role} proofs of ${size} rows`;
    const proof = folded.find((found) => found.role === role && found.size === size)?.proof;
    if (proof === undefined) return inPart(part, 'PROOF_FORMAT', 'the epoch does not have it');
    const verdict = verifyFolded(key, ofKey, proof);
    if (!verdict.ok) return { part, ...verdict };
  }
  return ACCEPTED;
}

/** The rules alone, or the records with all that follows from them. */
function checkContents(
  parts: EpochParts,
  challenge: Challenge,
  epoch: DecodedEpoch,
  { rules, data }: EpochChecks,
): PartVerdict {
  if (data !== undefined) return checkData(parts, challenge, { ...data, epoch, rules });
  const applied = applyChanges(rules, epoch.changes);
  return applied.ok ? ACCEPTED : { ...applied, part: 'rules' };
}

function placeProofs(
  keys: ChainKeys,
  { header, batches, accounts }: DecodedEpoch,
): EpochParts | PartRefused {
  const { market, epoch, recordFirst } = header;
  let seq0 = recordFirst;
  const placedBatches = placeAll(keys, 'batch', batches, ({ count }) => {
    const place = { market, epoch, seq0, count };
    seq0 += BigInt(count);
    return place;
  });
  if ('code' in placedBatches) return placedBatches;
  const placedAccounts = placeAll(keys, 'accounts', accounts, ({ count }, index) => {
    return { market, epoch, seq0: BigInt(index), count };
  });
  if ('code' in placedAccounts) return placedAccounts;
  return { header, batches: placedBatches, accounts: placedAccounts };
}

function placeAll<Stored extends BatchProof>(
  keys: ChainKeys,
  role: CircuitRole,
  proofs: readonly Stored[],
  placeOf: (proof: Stored, index: number) => ProofPlace,
): PlacedProof<Stored>[] | PartRefused {
  const placed: PlacedProof<Stored>[] = [];
  for (const [index, proof] of proofs.entries()) {
    const found = keyFor(keys, { role, size: proof.size, backEnd: proof.backEnd });
    if (!found.ok) return { ...found, part: partName(role, index) };
    placed.push({ place: placeOf(proof, index), key: found.key, proof });
  }
  return placed;
}

export function partName(role: CircuitRole, index: number): string {
  return role === 'batch' ? `batch ${index}` : `account proof ${index}`;
}

/** No proof is empty or over-full, and the batches hold the epoch's records exactly. */
function checkShape({ header, batches, accounts }: EpochParts): PartVerdict {
  let records = 0;
  for (const [index, { proof }] of batches.entries()) {
    const wrong = checkCount(proof);
    if (wrong !== undefined) return inPart(`batch ${index}`, 'BATCH_TILING', wrong);
    records += proof.count;
  }
  if (records !== header.recordCount) {
    const message = `the batches hold ${records} records, the header says ${header.recordCount}`;
    return inPart('batches', 'BATCH_TILING', message);
  }
  for (const [index, { proof }] of accounts.entries()) {
    const wrong = checkCount(proof);
    if (wrong !== undefined) return inPart(`account proof ${index}`, 'ACCOUNT_TILING', wrong);
  }
  if (records === 0 && accounts.length > 0) {
    const message = `${accounts.length} account proofs in an epoch without records`;
    return inPart('account proofs', 'ACCOUNT_TILING', message);
  }
  return ACCEPTED;
}

function checkCount({ count, size }: BatchProof): string | undefined {
  return count >= 1 && count <= size ? undefined : `its count is ${count}, its rows are ${size}`;
}

/** What the records move is what the accounts changed by, and the roots end where they should. */
function checkSums({ header, batches, accounts }: EpochParts): PartVerdict {
  const moved = reduce(batches.reduce((sum, { proof }) => sum + proof.acc, 0n));
  const changed = reduce(accounts.reduce((sum, { proof }) => sum + proof.acc, 0n));
  if (moved !== changed) {
    const message = `the batches sum up to ${moved}, the account proofs to ${changed}`;
    return inPart('accumulators', 'ACCUMULATOR_MISMATCH', message);
  }
  const last = accounts.at(-1)?.proof.rootOut ?? header.rootOld;
  if (last !== header.rootNew) {
    const message = `the account proofs end at root ${last}, the header at ${header.rootNew}`;
    return inPart('account proofs', 'ROOT_FINAL', message);
  }
  return ACCEPTED;
}

interface PlacedLeaf extends FoldLeaf {
  readonly role: CircuitRole;
  readonly size: number;
  readonly key: FoldKey;
}

/** One proof of the epoch; its public signals are rebuilt when they are asked for. */
interface PlacedClaim {
  readonly part: string;
  readonly role: CircuitRole;
  readonly size: number;
  readonly key: ProofKey;
  readonly proof: Uint8Array;
  readonly signals: () => readonly bigint[];
}

/** The proofs in order; the roots chain from the header's old root. */
function* placedClaims(
  { header, batches, accounts }: EpochParts,
  challenge: Challenge,
): Generator<PlacedClaim> {
  for (const [index, { place, key, proof }] of batches.entries()) {
    const { size } = proof;
    const signals = () => batchSignals(size, place, proof, challenge);
    yield { part: partName('batch', index), role: 'batch', size, key, proof: proof.proof, signals };
  }
  let rootIn = header.rootOld;
  for (const [index, { place, key, proof }] of accounts.entries()) {
    const { size } = proof;
    const claim = { ...proof, rootIn };
    const signals = () => accountsSignals(size, place, claim, challenge);
    const part = partName('accounts', index);
    yield { part, role: 'accounts', size, key, proof: proof.proof, signals };
    rootIn = proof.rootOut;
  }
}

function* groth16Claims(parts: EpochParts, challenge: Challenge): Generator<ProofClaim> {
  for (const { part, key, proof, signals } of placedClaims(parts, challenge)) {
    if (!(key instanceof FoldKey)) yield { part, key, proof, signals: signals() };
  }
}

function foldedLeaves(parts: EpochParts, challenge: Challenge): PlacedLeaf[] {
  const leaves: PlacedLeaf[] = [];
  for (const { key, signals, ...rest } of placedClaims(parts, challenge)) {
    if (key instanceof FoldKey) leaves.push({ ...rest, key, signals: signals() });
  }
  return leaves;
}
