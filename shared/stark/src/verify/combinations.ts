/** The combinations at a drawn index, of the rows that were opened there. */
import { add as addBase, mul as mulBase } from '../field/base.ts';
import { point } from '../field/domain.ts';
import * as F from '../field/extension.ts';
import { DEGREE, type Extension } from '../field/extension.ts';
import { powersOf } from '../field/powers.ts';
import { combinationPlan, type OpenedColumns, powersIn } from '../proof/combination-plan.ts';
import type { PartProof, QueryOpenings } from '../proof/part-proof.ts';
import type { PartShape } from '../proof/part-shape.ts';

export interface OpeningPoints {
  readonly zeta: Extension;
  /** Of each table: the point of the next row, and that of its commitment if it has one. */
  readonly next: readonly Extension[];
  readonly pinned: readonly (Extension | undefined)[];
}

interface PreparedColumns {
  readonly table: number;
  readonly columns: readonly number[];
  readonly at: Extension;
  /** Powers of gamma, five words each. */
  readonly powers: Uint32Array;
  /** The values by the same powers, added up. */
  readonly total: Extension;
}

export class Combinations {
  readonly #shape: PartShape;
  readonly #heights: readonly {
    readonly logHeight: number;
    readonly opened: readonly PreparedColumns[];
  }[];

  /** @param pinned - values of the commitments, by table */
  constructor(
    shape: PartShape,
    proof: PartProof,
    pinned: readonly (readonly Extension[])[],
    points: OpeningPoints,
    gamma: Extension,
  ) {
    this.#shape = shape;
    const plan = combinationPlan(shape);
    const powers = powersOf(gamma, powersIn(plan));
    const valuesOf = ({ table, point: kind }: OpenedColumns): readonly Extension[] => {
      if (kind === 'pinned') return pinned[table] ?? [];
      const values = proof.values[table];
      return (kind === 'zeta' ? values?.current : values?.next) ?? [];
    };
    const pointOf = ({ table, point: kind }: OpenedColumns): Extension => {
      const at = kind === 'zeta' ? points.zeta : points[kind][table];
      if (at === undefined) throw new Error(`assertion failed: table ${table} has no point`);
      return at;
    };
    this.#heights = plan.map(({ logHeight, opened }) => {
      const prepared = opened.map((columns): PreparedColumns => {
        const end = columns.firstPower + columns.columns.length;
        const own = powers.slice(columns.firstPower, end);
        const total = valuesOf(columns).reduce(
          (sum, value, index) => F.add(sum, F.mul(own[index] ?? F.ZERO, value)),
          F.ZERO,
        );
        const words = Uint32Array.from(own.flat());
        return { ...columns, at: pointOf(columns), powers: words, total };
      });
      return { logHeight, opened: prepared };
    });
  }

  /** By the log sizes of their domains. */
  at(index: number, query: QueryOpenings): Map<number, Extension> {
    const cells = this.#cells(query);
    const combinations = new Map<number, Extension>();
    for (const { logHeight, opened } of this.#heights) {
      const logSize = logHeight + this.#shape.parameters.logBlowup;
      const x = F.fromBase(point(logSize, index % 2 ** logSize));
      let sum = F.ZERO;
      for (const one of opened) {
        const value = F.sub(weigh(one, cells[one.table] ?? []), one.total);
        sum = F.add(sum, F.mul(value, F.inverse(F.sub(x, one.at))));
      }
      combinations.set(logSize, sum);
    }
    return combinations;
  }

  /** The rows of each table, its columns in the order of their openings. */
  #cells(query: QueryOpenings): number[][] {
    const shape = this.#shape;
    const cells: number[][] = shape.tables.map(() => []);
    shape.trees.forEach((tree, number) => {
      for (const member of tree.members) {
        const { height, at } = shape.placeInRow(tree, member);
        const row = query.trees[number]?.rows[height] ?? new Uint32Array();
        cells[member.table]?.push(...row.subarray(at, at + member.columns));
      }
    });
    return cells;
  }
}

/** The cells by their powers, added up: five products of base elements each. */
function weigh({ columns, powers }: PreparedColumns, cells: readonly number[]): Extension {
  const sums = [0, 0, 0, 0, 0];
  columns.forEach((column, index) => {
    const cell = cells[column] ?? 0;
    for (let i = 0; i < DEGREE; i++) {
      const product = mulBase(cell, powers[DEGREE * index + i] ?? 0);
      sums[i] = addBase(sums[i] ?? 0, product);
    }
  });
  const [c0 = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0] = sums;
  return [c0, c1, c2, c3, c4];
}
