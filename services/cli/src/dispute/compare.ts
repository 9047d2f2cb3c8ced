/** Two of what should be one: where they differ first. */
import { bytesToHex, type Evidence, keyListConflict } from '@foldbook/verifier';
import type { LogSource } from './log-source.ts';
import type { SignedChain } from './signed-epochs.ts';

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

/** Undefined where both have the same headers. */
export function compareChains(a: SignedChain, b: SignedChain): Difference | undefined {
  if (Buffer.compare(a.genesisBytes, b.genesisBytes) !== 0) {
    const words = 'they are two chains: each has a genesis of its own';
    return { at: undefined, words, evidence: undefined };
  }
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
  if (a.epochs.length === b.epochs.length) return undefined;
  const epochs = Math.min(a.epochs.length, b.epochs.length);
  const words = `they agree in ${epochs} epochs, and one has more`;
  return { at: undefined, words, evidence: undefined };
}
