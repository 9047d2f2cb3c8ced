/** Parts of an epoch of the STARK chain: what they are about, and that their proofs show it. */
import {
  commitmentDigest,
  decodeStatement,
  type PartStatement,
  type ProofParameters,
  verifyPart,
} from '@foldbook/stark/verify';
import { sameBytes } from '../bytes.ts';
import { inPart, type PartRefused } from '../check-data.ts';
import type { DecodedStarkEpoch, StarkPart } from './epoch-file.ts';
import { partsHash } from './epoch-file.ts';
import type { StarkGenesis } from './genesis.ts';
import type { StarkHeader } from './header.ts';

export const partName = (index: number): string => `part ${index}`;

export interface PlacedPart extends StarkPart {
  /** The statement, read. */
  readonly claim: PartStatement;
}

/**
 * The epoch's parts, if they are the ones that its header commits to, of this chain, and cover its
 * records and lead from its old root to its new one. Their proofs are not looked at.
 */
export function placeParts(
  genesis: StarkGenesis,
  { header, parts }: DecodedStarkEpoch,
): readonly PlacedPart[] | PartRefused {
  const placed: PlacedPart[] = [];
  let recordNext = header.recordFirst;
  let root = header.rootOld;
  for (const [index, part] of parts.entries()) {
    const decoded = decodeStatement(part.statement);
    if (!decoded.ok) return inPart(partName(index), 'PART_FORMAT', decoded.message);
    const claim = decoded.value;
    const wrong = checkPlace(genesis, header, index, claim) ?? checkProver(genesis, index, claim);
    if (wrong !== undefined) return wrong;
    if (claim.recordFirst !== recordNext) {
      const message = `it begins with record ${claim.recordFirst}, its place is at ${recordNext}`;
      return inPart(partName(index), 'PART_TILING', message);
    }
    if (!sameBytes(commitmentDigest(claim.before), root)) {
      const message = 'it begins with other accounts than those that came before it';
      return inPart(partName(index), 'PART_ACCOUNTS', message);
    }
    recordNext += BigInt(claim.count);
    root = commitmentDigest(claim.after);
    placed.push({ ...part, claim });
  }
  const held = recordNext - header.recordFirst;
  if (held !== BigInt(header.recordCount)) {
    const message = `the parts hold ${held} records, the header says ${header.recordCount}`;
    return inPart('parts', 'PART_TILING', message);
  }
  if (!sameBytes(root, header.rootNew)) {
    return inPart('parts', 'ROOT_FINAL', "the parts do not end at the header's new root");
  }
  if (!sameBytes(partsHash(parts.map(({ statement }) => statement)), header.digestListHash)) {
    const message = 'the statements are not those that the header commits to';
    return inPart('digest list', 'DIGEST_LIST', message);
  }
  return placed;
}

function checkPlace(
  genesis: StarkGenesis,
  { chainId, epoch }: StarkHeader,
  index: number,
  claim: PartStatement,
): PartRefused | undefined {
  const part = partName(index);
  if (!sameBytes(claim.chainId, chainId)) {
    return inPart(part, 'PART_CHAIN', 'its statement names another chain');
  }
  const isPlaced = claim.market === genesis.market && claim.epoch === epoch && claim.part === index;
  if (isPlaced) return undefined;
  const message = `it is part ${claim.part} of epoch ${claim.epoch}, market ${claim.market}`;
  return inPart(part, 'PART_PLACE', message);
}

/** Of which constraints, and with what parameters. */
function checkProver(
  genesis: StarkGenesis,
  index: number,
  claim: PartStatement,
): PartRefused | undefined {
  const part = partName(index);
  if (!sameBytes(claim.airDigest, genesis.airDigest)) {
    return inPart(part, 'PART_CONSTRAINTS', "its constraints are not the genesis's");
  }
  const [own, expected] = [parameterWords(claim.parameters), parameterWords(genesis.parameters)];
  if (own === expected) return undefined;
  return inPart(part, 'PART_PARAMETERS', `it has ${own}, the genesis has ${expected}`);
}

const parameterWords = ({ logBlowup, queries, grindingBits }: ProofParameters): string =>
  `blowup ${2 ** logBlowup}, ${queries} queries, ${grindingBits} grinding bits`;

export type ProvedParts =
  | {
      readonly ok: true;
      /** Of the part that has the fewest; Infinity where there is no part. */
      readonly securityBits: number;
    }
  | PartRefused;

/** Checks the proofs. */
export function checkProofs(parts: readonly PlacedPart[]): ProvedParts {
  let securityBits = Number.POSITIVE_INFINITY;
  for (const [index, { statement, proof }] of parts.entries()) {
    const verdict = verifyPart(statement, proof);
    if (!verdict.ok) {
      const code = verdict.code === 'PROOF_FORMAT' ? 'PROOF_FORMAT' : 'STARK_REFUSED';
      return inPart(partName(index), code, `${verdict.code}: ${verdict.message}`);
    }
    securityBits = Math.min(securityBits, verdict.securityBits);
  }
  return { ok: true, securityBits };
}
