import type { CircuitRole } from './poseidon.ts';

/** What proves a batch or an account proof. */
export const BackEnd = {
  GROTH16: 1,
  /** A key's digest is that of the folded circuit's shape. */
  FOLDING: 2,
} as const;

const names: ReadonlyMap<number, string> = new Map([
  [BackEnd.GROTH16, 'Groth16'],
  [BackEnd.FOLDING, 'folding'],
]);

/** The back end as people say it. */
export function backEndName(backEnd: number): string {
  return names.get(backEnd) ?? `number ${backEnd}`;
}

/** Which circuit a proof is of, and by what. A chain has one key for each of these. */
export interface ProofKind {
  readonly role: CircuitRole;
  /** Rows of the circuit: records of a batch, accounts of an account proof. */
  readonly size: number;
  readonly backEnd: number;
}

export const ROLE_CODES = { batch: 1, accounts: 2 } as const;

export const isSameKind = (left: ProofKind, right: ProofKind): boolean =>
  left.role === right.role && left.size === right.size && left.backEnd === right.backEnd;

/** Ascending by role, size, back end: the order of a genesis's list. */
export function compareKinds(left: ProofKind, right: ProofKind): number {
  return (
    ROLE_CODES[left.role] - ROLE_CODES[right.role] ||
    left.size - right.size ||
    left.backEnd - right.backEnd
  );
}
