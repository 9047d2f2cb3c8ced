import { assert } from './assert.ts';
import type { CircuitRole } from './poseidon.ts';
import { BackEnd } from './proof-system.ts';

/** A verifying key that this verifier accepts, and the circuit that it stands for. */
export interface TrustedKey {
  readonly circuit: string;
  readonly role: CircuitRole;
  /** Rows of the circuit: records of a batch, accounts of an account proof. */
  readonly size: number;
  /** A `BackEnd`; default Groth16. Of folding the digest is the shape's. */
  readonly backEnd?: number;
  /** Digest of the key's canonical bytes, hex. */
  readonly digest: string;
  /** A development key: its trapdoor is known, so its proofs prove nothing to a stranger. */
  readonly insecure: boolean;
}

/** The same digests as circuits/digests.json, which the build of the circuits is held to. */
const verifyingKeys: readonly TrustedKey[] = [
  {
    circuit: 'batch-15',
    role: 'batch',
    size: 15,
    digest: '466f8c6aefa1969414de70ea8d6e760973221138eaad4ae8439fa9fd0ebe42c1',
    insecure: true,
  },
  {
    circuit: 'batch-240',
    role: 'batch',
    size: 240,
    digest: '92bbcbd329923b1b1e629c43473aefe6dea5c883b162b99620987c03358122e0',
    insecure: true,
  },
  {
    circuit: 'accounts-4',
    role: 'accounts',
    size: 4,
    digest: 'fac7ce25dd1741b7ac616b73e1fde1ac4e743f81cec5a037544a7d3e660cabdf',
    insecure: true,
  },
  {
    circuit: 'accounts-16',
    role: 'accounts',
    size: 16,
    digest: 'ff561ca4445f4d2f82990d19a0bb3500af94103e0212ce4637a89a2c877a2e3c',
    insecure: true,
  },
];

/** Shapes of the same circuits: they follow from the constraints alone. */
const shapes: readonly TrustedKey[] = [
  shapeOf('batch-15', 'e2b637f8d7ba9ed581a21349e00feb58941c13629569c9df2657335e93403c84'),
  shapeOf('batch-240', 'd42f4db31ba1b347520575a88eb81c5183c478d94ca67783db2a87ec658db0f6'),
  shapeOf('accounts-4', '355a840775ed67b1f0c9bb81cfc832473ae7a6fe316b5570e1377aa8ddef94ff'),
  shapeOf('accounts-16', 'c78b53311725bc0f338f77e642064e829ca68557e30eefb835e6cf8b238a3f7f'),
];

function shapeOf(circuit: string, digest: string): TrustedKey {
  const key = verifyingKeys.find((key) => key.circuit === circuit);
  assert(key !== undefined, `${circuit} has a key`);
  const { role, size } = key;
  return { circuit, role, size, backEnd: BackEnd.FOLDING, digest, insecure: false };
}

/** What this release trusts. */
export const pinnedKeys: readonly TrustedKey[] = [...verifyingKeys, ...shapes];
