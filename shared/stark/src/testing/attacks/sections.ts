/** The bytes of a statement and of its proof by what they are (SPEC sections 7 and 10). */
import { DIGEST_BYTES } from '../../commit/tree-shape.ts';
import { layerCapNodes, layerPathLength } from '../../fri/schedule.ts';
import { DEGREE, openingCounts, type PartShape } from '../../proof/part-shape.ts';
import type { RefusalCode } from '../../verify/verdict.ts';

export interface Span {
  readonly start: number;
  readonly length: number;
}

/** A class of bytes: where they stand, and what a change of them is refused by. */
export interface Section {
  readonly name: string;
  readonly spans: readonly Span[];
  /** Whether they are field elements, four bytes each. */
  readonly isElements: boolean;
  readonly aims: readonly RefusalCode[];
}

const WORD_BYTES = 4;
const EXTENSION_BYTES = WORD_BYTES * DEGREE;
const PINNED_BYTES = 18 * EXTENSION_BYTES;

/** Collects what follows one another; the same name again is another span of the section. */
class Sections {
  readonly #sections = new Map<string, Section & { readonly spans: Span[] }>();
  #offset = 0;

  add(name: string, length: number, aims: readonly RefusalCode[], isElements = false): this {
    const section = this.#sections.get(name) ?? { name, spans: [], isElements, aims };
    this.#sections.set(name, section);
    section.spans.push({ start: this.#offset, length });
    this.#offset += length;
    return this;
  }

  elements(name: string, count: number, aims: readonly RefusalCode[]): this {
    return this.add(name, WORD_BYTES * count, aims, true);
  }

  all(): Section[] {
    return [...this.#sections.values()].filter(({ spans }) => spans.some(({ length }) => length));
  }
}

export function statementSections(): Section[] {
  const format = ['STATEMENT_FORMAT'] as const;
  // Bits of either parameter make others of them; what else a proof has then does not fit.
  const parameters = ['STATEMENT_FORMAT', 'PARAMETERS', 'PROOF_FORMAT', 'CONSTRAINTS'] as const;
  const bound = ['CONSTRAINTS'] as const;
  const sections = new Sections()
    .add('magic and version', 6, format)
    .add('parameters', 3, parameters)
    .add('reserved bytes', 3, format)
    .add('AIR digest', 32, ['AIR_DIGEST'])
    .add('chain id', 32, bound)
    .add('market', 4, bound)
    .add('part', 4, bound)
    .add('epoch', 8, bound)
    .add('first record', 8, bound)
    .add('count', 4, ['STATEMENT_FORMAT', 'CONSTRAINTS'])
    .add('height', 1, format)
    .add('reserved bytes', 3, format)
    .add('root of the records', 32, ['ROOT']);
  for (const name of ['before', 'after']) {
    sections
      .add(`height ${name}`, 1, ['STATEMENT_FORMAT', 'PROOF_FORMAT', 'PARAMETERS'])
      .add('reserved bytes', 3, format)
      .add(`root ${name}`, 32, ['ROOT'])
      .add(`pinned values ${name}`, PINNED_BYTES, ['CONSTRAINTS', 'STATEMENT_FORMAT'], true);
  }
  return sections.all();
}

/** Where the openings of the queries begin, and how long that of one is. */
export interface QueryPlace {
  readonly start: number;
  readonly length: number;
}

export function proofSections(shape: PartShape): { sections: Section[]; queries: QueryPlace } {
  const { trees, tables, schedule, parameters } = shape;
  const sections = new Sections()
    .add('magic and version', 6, ['PROOF_FORMAT'])
    .add('reserved bytes', 2, ['PROOF_FORMAT']);
  for (const { name, shape: tree } of trees.slice(0, -1)) {
    const isNamed = name === 'records' || name === 'after' || name === 'before';
    sections.add(`cap of ${name}`, tree.capBytes, [isNamed ? 'ROOT' : 'CONSTRAINTS']);
  }
  // Those of another proof add up to 0, too.
  const ofSums = ['SUMS', 'CONSTRAINTS', 'PROOF_FORMAT'] as const;
  sections.elements('sums', DEGREE * tables.length, ofSums);
  sections.add('cap of quotient', trees.at(-1)?.shape.capBytes ?? 0, ['CONSTRAINTS']);
  for (const { table } of tables) {
    const { current, next } = openingCounts(table);
    const values = ['CONSTRAINTS', 'PROOF_FORMAT'] as const;
    sections.elements(`values of ${table.name}`, DEGREE * current, values);
    sections.elements(`next values of ${table.name}`, DEGREE * next, values);
  }
  // One in 4,096 shows the work by chance: then rows are opened that were not drawn.
  const drawn = ['GRINDING', 'OPENING'] as const;
  for (const layer of schedule.layers) {
    sections.add('caps of layers', DIGEST_BYTES * layerCapNodes(layer), drawn);
  }
  const coefficients = DEGREE * schedule.finalCoefficients;
  sections.elements('final polynomial', coefficients, [...drawn, 'PROOF_FORMAT']);
  sections.add('nonce', 8, drawn);
  const before = endOf(sections.all());
  for (let query = 0; query < parameters.queries; query++) addQuery(sections, shape);
  const all = sections.all();
  const length = (endOf(all) - before) / parameters.queries;
  return { sections: all, queries: { start: before, length } };
}

function addQuery(sections: Sections, { trees, schedule }: PartShape): void {
  for (const { name, shape } of trees) {
    sections.elements(`rows of ${name}`, shape.rowWords, ['OPENING', 'PROOF_FORMAT']);
    sections.add(`siblings of ${name}`, shape.siblingBytes, ['OPENING']);
  }
  for (const layer of schedule.layers) {
    const words = DEGREE * 2 ** layer.arityLog;
    sections.elements('values of layers', words, ['LOW_DEGREE', 'PROOF_FORMAT']);
    sections.add('siblings of layers', DIGEST_BYTES * layerPathLength(layer), ['LOW_DEGREE']);
  }
}

const endOf = (sections: readonly Section[]): number =>
  Math.max(...sections.flatMap(({ spans }) => spans.map(({ start, length }) => start + length)));
