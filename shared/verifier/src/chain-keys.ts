import type { AcceptedKey } from './accepted-keys.ts';
import { bytesToHex } from './bytes.ts';
import type { EpochSource } from './epoch-source.ts';
import type { Genesis } from './genesis.ts';
import type { TrustedKey } from './pinned-keys.ts';
import { BackEnd, backEndName, isSameKind, type ProofKind } from './proof-system.ts';
import { type Refused, refused } from './reason-codes.ts';
import { ACCOUNTS_SIGNALS, BATCH_SIGNALS } from './statement.ts';
import { decodeVerifyingKey, type VerifyingKey, verifyingKeyDigest } from './verifying-key.ts';

/** A Groth16 key of a chain, and what its proofs are of. */
export interface CircuitKey extends ProofKind {
  readonly key: VerifyingKey;
}

/** The keys that the genesis names, found, checked and trusted. */
export interface ChainKeys {
  readonly ok: true;
  readonly keys: readonly CircuitKey[];
  /** One of them is a development key. */
  readonly insecure: boolean;
}

/** The chain's key for proofs of this kind, or why there is none. */
export function keyFor(
  { keys }: ChainKeys,
  kind: ProofKind,
): { readonly ok: true; readonly key: VerifyingKey } | Refused {
  const { role, size, backEnd } = kind;
  if (backEnd !== BackEnd.GROTH16) {
    const message = `its back end is ${backEndName(backEnd)}; this verifier checks Groth16`;
    return refused('BACKEND_UNKNOWN', `${message}: use one that knows it`);
  }
  const found = keys.find((key) => isSameKind(key, kind));
  if (found !== undefined) return { ok: true, key: found.key };
  const message = `the genesis accepts no key for ${role} proofs of ${size} rows`;
  return refused('KEY_NOT_ACCEPTED', message);
}

export async function loadChainKeys(
  source: EpochSource,
  genesis: Genesis,
  trustedKeys: readonly TrustedKey[],
): Promise<ChainKeys | Refused> {
  const keys: CircuitKey[] = [];
  for (const accepted of genesis.keys) {
    // Its digest is of no verifying key; a proof of that kind is refused where it is met.
    if (accepted.backEnd !== BackEnd.GROTH16) continue;
    const loaded = await loadKey(source, accepted, trustedKeys);
    if (!loaded.ok) return loaded;
    keys.push(loaded.circuitKey);
  }
  return { ok: true, keys, insecure: keys.some(({ key }) => key.insecure) };
}

async function loadKey(
  source: EpochSource,
  { role, size, backEnd, digest: digestBytes }: AcceptedKey,
  trustedKeys: readonly TrustedKey[],
): Promise<{ readonly ok: true; readonly circuitKey: CircuitKey } | Refused> {
  const digest = bytesToHex(digestBytes);
  const ofRole = trustedKeys.filter((key) => key.role === role && key.size === size);
  const trusted = ofRole.find((key) => key.digest === digest);
  if (!trusted) {
    const known = ofRole.map((key) => key.digest).join(', ') || 'those that are known';
    const message = `key ${digest} for ${role} proofs of ${size} rows is not one of ${known}`;
    return refused('KEY_UNKNOWN', `${message}: use the verifier release of this deployment`);
  }
  const bytes = await source.verifyingKey(digest);
  if (!bytes) return refused('KEY_MISSING', `keys/${digest}.vk is not there: restore it`);
  const found = bytesToHex(verifyingKeyDigest(bytes));
  if (found !== digest) {
    return refused('KEY_DIGEST', `keys/${digest}.vk has digest ${found}: restore it`);
  }
  const decoded = decodeVerifyingKey(bytes);
  if (!decoded.ok)
    return refused(decoded.error.code, `keys/${digest}.vk: ${decoded.error.message}`);
  const key = decoded.value;
  const signals = role === 'batch' ? BATCH_SIGNALS : ACCOUNTS_SIGNALS;
  if (key.ic.length - 1 !== signals || key.insecure !== trusted.insecure) {
    const kind = `${key.ic.length - 1} public signals, insecure ${key.insecure}`;
    return refused(
      'KEY_FORMAT',
      `keys/${digest}.vk is no key of circuit ${trusted.circuit}: ${kind}`,
    );
  }
  return { ok: true, circuitKey: { role, size, backEnd, key } };
}
