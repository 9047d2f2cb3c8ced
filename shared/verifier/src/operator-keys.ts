/** Whose signature counts in which epoch: the genesis's key, and what it was changed to. */
import { bytesToHex, sameBytes } from './bytes.ts';
import type { Genesis } from './genesis.ts';
import { badSignature, decodeKeyChanges, type KeyChange } from './key-changes.ts';
import { type Refused, refused } from './reason-codes.ts';
import { isSoundKey } from './signature.ts';

/** A key and the epoch from which on it signs. */
export interface KeyTerm {
  readonly firstEpoch: bigint;
  readonly key: Uint8Array;
}

/** A checked list. Terms rise strictly but for the first, which is the genesis's key from 0 on. */
export interface OperatorKeys {
  readonly ok: true;
  readonly terms: readonly [KeyTerm, ...KeyTerm[]];
}

/**
 * Follows a chain's list from the key that its genesis pins. No key comes twice: a key that signs
 * one change at most can't be made to say where in the list that change belongs.
 */
export function operatorKeys(
  { operatorKey }: Pick<Genesis, 'operatorKey'>,
  chainId: Uint8Array,
  changes: readonly KeyChange[],
): OperatorKeys | Refused {
  let last: KeyTerm = { firstEpoch: 0n, key: operatorKey };
  const terms: [KeyTerm, ...KeyTerm[]] = [last];
  for (const [index, change] of changes.entries()) {
    const { firstEpoch, newKey } = change;
    const name = `change ${index} of the operator's key`;
    if (index > 0 && firstEpoch <= last.firstEpoch) {
      const words = `${name} is from epoch ${firstEpoch} on, the one before from`;
      return refused('KEY_CHANGE_ORDER', `${words} ${last.firstEpoch}`);
    }
    if (!isSoundKey(newKey)) {
      return refused(
        'KEY_CHANGE_KEY',
        `${name} is to ${bytesToHex(newKey)}, which is no sound key`,
      );
    }
    if (terms.some(({ key }) => sameBytes(key, newKey))) {
      const words = `${name} is to ${bytesToHex(newKey)}, which was the operator's before`;
      return refused('KEY_CHANGE_KEY', words);
    }
    const bad = badSignature(chainId, last.key, change);
    if (bad !== undefined) {
      const key = bytesToHex(bad === 'old' ? last.key : newKey);
      return refused('KEY_CHANGE_SIGNATURE', `${name} is not signed by the ${bad} key, ${key}`);
    }
    last = { firstEpoch, key: newKey };
    terms.push(last);
  }
  return { ok: true, terms };
}

/** The same, and the changes, from the file of a store; without one the genesis's key stays. */
export function readOperatorKeys(
  genesis: Pick<Genesis, 'operatorKey'>,
  chainId: Uint8Array,
  file: Uint8Array | undefined,
): (OperatorKeys & { readonly changes: readonly KeyChange[] }) | Refused {
  const decoded = file === undefined ? undefined : decodeKeyChanges(file);
  if (decoded?.ok === false) return refused(decoded.error.code, decoded.error.message);
  const changes = decoded?.value ?? [];
  const keys = operatorKeys(genesis, chainId, changes);
  return keys.ok ? { ...keys, changes } : keys;
}

/** The key that signs this epoch's header. */
export function keyOfEpoch(keys: OperatorKeys, epoch: bigint): Uint8Array {
  const { key } = keys.terms.findLast(({ firstEpoch }) => firstEpoch <= epoch) ?? keys.terms[0];
  return key;
}

/** Two changes that one key signed. */
export interface KeyListConflict {
  readonly words: string;
  readonly signer: Uint8Array;
  /** The first epoch of the earlier change. */
  readonly firstEpoch: bigint;
}

/**
 * Why two lists of one chain can't both be the operator's; undefined where one is the beginning of
 * the other. At the first difference one key signed two changes.
 */
export function keyListConflict(a: OperatorKeys, b: OperatorKeys): KeyListConflict | undefined {
  const common = commonTerms(a, b);
  const [one, other] = [a.terms[common], b.terms[common]];
  if (one === undefined || other === undefined) return undefined;
  const show = ({ key, firstEpoch }: KeyTerm) => `${bytesToHex(key)} from epoch ${firstEpoch} on`;
  const { key: signer } = a.terms[common - 1] ?? a.terms[0];
  const words = `${bytesToHex(signer)} was changed to ${show(one)}, and to ${show(other)}`;
  const firstEpoch = one.firstEpoch < other.firstEpoch ? one.firstEpoch : other.firstEpoch;
  return { words, signer, firstEpoch };
}

/** How many terms two lists of one chain begin with together: at least the genesis's. */
function commonTerms(a: OperatorKeys, b: OperatorKeys): number {
  const parting = a.terms.findIndex(({ firstEpoch, key }, index) => {
    const other = b.terms[index];
    return other?.firstEpoch !== firstEpoch || !sameBytes(key, other.key);
  });
  return parting === -1 ? a.terms.length : parting;
}

/**
 * From which epoch on another list takes `epoch` from the key that signs it by `own`: the other one
 * goes on with a change, or parts from it. Undefined where it leaves the epoch to that key.
 */
export function retiredFrom(
  own: OperatorKeys,
  other: OperatorKeys,
  epoch: bigint,
): bigint | undefined {
  const next = other.terms[commonTerms(own, other)];
  const from = keyListConflict(own, other)?.firstEpoch ?? next?.firstEpoch;
  return from !== undefined && from <= epoch ? from : undefined;
}

/** The keys up to the one that signs this epoch: each but the first is named by the one before. */
const leadingTo = ({ terms }: OperatorKeys, epoch: bigint): readonly KeyTerm[] =>
  terms.filter(({ firstEpoch }) => firstEpoch <= epoch);

/**
 * The latest key that the signers of two chains' epochs both are, or follow from: both are its
 * owner's word. A key that follows one of them later is not asked: it agreed to what comes then.
 */
export function commonKey(
  a: OperatorKeys,
  epochOfA: bigint,
  b: OperatorKeys,
  epochOfB: bigint,
): Uint8Array | undefined {
  const ofB = leadingTo(b, epochOfB);
  return leadingTo(a, epochOfA).findLast(({ key }) => ofB.some((one) => sameBytes(one.key, key)))
    ?.key;
}

/**
 * From which epoch on the list of another chain takes `epoch` from the key that signs it by `own`:
 * there that key, or the last one before it that both lists have, had been changed by then. A key
 * is changed in each chain by itself, so lists of two chains may differ and be one owner's.
 * @param due - the epoch that it is by the other chain, if that is later
 */
export function endedFrom(
  own: OperatorKeys,
  other: OperatorKeys,
  epoch: bigint,
  due: bigint,
): bigint | undefined {
  const terms = leadingTo(own, epoch);
  const places = terms.map(({ key }) => other.terms.findIndex((term) => sameBytes(term.key, key)));
  const last = places.findLastIndex((place) => place !== -1);
  const ended = other.terms[(places[last] ?? other.terms.length) + 1]?.firstEpoch;
  if (ended === undefined) return undefined;
  // Where it named another key than there, that is as doubtful as what it signed behind its end.
  const left = terms[last + 1]?.firstEpoch ?? ended;
  const from = left < ended ? left : ended;
  return from <= epoch || from <= due ? from : undefined;
}
