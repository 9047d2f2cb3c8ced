/**
 * Writes BLAKE3's compression for the kernel, unrolled, and the keys, as AssemblyScript.
 *
 * Four messages are hashed at once: a v128 carries the same word of each. Word i of a block stands
 * 16 i bytes behind its address, and so do the words of a chaining value. The sixteen words of the
 * state are local variables, and the order of the message's words in each round is written out, so
 * that no word is moved.
 */
import { INITIAL_WORDS, PERMUTATION, wordsOf } from '../src/commit/keyed-hash.ts';
import { KEYS } from '../src/commit/keys.ts';

const ROUNDS = 7;
const WORDS = Array.from({ length: 16 }, (_, index) => index);
/** State words that are mixed with each other: the columns, then the diagonals. */
const MIXES = [
  ...[0, 1, 2, 3].map((i) => [i, 4 + i, 8 + i, 12 + i] as const),
  ...[0, 1, 2, 3].map(
    (i) => [i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4)] as const,
  ),
];

const hex = (word: number): string => `0x${(word >>> 0).toString(16).padStart(8, '0')}`;

/** The lines of one mixing of four state words with two words of the message. */
function mixLines([a, b, c, d]: readonly number[], x: number, y: number): string[] {
  const [va, vb, vc, vd] = [`v${a}`, `v${b}`, `v${c}`, `v${d}`];
  const half = (word: number, first: string, second: string): string[] => [
    `${va} = i32x4.add(i32x4.add(${va}, ${vb}), v128.load(block, ${16 * word}));`,
    `${vd} = ${first}(v128.xor(${vd}, ${va}));`,
    `${vc} = i32x4.add(${vc}, ${vd});`,
    `${vb} = ${second}(v128.xor(${vb}, ${vc}));`,
  ];
  return [...half(x, 'rotate16', 'rotate12'), ...half(y, 'rotate8', 'rotate7')];
}

function roundLines(): string[] {
  const lines: string[] = [];
  let order: readonly number[] = WORDS;
  for (let round = 0; round < ROUNDS; round++) {
    MIXES.forEach((words, index) => {
      lines.push(...mixLines(words, order[2 * index] ?? 0, order[2 * index + 1] ?? 0));
    });
    order = PERMUTATION.map((index) => order[index] ?? 0);
  }
  return lines;
}

/** Module with `compressFour` and the address of each key's eight words. */
export function blake3Source(): string {
  const body = [
    ...WORDS.slice(0, 8).map((i) => `let v${i} = v128.load(chaining, ${16 * i});`),
    ...INITIAL_WORDS.slice(0, 4).map((word, i) => `let v${8 + i} = i32x4.splat(${hex(word)});`),
    'let v12 = i32x4.splat(0);',
    'let v13 = i32x4.splat(0);',
    'let v14 = i32x4.splat(length);',
    'let v15 = i32x4.splat(flags);',
    ...roundLines(),
    ...WORDS.slice(0, 8).map((i) => `v128.store(chaining, v128.xor(v${i}, v${i + 8}), ${16 * i});`),
  ];
  const keys = (['LEAF', 'NODE', 'GRIND'] as const).map((name) => {
    const words = [...wordsOf(KEYS[name])].map(hex);
    return `export const ${name}: usize = memory.data<u32>([${words.join(', ')}], 16);`;
  });
  return `import { rotate7, rotate8, rotate12, rotate16 } from './blake3-rotations';
${keys.join('\n')}
/** Takes four blocks into their chaining values; all are of the same length, in bytes. */
export function compressFour(chaining: usize, block: usize, length: i32, flags: i32): void {
${body.map((line) => `  ${line}`).join('\n')}
}
`;
}
