import type { AcceptedKey } from './accepted-keys.ts';
import { bytesToHex } from './bytes.ts';
import type { EpochSource } from './epoch-source.ts';
import { type FoldKey, readFoldKey } from './fold-key.ts';
import { shapeDigest } from './fold-shape.ts';
import type { Genesis } from './genesis.ts';
import type { TrustedKey } from './pinned-keys.ts';
import { BackEnd, backEndName, isSameKind, type ProofKind } from './proof-system.ts';
import { type Refused, refused } from './reason-codes.ts';
import { ACCOUNTS_SIGNALS, BATCH_SIGNALS } from './statement.ts';
import { decodeVerifyingKey, type VerifyingKey, verifyingKeyDigest } from './verifying-key.ts';

/** What a proof is verified under: a Groth16 key, or the shape of a folded circuit. */
export type ProofKey = VerifyingKey | FoldKey;

/** A key of a chain, and what its proofs are of. */
export interface CircuitKey extends ProofKind {
  readonly key: ProofKey;
}

/** The keys that the genesis names, found, checked and trusted. */
export interface ChainKeys {
  readonly ok: true;
  readonly keys: readonly CircuitKey[];
  /** One of the Groth16 keys is a development key. Folding has no set-up that could be. */
  readonly insecure: boolean;
}

/** The chain's key for proofs of this kind, or why there is none. */
export function keyFor(
  { keys }: ChainKeys,
  kind: ProofKind,
): { readonly ok: true; readonly key: ProofKey } | Refused {
  const { role, size, backEnd } = kind;
  if (backEnd !== BackEnd.GROTH16 && backEnd !== BackEnd.FOLDING) {
    const known = 'this verifier checks Groth16 and folding: use one that knows it';
    return refused('BACKEND_UNKNOWN', `its back end is ${backEndName(backEnd)}; ${known}`);
  }
  const found = keys.find((key) => isSameKind(key, kind));
  if (found !== undefined) return { ok: true, key: found.key };
  const proofs = `${role} proofs of ${size} rows by ${backEndName(backEnd)}`;
  return refused('KEY_NOT_ACCEPTED', `the genesis accepts no key for ${proofs}`);
}

export async function loadChainKeys(
  source: EpochSource,
  genesis: Genesis,
  trustedKeys: readonly TrustedKey[],
): Promise<ChainKeys | Refused> {
  const keys: CircuitKey[] = [];
  let insecure = false;
  for (const accepted of genesis.keys) {
    const trusted = trustedKey(accepted, trustedKeys);
    if ('code' in trusted) return trusted;
    insecure ||= trusted.insecure;
    const load = accepted.backEnd === BackEnd.FOLDING ? loadShape : loadKey;
    const loaded = await load(source, accepted, trusted);
    if (!loaded.ok) return loaded;
    keys.push(loaded.circuitKey);
  }
  return { ok: true, keys, insecure };
}

type Loaded = { readonly ok: true; readonly circuitKey: CircuitKey } | Refused;

function trustedKey(
  { role, size, backEnd, digest }: AcceptedKey,
  trustedKeys: readonly TrustedKey[],
): TrustedKey | Refused {
  const ofKind = trustedKeys.filter((key) =>
    isSameKind({ ...key, backEnd: key.backEnd ?? BackEnd.GROTH16 }, { role, size, backEnd }),
  );
  const hex = bytesToHex(digest);
  const trusted = ofKind.find((key) => key.digest === hex);
  if (trusted !== undefined) return trusted;
  const known = ofKind.map((key) => key.digest).join(', ') || 'those that are known';
  const name = backEnd === BackEnd.FOLDING ? 'folded shape' : 'key';
  const message = `${name} ${hex} for ${role} proofs of ${size} rows is not one of ${known}`;
  return refused('KEY_UNKNOWN', `${message}: use the verifier release of this deployment`);
}

const signalsOf = (role: AcceptedKey['role']): number =>
  role === 'batch' ? BATCH_SIGNALS : ACCOUNTS_SIGNALS;

async function loadShape(
  source: EpochSource,
  { role, size, backEnd, digest: digestBytes }: AcceptedKey,
  { circuit }: TrustedKey,
): Promise<Loaded> {
  const digest = bytesToHex(digestBytes);
  const file = `keys/${digest}.shape`;
  const bytes = await source.foldShape?.(digest);
  if (!bytes) return refused('KEY_MISSING', `${file} is not there: restore it`);
  // Before it is parsed: a few bytes can stand for millions of terms.
  const found = bytesToHex(shapeDigest(bytes));
  if (found !== digest) return refused('KEY_DIGEST', `${file} has digest ${found}: restore it`);
  const decoded = readFoldKey(bytes);
  if (!decoded.ok) return refused(decoded.error.code, `${file}: ${decoded.error.message}`);
  const key = decoded.value;
  if (key.shape.publicCount !== signalsOf(role)) {
    const signals = `${key.shape.publicCount} public signals`;
    return refused('KEY_FORMAT', `${file} is no shape of circuit ${circuit}: ${signals}`);
  }
  return { ok: true, circuitKey: { role, size, backEnd, key } };
}

async function loadKey(
  source: EpochSource,
  { role, size, backEnd, digest: digestBytes }: AcceptedKey,
  trusted: TrustedKey,
): Promise<Loaded> {
  const digest = bytesToHex(digestBytes);
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
  if (key.ic.length - 1 !== signalsOf(role) || key.insecure !== trusted.insecure) {
    const kind = `${key.ic.length - 1} public signals, insecure ${key.insecure}`;
    return refused(
      'KEY_FORMAT',
      `keys/${digest}.vk is no key of circuit ${trusted.circuit}: ${kind}`,
    );
  }
  return { ok: true, circuitKey: { role, size, backEnd, key } };
}
