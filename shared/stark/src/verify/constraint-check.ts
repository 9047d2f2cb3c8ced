/** Whether the values at zeta satisfy a table's constraints (SPEC section 5, steps 5 and 6). */
import { Evaluator, type FixedValues } from '../air/evaluate.ts';
import { selectorsAt } from '../air/selectors.ts';
import type { Table } from '../air/table.ts';
import { inverse as invertBase } from '../field/base.ts';
import * as F from '../field/extension.ts';
import { DEGREE, type Extension } from '../field/extension.ts';
import type { TableValues } from '../proof/part-proof.ts';
import { lookupColumns } from '../proof/part-shape.ts';
import type { LookupChallenges } from './lookup-challenges.ts';

export interface ConstraintCheck {
  readonly table: Table;
  readonly logHeight: number;
  readonly count: number;
  readonly challenges: LookupChallenges;
  /** The table's sum T. */
  readonly sum: Extension;
  readonly alpha: Extension;
  readonly zeta: Extension;
  readonly values: TableValues;
}

const evaluators = new Map<Table, Evaluator>();

export function constraintsHold(check: ConstraintCheck): boolean {
  const { table, logHeight, alpha, zeta, values } = check;
  const height = 2 ** logHeight;
  const power = F.power(zeta, height);
  const vanishing = F.sub(power, F.ONE);
  const main = table.columns.length;
  const lookup = main + lookupColumns(table);
  const quotient = join(values.current.slice(lookup));
  const total = evaluatorOf(table)
    .at(fixedValues(check), {
      columns: values.current.slice(0, main),
      nextColumns: spread(table.next.columns, values.next),
      sums: join(values.current.slice(main, lookup)),
      nextSums: spread(table.next.sums, join(values.next.slice(table.next.columns.length))),
      selectors: selectorsAt(zeta, logHeight),
    })
    .reduceRight((sum, value) => F.add(F.mul(sum, alpha), value), F.ZERO);
  const [low = F.ZERO, high = F.ZERO] = quotient;
  return F.equals(total, F.mul(vanishing, F.add(low, F.mul(power, high))));
}

function evaluatorOf(table: Table): Evaluator {
  const known = evaluators.get(table);
  if (known !== undefined) return known;
  const made = new Evaluator(table.constraints.map(({ expression }) => expression));
  evaluators.set(table, made);
  return made;
}

function fixedValues({ logHeight, count, challenges, sum }: ConstraintCheck): FixedValues {
  const height = 2 ** logHeight;
  const share = F.scale(sum, invertBase(height));
  return { publics: { height, count }, challenges: { ...challenges, share } };
}

/** Extension elements of the values of their coefficient columns. */
function join(values: readonly Extension[]): Extension[] {
  const joined: Extension[] = [];
  for (let at = 0; at < values.length; at += DEGREE) {
    const [c0 = F.ZERO, ...rest] = values.slice(at, at + DEGREE);
    let sum = c0;
    rest.forEach((value, index) => {
      sum = F.add(sum, F.mul(value, UNITS[index] ?? F.ZERO));
    });
    joined.push(sum);
  }
  return joined;
}

/** X, X^2, X^3, X^4. */
const UNITS: readonly Extension[] = [
  [0, 1, 0, 0, 0],
  [0, 0, 1, 0, 0],
  [0, 0, 0, 1, 0],
  [0, 0, 0, 0, 1],
];

/** Values at the indices that they are of. */
function spread(
  indices: readonly number[],
  values: readonly Extension[],
): (Extension | undefined)[] {
  const spreadOut: (Extension | undefined)[] = [];
  indices.forEach((index, place) => {
    spreadOut[index] = values[place];
  });
  return spreadOut;
}
