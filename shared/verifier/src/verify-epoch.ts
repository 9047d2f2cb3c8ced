import type { Challenge } from './accumulator.ts';
import { sameBytes } from './bytes.ts';
import type { ChainKeys } from './chain-keys.ts';
import { type ChainState, chainStateAfter } from './chain-state.ts';
import {
  checkData,
  type EpochData,
  inPart,
  type PartRefused,
  type PartVerdict,
} from './check-data.ts';
import { checkHeader } from './check-header.ts';
import type { AccountProof, BatchProof, DecodedEpoch } from './epoch-file.ts';
import { reduce } from './field.ts';
import type { Genesis } from './genesis.ts';
import { type ProofClaim, verifyAll } from './groth16.ts';
import type { EpochHeader } from './header.ts';
import type { ProofPlace } from './poseidon.ts';
import { ACCEPTED } from './reason-codes.ts';
import { accountsSignals, batchSignals } from './statement.ts';
import { digestListHash, drawChallenge, encodeDigestList } from './transcript.ts';

/** What holds for a whole chain. */
export interface ChainContext {
  readonly genesis: Genesis;
  readonly genesisHash: Uint8Array;
  readonly keys: ChainKeys;
}

/** An epoch's proofs, each with the place that the verifier computed for it. */
export interface EpochParts {
  readonly header: EpochHeader;
  readonly batchSize: number;
  readonly accountsSize: number;
  readonly batches: readonly { readonly place: ProofPlace; readonly proof: BatchProof }[];
  readonly accounts: readonly { readonly place: ProofPlace; readonly proof: AccountProof }[];
}

export interface EpochChecks {
  /** Whether to check the Groth16 proofs; everything else is checked always. */
  readonly proofs: boolean;
  /** Level data, when given. */
  readonly data?: EpochData;
}

export type EpochOutcome =
  | { readonly ok: true; readonly state: ChainState; readonly proofs: number }
  | PartRefused;

/**
 * Checks one epoch against the chain before it: header and signature, digest list, tiling,
 * challenge, sum of accumulators, roots, with `data` the records, and the proofs.
 */
export function verifyEpoch(
  context: ChainContext,
  state: ChainState,
  epoch: DecodedEpoch,
  checks: EpochChecks,
): EpochOutcome {
  const { genesis, genesisHash, keys } = context;
  const header = checkHeader(genesis, genesisHash, state, epoch);
  if (!header.ok) return { ...header, part: 'header' };
  const parts = placeProofs(keys, epoch);
  const shape = checkShape(parts);
  if (!shape.ok) return shape;

  const digestList = encodeDigestList(
    parts.batches.map(({ place, proof }) => ({ ...place, digest: proof.digest })),
    parts.accounts.map(({ place, proof }) => ({ ...proof, count: place.count })),
  );
  if (!sameBytes(digestListHash(digestList), epoch.header.digestListHash)) {
    const message = 'the digests, counts and roots are not those that the header commits to';
    return inPart('digest list', 'DIGEST_LIST', message);
  }
  const { batchVkDigest, accountVkDigest } = genesis;
  const challenge = drawChallenge(epoch.headerBytes, batchVkDigest, accountVkDigest, digestList);
  if (!challenge) return inPart('challenge', 'CHALLENGE_REFUSED', 'x is below 2^24');

  const sums = checkSums(parts);
  if (!sums.ok) return sums;
  const data = checks.data ? checkData(parts, challenge, checks.data) : ACCEPTED;
  if (!data.ok) return data;
  const claims = checks.proofs ? proofClaims(keys, parts, challenge) : [];
  const proofs = verifyAll(claims);
  if (!proofs.ok) return proofs;
  return {
    ok: true,
    state: chainStateAfter(epoch.header, epoch.headerBytes),
    proofs: claims.length,
  };
}

function placeProofs(keys: ChainKeys, { header, batches, accounts }: DecodedEpoch): EpochParts {
  const { market, epoch, recordFirst } = header;
  const batchSize = keys.batch.size;
  return {
    header,
    batchSize,
    accountsSize: keys.accounts.size,
    batches: batches.map((proof, index) => {
      const seq0 = recordFirst + BigInt(index * batchSize);
      return { place: { market, epoch, seq0, count: proof.count }, proof };
    }),
    accounts: accounts.map((proof, index) => {
      return { place: { market, epoch, seq0: BigInt(index), count: proof.count }, proof };
    }),
  };
}

/** Every proof is full but the last of its kind, the batches hold the epoch's records exactly. */
function checkShape({
  header,
  batchSize,
  accountsSize,
  batches,
  accounts,
}: EpochParts): PartVerdict {
  let records = 0;
  for (const [index, { place }] of batches.entries()) {
    const full = index < batches.length - 1;
    if (!isCount(place.count, batchSize, full)) {
      const message = `count ${place.count} of ${batchSize}; only the last is partial`;
      return inPart(`batch ${index}`, 'BATCH_TILING', message);
    }
    records += place.count;
  }
  if (records !== header.recordCount) {
    const message = `the batches hold ${records} records, the header says ${header.recordCount}`;
    return inPart('batches', 'BATCH_TILING', message);
  }
  for (const [index, { place }] of accounts.entries()) {
    const full = index < accounts.length - 1;
    if (!isCount(place.count, accountsSize, full)) {
      const message = `count ${place.count} of ${accountsSize}; only the last is partial`;
      return inPart(`account proof ${index}`, 'ACCOUNT_TILING', message);
    }
  }
  if (records === 0 && accounts.length > 0) {
    const message = `${accounts.length} account proofs in an epoch without records`;
    return inPart('account proofs', 'ACCOUNT_TILING', message);
  }
  return ACCEPTED;
}

function isCount(count: number, size: number, full: boolean): boolean {
  return full ? count === size : count >= 1 && count <= size;
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

/** The public signals of every proof, rebuilt; the roots chain from the header's old root. */
function proofClaims(keys: ChainKeys, parts: EpochParts, challenge: Challenge): ProofClaim[] {
  const claims: ProofClaim[] = [];
  for (const [index, { place, proof }] of parts.batches.entries()) {
    claims.push({
      part: `batch ${index}`,
      key: keys.batch.key,
      proof: proof.proof,
      signals: batchSignals(parts.batchSize, place, proof, challenge),
    });
  }
  let rootIn = parts.header.rootOld;
  for (const [index, { place, proof }] of parts.accounts.entries()) {
    claims.push({
      part: `account proof ${index}`,
      key: keys.accounts.key,
      proof: proof.proof,
      signals: accountsSignals(parts.accountsSize, place, { ...proof, rootIn }, challenge),
    });
    rootIn = proof.rootOut;
  }
  return claims;
}
