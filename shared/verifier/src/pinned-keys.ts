import type { CircuitRole } from './poseidon.ts';

/** A verifying key that this verifier accepts, and the circuit that it stands for. */
export interface TrustedKey {
  readonly circuit: string;
  readonly role: CircuitRole;
  /** Rows of the circuit: records of a batch, accounts of an account proof. */
  readonly size: number;
  /** Digest of the key's canonical bytes, hex. */
  readonly digest: string;
  /** A development key: its trapdoor is known, so its proofs prove nothing to a stranger. */
  readonly insecure: boolean;
}

/** The same digests as circuits/digests.json, which the build of the circuits is held to. */
export const pinnedKeys: readonly TrustedKey[] = [
  {
    circuit: 'batch-15',
    role: 'batch',
    size: 15,
    digest: '466f8c6aefa1969414de70ea8d6e760973221138eaad4ae8439fa9fd0ebe42c1',
    insecure: true,
  },
  {
    circuit: 'accounts-4',
    role: 'accounts',
    size: 4,
    digest: 'fac7ce25dd1741b7ac616b73e1fde1ac4e743f81cec5a037544a7d3e660cabdf',
    insecure: true,
  },
];
