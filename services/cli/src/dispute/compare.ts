/** Two of what should be one: where they differ first. */
import {
  bytesToHex,
  checkEvidence,
  compareByLog,
  type Evidence,
  evidenceText,
  keyListConflict,
} from '@foldbook/verifier';
import type { LogSource } from './log-source.ts';
import type { SignedChain, SignedEpoch } from './signed-epochs.ts';

export interface Difference {
  /** A log sequence, or an epoch; undefined where one is the beginning of the other. */
  readonly at: number | undefined;
  readonly words: string;
  readonly evidence: Evidence | undefined;
}

/** Undefined where both have the same records. */
export async function compareLogs(a: LogSource, b: LogSource): Promise<Difference | undefined> {
  const all = { fromSequence: 1, follow: false };
  const other = b.reader.read(all)[Symbol.asyncIterator]();
  let last = 0;
  const ends = (name: string): Difference => ({
    ...{ at: undefined, evidence: undefined },
    words: `they agree up to ${last}, where ${name} ends`,
  });
  try {
    for await (const record of a.reader.read(all)) {
      const { done, value } = await other.next();
      if (done) return ends(b.name);
      const { sequence, subject, payload } = record;
      const isSame =
        value.sequence === sequence &&
        value.subject === subject &&
        Buffer.compare(value.payload, payload) === 0;
      if (!isSame) {
        const sizes = `${payload.byteLength} bytes and ${value.payload.byteLength} bytes`;
        const words = `they differ first at ${sequence}: ${subject} and ${value.subject}, ${sizes}`;
        return { at: sequence, words, evidence: undefined };
      }
      last = sequence;
    }
    return (await other.next()).done ? undefined : ends(a.name);
  } finally {
    await other.return?.();
  }
}

/** Undefined where both have the same headers, or two of one market say the same of one log. */
export function compareChains(a: SignedChain, b: SignedChain): Difference | undefined {
  if (Buffer.compare(a.genesisBytes, b.genesisBytes) !== 0) return compareTwo(a, b);
  const changes = keyListConflict(a.operatorKeys, b.operatorKeys);
  if (changes !== undefined && a.keyChanges !== undefined && b.keyChanges !== undefined) {
    const lists = [a.keyChanges, b.keyChanges];
    const evidence = { kind: 'keys', genesis: a.genesisBytes, lists } as const;
    const words = `the operator's key has two lists of changes: ${changes.words}`;
    return { at: undefined, words, evidence };
  }
  for (const [index, one] of a.epochs.entries()) {
    const other = b.epochs[index];
    if (other === undefined) break;
    if (bytesToHex(one.signed.header) === bytesToHex(other.signed.header)) continue;
    const headers = [one.signed, other.signed];
    const evidence = { kind: 'headers', genesis: a.genesisBytes, headers } as const;
    return { at: index, words: `epoch ${index} has two signed headers`, evidence };
  }
  return compareLengths(a, b);
}

function compareLengths(a: SignedChain, b: SignedChain): Difference | undefined {
  if (a.epochs.length === b.epochs.length) return undefined;
  const epochs = Math.min(a.epochs.length, b.epochs.length);
  const words = `they agree in ${epochs} epochs, and one has more`;
  return { at: undefined, words, evidence: undefined };
}

/**
 * Chains with a genesis each: a market's two, or those of two deployments. Whoever tells of two
 * histories may count epochs otherwise in one of them, so epochs are found by their heads.
 */
function compareTwo(a: SignedChain, b: SignedChain): Difference | undefined {
  const find = epochFinder(b.epochs);
  let apart: number | undefined;
  let unowned: Difference | undefined;
  for (const [index, one] of a.epochs.entries()) {
    const ofOneLog = find(one);
    if (ofOneLog.length === 0 && index < b.epochs.length) apart ??= index;
    for (const other of ofOneLog) {
      const { words } = compareByLog(one.header, other.header);
      if (words === undefined) continue;
      const sides = [
        { genesis: a.genesisBytes, ...one.signed },
        { genesis: b.genesisBytes, ...other.signed },
      ];
      const evidence = { kind: 'chains', sides } as const;
      // Two owners contradict each other, and neither itself; further on there may be one.
      const checked = checkEvidence(evidenceText(evidence));
      if (checked.ok) return { at: index, words, evidence };
      unowned ??= { at: index, words: `${words}; ${checked.message}`, evidence: undefined };
    }
  }
  if (unowned !== undefined) return unowned;
  const two = 'they are two chains: each has a genesis of its own';
  if (apart !== undefined) {
    const words = `${two}, and from epoch ${apart} on they have no head of the log in common`;
    return { at: apart, words, evidence: undefined };
  }
  if (a.kind === b.kind) return { at: undefined, words: two, evidence: undefined };
  return compareLengths(a, b);
}

/** Finds the epochs that `compareByLog` ties to another chain's: two at most. */
function epochFinder(epochs: SignedChain['epochs']) {
  const keysOf = ({ header }: SignedEpoch) => [
    `from ${bytesToHex(header.logHeadStart)}`,
    `to ${bytesToHex(header.logHeadEnd)}`,
  ];
  const byHead = new Map(epochs.flatMap((one) => keysOf(one).map((key) => [key, one] as const)));
  return (one: SignedEpoch): readonly SignedEpoch[] => {
    const found = keysOf(one).map((key) => byHead.get(key));
    const isTied = (other: SignedEpoch | undefined): other is SignedEpoch =>
      other !== undefined && compareByLog(one.header, other.header).isOneLog;
    return [...new Set(found.filter(isTied))];
  };
}
