/** A search for other witnesses near an honest one: wires changed alone, and in pairs. */
import { at, inverses, reduce, scalarOrder } from '../builder/field.ts';
import { type ConstraintSystem, evaluate } from '../builder/r1cs.ts';
import { squareRoot } from './sqrt.ts';

/** A wire's coefficients in A, B and C of one constraint. */
type Place = readonly [constraint: number, a: bigint, b: bigint, c: bigint];
type Change = readonly [wire: number, by: bigint];

export interface SearchResult {
  readonly tried: number;
  readonly refused: number;
  /** Wires that changed, alone or with another, and no constraint objected; ascending. */
  readonly free: readonly number[];
}

export interface SearchOptions {
  /** Every how manyth wire is tried. */
  readonly stride: number;
  /** Wires that are not tried: hints of which it is known that they are free. */
  readonly except: ReadonlySet<number>;
  readonly random: () => bigint;
  readonly onProgress?: (done: number, total: number) => void;
}

export class SecondWitness {
  readonly #system: ConstraintSystem;
  readonly #witness: readonly bigint[];
  /** Values of A, B, C of every constraint. */
  readonly #values: readonly bigint[];
  readonly #places: Place[][];

  constructor(system: ConstraintSystem, witness: readonly bigint[]) {
    this.#system = system;
    this.#witness = witness;
    const values: bigint[] = [];
    for (let i = 0; i < 3 * system.constraintCount; i++) values.push(evaluate(system, i, witness));
    this.#values = values;
    this.#places = placesOf(system);
  }

  /**
   * Every wire set to its value +1, -1, with its lowest bits flipped, to 0, 1, r-1, the negative of
   * itself, and a random one.
   */
  alone({ stride, except, random, onProgress }: SearchOptions): SearchResult {
    let tried = 0;
    let refused = 0;
    const free = new Set<number>();
    for (let wire = 1; wire < this.#system.wireCount; wire += stride) {
      if (except.has(wire)) continue;
      const value = at(this.#witness, wire);
      const flips = [0n, 1n, 2n, 23n, 36n, 48n, 63n].map((bit) => value ^ (1n << bit));
      const others = [value + 1n, value - 1n, 0n, 1n, -1n, -value, random(), ...flips];
      for (const changed of new Set(others.map((other) => reduce(other - value)))) {
        if (changed === 0n) continue;
        tried += 1;
        if (this.#isNoticed([[wire, changed]])) refused += 1;
        else free.add(wire);
      }
      onProgress?.(wire, this.#system.wireCount);
    }
    return { tried, refused, free: [...free].sort((a, b) => a - b) };
  }

  /**
   * A wire changed by one, and each other wire of the first constraint that objects changed as that
   * constraint asks, where it can: the two together must meet another objection.
   */
  pairs({ stride, except, onProgress }: SearchOptions): SearchResult {
    let tried = 0;
    let refused = 0;
    const free = new Set<number>();
    for (let wire = 1; wire < this.#system.wireCount; wire += stride) {
      if (except.has(wire)) continue;
      const first = at(this.#places, wire).find((place) => !this.#holds(place[0], [[wire, 1n]]));
      for (const [other, by] of first ? this.#compensations(first[0], wire) : []) {
        tried += 1;
        const changes: readonly Change[] = [
          [wire, 1n],
          [other, by],
        ];
        if (this.#isNoticed(changes)) refused += 1;
        else free.add(wire).add(other);
      }
      onProgress?.(wire, this.#system.wireCount);
    }
    return { tried, refused, free: [...free].sort((a, b) => a - b) };
  }

  #isNoticed(changes: readonly Change[]): boolean {
    return changes.some(([wire]) =>
      at(this.#places, wire).some(([constraint]) => !this.#holds(constraint, changes)),
    );
  }

  #holds(constraint: number, changes: readonly Change[]): boolean {
    let [a, b, c] = this.#sides(constraint);
    for (const [wire, by] of changes) {
      const [, da, db, dc] = this.#place(constraint, wire);
      a += da * by;
      b += db * by;
      c += dc * by;
    }
    return (a * b - c) % scalarOrder === 0n;
  }

  /**
   * The changes of each other wire, not 0, that satisfy the constraint when `wire` is changed by
   * one. Their denominators are inverted together: a search is mostly these.
   */
  #compensations(constraint: number, wire: number): Change[] {
    const [a0, b0, c0] = this.#sides(constraint);
    const [, da, db, dc] = this.#place(constraint, wire);
    const [a, b, c] = [a0 + da, b0 + db, c0 + dc];
    const constant = reduce(a * b - c);
    const equations = [...this.#wiresOf(constraint)].flatMap((other) => {
      if (other === wire || other === 0) return [];
      const [, p, q, m] = this.#place(constraint, other);
      // (a + p e)(b + q e) = c + m e
      const square = reduce(p * q);
      const linear = reduce(p * b + q * a - m);
      const denominator = square === 0n ? linear : reduce(2n * square);
      return denominator === 0n ? [] : [{ other, square, linear, denominator }];
    });
    const inverted = inverses(equations.map(({ denominator }) => denominator));
    return equations.flatMap(({ other, square, linear }, index): Change[] => {
      const inverse = at(inverted, index);
      if (square === 0n) return [[other, reduce(-constant * inverse)]];
      const root = squareRoot(reduce(linear * linear - 4n * square * constant));
      if (root === undefined) return [];
      const roots = [root, -root].map((sign) => reduce((sign - linear) * inverse));
      return roots.filter((by) => by !== 0n).map((by) => [other, by]);
    });
  }

  #sides(constraint: number): [bigint, bigint, bigint] {
    const values = this.#values;
    return [
      at(values, 3 * constraint),
      at(values, 3 * constraint + 1),
      at(values, 3 * constraint + 2),
    ];
  }

  /** Places of a wire ascend by constraint. */
  #place(constraint: number, wire: number): Place {
    const places = at(this.#places, wire);
    let low = 0;
    let high = places.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at(places, middle)[0] < constraint) low = middle + 1;
      else high = middle;
    }
    const place = places[low];
    return place?.[0] === constraint ? place : [constraint, 0n, 0n, 0n];
  }

  #wiresOf(constraint: number): Set<number> {
    const { starts, wires } = this.#system;
    return new Set(wires.subarray(at(starts, 3 * constraint), at(starts, 3 * constraint + 3)));
  }
}

function placesOf({ starts, wires, coefficients, ...system }: ConstraintSystem): Place[][] {
  const places: Place[][] = Array.from({ length: system.wireCount }, () => []);
  for (let c = 0; c < system.constraintCount; c++) {
    for (let side = 0; side < 3; side++) {
      for (let term = at(starts, 3 * c + side); term < at(starts, 3 * c + side + 1); term++) {
        const list = at(places, at(wires, term));
        const last = list.at(-1);
        const sum: [bigint, bigint, bigint] =
          last?.[0] === c ? [last[1], last[2], last[3]] : [0n, 0n, 0n];
        sum[side] = at(sum, side) + at(coefficients, term);
        if (last?.[0] === c) list.pop();
        list.push([c, ...sum]);
      }
    }
  }
  return places;
}
