/**
 * Test vectors of SPEC sections 1, 3, 4 and of the nonce of section 9, made by plain code.
 * `node shared/stark/src/testing/write-commit-vectors.ts` rewrites the files; tests only read them.
 */
import { blake3 } from '@noble/hashes/blake3.js';
import { KEYS } from '../commit/keys.ts';
import {
  absorbed,
  drawnElement,
  drawnIndices,
  leastNonce,
  nextState,
  startState,
} from './plain-transcript.ts';
import { concat, mixedWords, PlainTree, PRIME, u32Bytes } from './plain-tree.ts';

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

export interface LeafVector {
  readonly row: readonly number[];
  readonly leaf: string;
}

export interface TreeVector {
  /** Largest first. The cell of height h (0 for the first), exponent e, column j is `cellOf`. */
  readonly heights: readonly { readonly logSize: number; readonly columns: number }[];
  readonly cap: string;
  readonly root: string;
  readonly openings: readonly {
    readonly e: number;
    readonly rows: readonly (readonly number[])[];
    readonly siblings: string;
  }[];
}

export type TranscriptStep =
  | { readonly absorb: { readonly tag: number; readonly bytes: string } }
  | { readonly draw: readonly number[] }
  | { readonly drawIndices: { count: number; logSize: number; indices: readonly number[] } };

export interface TranscriptVector {
  readonly start: string;
  /** Steps with the state that they leave. */
  readonly steps: readonly { readonly step: TranscriptStep; readonly state: string }[];
  readonly nonces: readonly { readonly state: string; bits: number; nonce: string }[];
}

export interface CommitVectors {
  readonly keys: Readonly<Record<string, string>>;
  readonly cell: string;
  readonly leaves: readonly LeafVector[];
  readonly trees: readonly TreeVector[];
  readonly transcript: TranscriptVector;
}

/** Of vectors of trees. */
export const cellOf = (height: number, e: number, column: number): number =>
  Number(BigInt(1 + height + 7 * column + 1009 * e) ** 4n % BigInt(PRIME));

export const rowsOf = (heights: TreeVector['heights']): { rows: number[][] }[] =>
  heights.map(({ logSize, columns }, height) => ({
    rows: Array.from({ length: 2 ** logSize }, (_, e) =>
      Array.from({ length: columns }, (__, column) => cellOf(height, e, column)),
    ),
  }));

function treeVector(...sizes: readonly (readonly [number, number])[]): TreeVector {
  const heights = sizes.map(([logSize, columns]) => ({ logSize, columns }));
  const tree = new PlainTree(rowsOf(heights));
  const size = 2 ** (heights[0]?.logSize ?? 0);
  const openings = [0, size / 2 - 1, size - 1].map((e) => {
    const { rows, siblings } = tree.opening(e);
    return { e, rows, siblings: hexOf(siblings) };
  });
  return { heights, cap: hexOf(tree.cap), root: hexOf(tree.root), openings };
}

/** What is absorbed (a tag, a number of bytes) and drawn (a number of indices, their bits). */
const SCRIPT: readonly (readonly ['absorb' | 'draw' | 'indices', number, number])[] = [
  ...([
    ['absorb', 1, 130],
    ['absorb', 2, 2048],
    ['draw', 0, 0],
    ['draw', 0, 0],
  ] as const),
  ...([
    ['absorb', 3, 0],
    ['draw', 0, 0],
    ['draw', 0, 0],
    ['draw', 0, 0],
  ] as const),
  ...([
    ['absorb', 4, 1],
    ['draw', 0, 0],
    ['absorb', 5, 20],
    ['absorb', 6, 8],
  ] as const),
  ...([
    ['indices', 84, 18],
    ['indices', 17, 27],
    ['draw', 0, 0],
  ] as const),
];

function transcriptVector(): TranscriptVector {
  let state = startState();
  const steps = SCRIPT.map(([what, first, second], seed) => {
    const before = state;
    const bytes = Uint8Array.from(mixedWords(second, seed), (word) => word % 256);
    state = what === 'absorb' ? absorbed(before, first, bytes) : nextState(before);
    return { step: stepOf(), state: hexOf(state) };

    function stepOf(): TranscriptStep {
      switch (what) {
        case 'absorb':
          return { absorb: { tag: first, bytes: hexOf(bytes) } };
        case 'draw':
          return { draw: drawnElement(before) };
        case 'indices': {
          const indices = drawnIndices(before, first, second);
          return { drawIndices: { count: first, logSize: second, indices } };
        }
      }
    }
  });
  const nonces = [0, 1, 8, 12].map((bits) => {
    const nonce = leastNonce(state, bits).toString();
    return { state: hexOf(state), bits, nonce };
  });
  return { start: hexOf(startState()), steps, nonces };
}

export function makeCommitVectors(): CommitVectors {
  const leaves = [1, 15, 16, 17, 40, 256].map((width) => {
    const row = [...mixedWords(width - 1, width), PRIME - 1];
    return { row, leaf: hexOf(blake3(concat(row.map(u32Bytes)), { key: KEYS.LEAF })) };
  });
  return {
    keys: Object.fromEntries(Object.entries(KEYS).map(([name, key]) => [name, hexOf(key)])),
    cell: '(1 + h + 7 j + 1009 e)^4 mod p: height h (0 is the largest), exponent e, column j',
    leaves,
    trees: [
      treeVector([8, 3]),
      treeVector([9, 18], [8, 5]),
      treeVector([11, 2], [10, 28], [8, 33]),
    ],
    transcript: transcriptVector(),
  };
}
