import { bytesToHex } from './bytes.ts';
import type { EpochSource } from './epoch-source.ts';
import type { Genesis } from './genesis.ts';
import type { TrustedKey } from './pinned-keys.ts';
import type { CircuitRole } from './poseidon.ts';
import { type Refused, refused } from './reason-codes.ts';
import { ACCOUNTS_SIGNALS, BATCH_SIGNALS } from './statement.ts';
import { decodeVerifyingKey, type VerifyingKey, verifyingKeyDigest } from './verifying-key.ts';

export interface CircuitKey {
  readonly key: VerifyingKey;
  /** Rows of the circuit. */
  readonly size: number;
}

/** The keys that the genesis names, found, checked and trusted. */
export interface ChainKeys {
  readonly ok: true;
  readonly batch: CircuitKey;
  readonly accounts: CircuitKey;
  /** One of them is a development key. */
  readonly insecure: boolean;
}

export async function loadChainKeys(
  source: EpochSource,
  genesis: Genesis,
  trustedKeys: readonly TrustedKey[],
): Promise<ChainKeys | Refused> {
  const batch = await loadKey(source, 'batch', genesis.batchVkDigest, trustedKeys);
  if (!batch.ok) return batch;
  const accounts = await loadKey(source, 'accounts', genesis.accountVkDigest, trustedKeys);
  if (!accounts.ok) return accounts;
  return { ok: true, batch, accounts, insecure: batch.key.insecure || accounts.key.insecure };
}

async function loadKey(
  source: EpochSource,
  role: CircuitRole,
  digestBytes: Uint8Array,
  trustedKeys: readonly TrustedKey[],
): Promise<(CircuitKey & { readonly ok: true }) | Refused> {
  const digest = bytesToHex(digestBytes);
  const trusted = trustedKeys.find((key) => key.digest === digest && key.role === role);
  if (!trusted) {
    const known = trustedKeys.filter((key) => key.role === role).map((key) => key.digest);
    const message = `key ${digest} for ${role} proofs is not one of ${known.join(', ')}`;
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
  return { ok: true, key, size: trusted.size };
}
