/** The bytes of a statement and of its proof by what they are, and what a change is refused by. */
import type { PartShape } from '../../proof/part-shape.ts';
import type { RefusalCode } from '../../verify/verdict.ts';
import { proofSpans, type Span, statementSpans } from '../proof-spans.ts';

/** A class of bytes: where they stand, and what a change of them is refused by. */
export interface Section {
  readonly name: string;
  readonly spans: readonly Pick<Span, 'offset' | 'length'>[];
  /** Whether they are field elements, four bytes a coefficient. */
  readonly isElements: boolean;
  readonly aims: readonly RefusalCode[];
}

/** Where the openings of the queries begin, and how long that of one is. */
export interface QueryPlace {
  readonly start: number;
  readonly length: number;
}

const FORMAT = ['STATEMENT_FORMAT'] as const;
/** Bits of either parameter make others of them; what else a proof has then does not fit. */
const PARAMETERS = ['STATEMENT_FORMAT', 'PARAMETERS', 'PROOF_FORMAT', 'CONSTRAINTS'] as const;
/** One in 4,096 shows the work by chance: then rows are opened that were not drawn. */
const DRAWN = ['GRINDING', 'OPENING'] as const;

/** By the beginnings of names: the first that fits. */
const STATEMENT_AIMS: readonly (readonly [string, readonly RefusalCode[]])[] = [
  ...['magic', 'version', 'reserved'].map((name) => [name, FORMAT] as const),
  ...['blowup', 'queries', 'grinding'].map((name) => [name, PARAMETERS] as const),
  ['height ', ['STATEMENT_FORMAT', 'PROOF_FORMAT', 'PARAMETERS']],
  ['height', FORMAT],
  ['AIR digest', ['AIR_DIGEST']],
  ['record root', ['ROOT']],
  ['root ', ['ROOT']],
  // Chain, market, epoch and the rest are bound by the transcript alone.
  ['', ['CONSTRAINTS', 'STATEMENT_FORMAT']],
];

const PROOF_AIMS: typeof STATEMENT_AIMS = [
  ...['cap records', 'cap after', 'cap before'].map((name) => [name, ['ROOT']] as const),
  ['cap layer', DRAWN],
  ['cap ', ['CONSTRAINTS']],
  // Those of another proof add up to 0, too.
  ['sums', ['SUMS', 'CONSTRAINTS', 'PROOF_FORMAT']],
  ['values layer', ['LOW_DEGREE', 'PROOF_FORMAT']],
  ['siblings layer', ['LOW_DEGREE']],
  ['values ', ['CONSTRAINTS', 'PROOF_FORMAT']],
  ['next values ', ['CONSTRAINTS', 'PROOF_FORMAT']],
  ['final polynomial', [...DRAWN, 'PROOF_FORMAT']],
  ['nonce', DRAWN],
  ['row ', ['OPENING', 'PROOF_FORMAT']],
  ['siblings ', ['OPENING']],
  ['', ['PROOF_FORMAT']],
];

export const statementSections = (): Section[] => sectionsOf(statementSpans(), STATEMENT_AIMS);

export function proofSections(shape: PartShape): { sections: Section[]; queries: QueryPlace } {
  const spans = proofSpans(shape);
  const nonce = spans.find(({ name }) => name === 'nonce');
  if (nonce === undefined) throw new Error('assertion failed: a proof has a nonce');
  const start = nonce.offset + nonce.length;
  const length = spans.reduce((sum, span) => sum + span.length, 0) - start;
  const ofQuery = spans.filter(({ offset }) => offset >= start);
  const others = Array.from({ length: shape.parameters.queries - 1 }, (_, query) =>
    ofQuery.map((span) => ({ ...span, offset: span.offset + (query + 1) * length })),
  );
  const sections = sectionsOf([...spans, ...others.flat()], PROOF_AIMS);
  return { sections, queries: { start, length } };
}

/** Spans of one name are one section. */
function sectionsOf(spans: readonly Span[], known: typeof STATEMENT_AIMS): Section[] {
  const byName = Map.groupBy(spans, ({ name }) => name);
  return [...byName].map(([name, own]) => {
    const [, aims = []] = known.find(([beginning]) => name.startsWith(beginning)) ?? [];
    return { name, spans: own, isElements: own.every((span) => span.isElements), aims };
  });
}
