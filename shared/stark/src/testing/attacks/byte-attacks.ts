/** Changes of bytes that anybody can make who has a statement and its proof. */
import { add as addBase, PRIME, sub as subBase } from '../../field/base.ts';
import { PartShape } from '../../proof/part-shape.ts';
import { decodeStatement } from '../../statement/part-statement.ts';
import type { RefusalCode } from '../../verify/verdict.ts';
import type { Attack, Forgery } from './attack.ts';
import { proofSections, type QueryPlace, type Section, statementSections } from './sections.ts';

export interface ByteOptions {
  /** Of each class of bytes; undefined: all of them. */
  readonly samples: number | undefined;
  /** A number from 0 to `limit` - 1. */
  readonly below: (limit: number) => number;
}

type Part = keyof Forgery;

/** Attacks on an honest part's bytes, some with those of another part of the same shape. */
export function byteAttacks(honest: Forgery, other: Forgery, options: ByteOptions): Attack[] {
  const decoded = decodeStatement(honest.statement);
  if (!decoded.ok) throw new Error(`assertion failed: ${decoded.message}`);
  const { sections, queries } = proofSections(new PartShape(decoded.value));
  const ofStatement = statementSections();
  return [
    ...changedBytes(honest, 'statement', ofStatement, options),
    ...changedBytes(honest, 'proof', sections, options),
    ...notCanonical(honest, 'statement', ofStatement, options),
    ...notCanonical(honest, 'proof', sections, options),
    ...lengths(honest, 'statement', options),
    ...lengths(honest, 'proof', options),
    ...otherQueries(honest, queries, options),
    ...balancedSums(honest, sections),
    ...otherSections(honest, other, sections),
  ];
}

/** Where the byte of an index, counted over all spans of a section, stands. */
function placeIn({ spans }: Section, index: number): number {
  let left = index;
  for (const { offset, length } of spans) {
    if (left < length) return offset + left;
    left -= length;
  }
  throw new Error(`assertion failed: a section has no byte ${index}`);
}

const lengthOf = ({ spans }: Section): number => spans.reduce((sum, { length }) => sum + length, 0);

/** All numbers below `count`, or so many of them. */
function sampled(count: number, { samples, below }: ByteOptions): number[] {
  if (samples === undefined || samples >= count) return Array.from({ length: count }, (_, i) => i);
  const chosen = new Set<number>();
  while (chosen.size < samples) chosen.add(below(count));
  return [...chosen];
}

function withBytes(honest: Forgery, part: Part, at: number, bytes: Uint8Array): Forgery {
  const copy = honest[part].slice();
  copy.set(bytes, at);
  return { ...honest, [part]: copy };
}

function changedBytes(
  honest: Forgery,
  part: Part,
  sections: readonly Section[],
  options: ByteOptions,
): Attack[] {
  return sections.flatMap((section) =>
    sampled(lengthOf(section), options).map((index): Attack => {
      const at = placeIn(section, index);
      const bit = options.below(8);
      return {
        group: `a byte of the ${part}`,
        name: `${section.name}, byte ${at}, bit ${bit}`,
        aims: section.aims,
        forge: () => {
          const byte = (honest[part][at] ?? 0) ^ (1 << bit);
          return withBytes(honest, part, at, Uint8Array.of(byte));
        },
      };
    }),
  );
}

const FORMAT: Readonly<Record<Part, RefusalCode>> = {
  statement: 'STATEMENT_FORMAT',
  proof: 'PROOF_FORMAT',
};

/** The same element, written as a number that is p more. */
function notCanonical(
  honest: Forgery,
  part: Part,
  sections: readonly Section[],
  options: ByteOptions,
): Attack[] {
  const elements = sections.filter(({ isElements }) => isElements);
  return elements.flatMap((section) =>
    sampled(lengthOf(section) / 4, options).map((index): Attack => {
      const at = placeIn(section, 4 * index);
      return {
        group: 'an element that is not below p',
        name: `${part}, ${section.name}, byte ${at}`,
        aims: [FORMAT[part]],
        forge: () => withBytes(honest, part, at, wordBytes(wordAt(honest[part], at) + PRIME)),
      };
    }),
  );
}

const MOST_LENGTHS = 1_000;

function lengths(honest: Forgery, part: Part, options: ByteOptions): Attack[] {
  const whole = honest[part].length;
  const cut = sampled(whole, { ...options, samples: options.samples ?? MOST_LENGTHS });
  return [0, 1, whole - 1, ...cut, whole + 1, whole + 32, 2 * whole].map((length): Attack => {
    return {
      group: 'other lengths',
      name: `a ${part} of ${length} bytes instead of ${whole}`,
      aims: [FORMAT[part]],
      forge: () => {
        const made = new Uint8Array(length);
        made.set(honest[part].subarray(0, length));
        return { ...honest, [part]: made };
      },
    };
  });
}

/** Openings that are right, but not of the index that was drawn. */
function otherQueries(honest: Forgery, place: QueryPlace, { below }: ByteOptions): Attack[] {
  const { start, length } = place;
  const count = Math.round((honest.proof.length - start) / length);
  const query = (index: number) => honest.proof.slice(start + index * length).slice(0, length);
  const from = (sources: readonly number[]): Forgery => {
    const proof = honest.proof.slice();
    for (const [index, source] of sources.entries()) {
      proof.set(query(source), start + index * length);
    }
    return { ...honest, proof };
  };
  const order = Array.from({ length: count }, (_, index) => index);
  const swapped = (one: number, two: number) =>
    order.map((index) => (index === one ? two : index === two ? one : index));
  const [one, two] = [below(count - 1), count - 1];
  const orders: Readonly<Record<string, readonly number[]>> = {
    'two queries change places': swapped(one, two),
    'all queries backwards': order.toReversed(),
    'each query in the place of the next': order.map((index) => (index + count - 1) % count),
    'a query played again in the place of another': order.map((i) => (i === two ? one : i)),
    'one query for all': order.map(() => one),
  };
  return Object.entries(orders).map(([name, sources]) => ({
    group: 'queries',
    name,
    aims: ['OPENING'],
    forge: () => from(sources),
  }));
}

/** Sums of two tables changed so that all still add up to 0. */
function balancedSums(honest: Forgery, sections: readonly Section[]): Attack[] {
  const start = sections.find(({ name }) => name === 'sums')?.spans[0]?.offset ?? 0;
  const pairs = [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const;
  return pairs.map(
    ([one, two]): Attack => ({
      group: 'sums that still add up to 0',
      name: `of tables ${one} and ${two}, in a proof that is made`,
      aims: ['CONSTRAINTS'],
      forge: () => {
        const [more, less] = [start + 20 * one, start + 20 * two];
        const proof = honest.proof.slice();
        proof.set(wordBytes(addBase(wordAt(proof, more), 12_345)), more);
        proof.set(wordBytes(subBase(wordAt(proof, less), 12_345)), less);
        return { ...honest, proof };
      },
    }),
  );
}

/** The whole other proof, and each section of it in the place of one's own. */
function otherSections(honest: Forgery, other: Forgery, sections: readonly Section[]): Attack[] {
  const group = "another statement's proof";
  const ofOther = ({ offset, length }: Section['spans'][number]) =>
    other.proof.subarray(offset, offset + length);
  const differing = sections.filter((section) =>
    section.spans.some((span) =>
      ofOther(span).some((byte, i) => byte !== honest.proof[span.offset + i]),
    ),
  );
  return [
    {
      group,
      name: 'whole',
      aims: ['ROOT', 'CONSTRAINTS'],
      forge: () => ({ statement: honest.statement, proof: other.proof }),
    },
    ...differing.map(
      (section): Attack => ({
        group,
        name: `its ${section.name}`,
        aims: section.aims,
        forge: () => {
          const proof = honest.proof.slice();
          for (const span of section.spans) proof.set(ofOther(span), span.offset);
          return { ...honest, proof };
        },
      }),
    ),
  ];
}

const viewOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const wordAt = (bytes: Uint8Array, at: number): number => viewOf(bytes).getUint32(at, true);

function wordBytes(word: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, word, true);
  return bytes;
}
