/** Stores as a dishonest operator may hand them out, for `check proof-neg`. */
import assert from 'node:assert/strict';
import { type ChainOptions, epochFileName, type ReasonCode, verifyChain } from '@foldbook/verifier';
import {
  ChainBuilder,
  type Cheats,
  everyKind,
  memorySource,
  record,
  trades,
} from '@foldbook/verifier/testing';

/** What became of a forgery: the code that it was refused with, or `accepted`. */
export type Outcome = string;

export interface Forgery {
  readonly group: string;
  readonly name: string;
  /**
   * The checks that it is for. Refused by another one it would no longer show that these are there.
   * None where any will do.
   */
  readonly aims: readonly ReasonCode[];
  run(): Promise<Outcome> | Outcome;
}

/** What is wrong with what became of a forgery; undefined where its check refused it. */
export function failureOf({ name, aims }: Forgery, outcome: Outcome): string | undefined {
  if (outcome === 'accepted') return `${name}: accepted`;
  if (aims.length === 0 || aims.some((aim) => aim === outcome)) return undefined;
  return `${name}: refused by ${outcome}, not the check that it is for (${aims.join(', ')})`;
}

export type Files = Map<string, Uint8Array>;
export type Draft = Parameters<NonNullable<Cheats['draft']>>[0];
export type Header = Parameters<NonNullable<Cheats['header']>>[0];

export const MIDDLE = 1;
export async function verdict(files: Files, options: ChainOptions): Promise<Outcome> {
  const result = await verifyChain(memorySource(files), { level: 'settlement', ...options });
  return result.ok ? 'accepted' : result.firstFailure.code;
}

/** Three epochs, the middle one of two batches; `cheats` bends that one. */
export function chainWith(cheats: Cheats = {}): ChainBuilder {
  const chain = new ChainBuilder();
  chain.addEpoch([...everyKind, record.depositBase(9, 4), record.depositQuote(10, 9)]);
  chain.addEpoch(trades(17), cheats);
  chain.addEpoch(trades(3));
  return chain;
}

export type Changed = (
  group: string,
  name: string,
  aims: readonly ReasonCode[],
  change: (files: Files) => void,
) => Forgery;

/** Lies that the operator signed. */
export function signed(group: string, name: string, aim: ReasonCode, cheats: Cheats): Forgery {
  return {
    ...{ group, name, aims: [aim] },
    run: () => {
      const chain = chainWith(cheats);
      return verdict(chain.files, { trustedKeys: chain.trustedKeys });
    },
  };
}

export function epochFile(index: number): string {
  return `epochs/${epochFileName(index)}`;
}

export function file(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = files.get(name);
  assert(bytes, name);
  return bytes;
}

export function edit(files: Files, name: string, change: (bytes: Uint8Array) => Uint8Array): void {
  files.set(name, change(file(files, name)));
}

export function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}
