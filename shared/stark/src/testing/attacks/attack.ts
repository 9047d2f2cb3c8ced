/** An attempt to have something false believed, and what both verifiers must say of it. */
import { airDigest } from '../../air/digest.ts';
import type { ProofParameters } from '../../parameters.ts';
import type { RefusalCode } from '../../verify/verdict.ts';
import { verifyPart } from '../../verify/verify-part.ts';
import { verifyReference } from '../reference/verify.ts';

export interface Forgery {
  readonly statement: Uint8Array;
  readonly proof: Uint8Array;
}

export interface Attack {
  readonly group: string;
  readonly name: string;
  /** What it is to be refused by: with another code it would not show that this check is there. */
  readonly aims: readonly RefusalCode[];
  forge(): Forgery;
}

/** More than 100 bits for small tables, and little work. */
export const ATTACKED_PARAMETERS: ProofParameters = {
  logBlowup: 2,
  queries: 92,
  grindingBits: 12,
};

const ACCEPTED = {
  airDigest: airDigest(),
  parameters: [{ ...ATTACKED_PARAMETERS, maxLogHeight: 12 }],
};

/** The code of the first verifier, and whether the second one refuses, too. */
export function verdictsOn({ statement, proof }: Forgery): {
  readonly code: RefusalCode | undefined;
  readonly secondRefuses: boolean;
} {
  const verdict = verifyPart(statement, proof);
  const second = verifyReference(statement, proof, ACCEPTED);
  return { code: verdict.ok ? undefined : verdict.code, secondRefuses: !second.ok };
}

/** What is wrong with the verdicts on an attack; undefined where both refuse it as they should. */
export function failureOf(attack: Attack): string | undefined {
  const { group, name, aims } = attack;
  const which = `${group}: ${name}`;
  let verdicts: ReturnType<typeof verdictsOn>;
  try {
    verdicts = verdictsOn(attack.forge());
  } catch (error) {
    return `${which}: ended with ${error}`;
  }
  const { code, secondRefuses } = verdicts;
  if (code === undefined) return `${which}: accepted`;
  if (!secondRefuses) return `${which}: accepted by the second verifier, ${code} by the first`;
  if (aims.includes(code)) return undefined;
  return `${which}: refused by ${code}, not by the check that it is for (${aims.join(', ')})`;
}
