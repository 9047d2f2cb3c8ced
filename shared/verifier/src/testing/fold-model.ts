/**
 * FOLDING.md once more, in numbers and as literally as it can be: sums over all of {0, 1}^s, no
 * tables, no kernel but for points. It proves small shapes, false statements as well: the steps of
 * a proof do not depend on whether it will hold.
 */

import { bn254 } from '@noble/curves/bn254.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { assert, at } from '../assert.ts';
import { concatBytes, utf8ToBytes } from '../bytes.ts';
import { fromBigEndian, reduce, toBigEndian } from '../field.ts';
import { foldBases } from '../fold-bases.ts';
import { encodeShape, type FoldShape, shapeDigest } from '../fold-shape.ts';

type Point = InstanceType<typeof bn254.G1.Point>;

/** An instance with its witness; `r` and `v` are there once it is linear. */
export interface ModelInstance {
  readonly commitment: Point;
  readonly u: bigint;
  readonly x: readonly bigint[];
  readonly w: readonly bigint[];
  readonly r?: readonly bigint[];
  readonly v?: readonly bigint[];
}

/** Everything that one fold is made of, for test vectors. */
export interface ModelStep {
  readonly states: readonly Uint8Array[];
  readonly gamma: bigint;
  readonly beta: readonly bigint[];
  readonly rounds: readonly (readonly bigint[])[];
  readonly point: readonly bigint[];
  readonly claims: readonly (readonly bigint[])[];
  readonly rho: bigint;
  readonly folded: ModelInstance;
}

/** Where a dishonest prover may step in. */
export interface FoldCheats {
  /** Draws rho before the claims are absorbed. */
  readonly rhoFirst?: boolean;
  /** Leaves the second instance out of the transcript. */
  readonly hides?: boolean;
  /** What u of the result is taken for. */
  readonly u?: bigint;
  /** Claims that are sent for those that hold. */
  readonly claims?: (claims: bigint[][]) => bigint[][];
}

/** Affine, as FOLDING.md compresses it: the sign is whether y is odd. */
export function compressPoint(point: Point): Uint8Array {
  const bytes = new Uint8Array(32);
  if (point.is0()) {
    bytes[0] = 0x40;
    return bytes;
  }
  const { x, y } = point.toAffine();
  bytes.set(toBigEndian(x));
  if (y % 2n === 1n) bytes[0] = (bytes[0] ?? 0) | 0x80;
  return bytes;
}

export class FoldModel {
  readonly shape: FoldShape;
  readonly file: Uint8Array;
  readonly digest: Uint8Array;
  readonly variables: number;
  readonly steps: ModelStep[] = [];
  readonly #bases: readonly Point[];

  constructor(shape: FoldShape) {
    this.shape = shape;
    this.file = encodeShape(shape);
    this.digest = shapeDigest(this.file);
    this.variables = Math.max(1, Math.ceil(Math.log2(shape.rows)));
    const count = shape.wires - 1 - shape.publicCount;
    const bytes = foldBases(count).toBytes();
    this.#bases = Array.from({ length: count }, (_, i) => {
      const part = bytes.subarray(64 * i, 64 * (i + 1));
      const [x, y] = [fromBigEndian(part.subarray(0, 32)), fromBigEndian(part.subarray(32))];
      return new bn254.G1.Point(x, y, 1n);
    });
  }

  commit(w: readonly bigint[]): Point {
    return w.reduce(
      (sum, value, i) => (value === 0n ? sum : sum.add(at(this.#bases, i).multiply(value))),
      bn254.G1.Point.ZERO,
    );
  }

  fresh(x: readonly bigint[], w: readonly bigint[]): ModelInstance {
    return { commitment: this.commit(w), u: 1n, x, w };
  }

  /** The wires times a matrix, for each row of {0, 1}^s. */
  products({ u, x, w }: ModelInstance): bigint[][] {
    const z = [u, ...x, ...w];
    return this.shape.matrices.map(({ rowStarts, columns, coefficients }) =>
      Array.from({ length: 2 ** this.variables }, (_, row) => {
        let sum = 0n;
        for (let k = rowStarts[row] ?? 0; k < (rowStarts[row + 1] ?? 0); k++) {
          sum += at(this.shape.values, at(coefficients, k)) * at(z, at(columns, k));
        }
        return reduce(sum);
      }),
    );
  }

  /** A whole proof of the leaves, in the order of the counter. */
  prove(leaves: readonly ModelInstance[], cheats: FoldCheats = {}): Uint8Array {
    const stack: { level: number; instance: ModelInstance }[] = [];
    const merge = (): void => {
      const [left, right] = stack.splice(-2);
      assert(left !== undefined && right !== undefined, 'two are merged');
      const { folded } = this.fold([left.instance, right.instance], cheats);
      stack.push({ level: left.level + 1, instance: folded });
    };
    for (const instance of leaves) {
      stack.push({ level: 0, instance });
      while (stack.length > 1 && stack.at(-1)?.level === stack.at(-2)?.level) merge();
    }
    while (stack.length > 1) merge();
    const first = at(stack, 0).instance;
    const root = first.v === undefined ? this.fold([first], cheats).folded : first;
    const steps = this.steps.splice(0);
    const sent = steps.flatMap(({ rounds, claims }) => [...rounds.flat(), ...claims.flat()]);
    return concatBytes(...[...sent, ...root.w].map(toBigEndian));
  }

  fold(instances: readonly ModelInstance[], cheats: FoldCheats = {}): ModelStep {
    const seen = cheats.hides === true ? instances.slice(0, 1) : instances;
    const encoded = concatBytes(...seen.map(encode));
    const head = utf8ToBytes('foldbook/fold/v1\n');
    let state = sha256(concatBytes(head, this.digest, Uint8Array.of(instances.length), encoded));
    const states = [state];
    const absorb = (tag: number, values: readonly bigint[]): void => {
      const bytes = concatBytes(
        state,
        Uint8Array.of(tag, values.length),
        ...values.map(toBigEndian),
      );
      state = sha256(bytes);
      states.push(state);
    };
    const gamma = draw(state, 16, 0);
    const beta = Array.from({ length: this.variables }, (_, i) => draw(state, 17, i));
    const sum = this.#summand(instances, gamma, beta);
    const rounds: bigint[][] = [];
    const point: bigint[] = [];
    const degree = instances.some(({ v }) => v === undefined) ? 3 : 2;
    while (point.length < this.variables) {
      const values = Array.from({ length: degree + 1 }, (_, t) =>
        total(cube(this.variables - point.length - 1), (rest) =>
          sum([...point, BigInt(t), ...rest]),
        ),
      );
      const [constant = 0n, , ...higher] = interpolate(values);
      rounds.push([constant, ...higher]);
      absorb(1, [constant, ...higher]);
      point.push(draw(state, 18, point.length));
    }
    const values = instances.map((instance) =>
      this.products(instance).map((p) => valueAt(p, point)),
    );
    const claims = cheats.claims?.(values) ?? values;
    const early = draw(state, 19, 0);
    absorb(2, claims.flat());
    const rho = cheats.rhoFirst === true ? early : draw(state, 19, 0);
    const folded = combine(instances, claims, point, rho, cheats);
    const step = { states, gamma, beta, rounds, point, claims, rho, folded };
    this.steps.push(step);
    return step;
  }

  /** What is summed over {0, 1}^s, at any point of the field. */
  #summand(instances: readonly ModelInstance[], gamma: bigint, beta: readonly bigint[]) {
    const products = instances.map((instance) => this.products(instance));
    return (point: readonly bigint[]): bigint => {
      let [sum, power] = [0n, 1n];
      const add = (value: bigint): void => {
        sum = reduce(sum + power * value);
        power = reduce(power * gamma);
      };
      for (const [index, { r, v }] of instances.entries()) {
        const [a, b, c] = at(products, index).map((product) => valueAt(product, point));
        if (v === undefined) add(eq(beta, point) * ((a ?? 0n) * (b ?? 0n) - (c ?? 0n)));
        else for (const value of [a, b, c]) add(eq(r ?? [], point) * (value ?? 0n));
      }
      return sum;
    };
  }
}

function encode({ commitment, u, x, r, v }: ModelInstance): Uint8Array {
  const values = v === undefined ? x : [u, ...x, ...(r ?? []), ...v];
  const kind = Uint8Array.of(v === undefined ? 1 : 2);
  return concatBytes(kind, compressPoint(commitment), ...values.map(toBigEndian));
}

function draw(state: Uint8Array, tag: number, index: number): bigint {
  const domain = utf8ToBytes('foldbook/fold-challenge/v1\n');
  return reduce(fromBigEndian(sha512(concatBytes(domain, state, Uint8Array.of(tag, index)))));
}

function combine(
  instances: readonly ModelInstance[],
  claims: readonly (readonly bigint[])[],
  point: readonly bigint[],
  rho: bigint,
  cheats: FoldCheats,
): ModelInstance {
  const [left, right] = instances;
  assert(left !== undefined, 'something is folded');
  const other = right ?? { commitment: bn254.G1.Point.ZERO, u: 0n, x: [], w: [] };
  const sum = (a: readonly bigint[], b: readonly bigint[]): bigint[] =>
    a.map((value, index) => reduce(value + rho * (b[index] ?? 0n)));
  return {
    commitment: left.commitment.add(other.commitment.multiplyUnsafe(rho)),
    u: cheats.u ?? reduce(left.u + rho * other.u),
    x: sum(left.x, other.x),
    w: sum(left.w, other.w),
    r: point,
    v: sum(claims[0] ?? [], claims[1] ?? []),
  };
}

/** All of {0, 1}^variables, the first variable the highest bit. */
function cube(variables: number): bigint[][] {
  return Array.from({ length: 2 ** variables }, (_, index) =>
    Array.from({ length: variables }, (_, bit) => BigInt((index >> (variables - 1 - bit)) & 1)),
  );
}

const total = <T>(items: readonly T[], value: (item: T) => bigint): bigint =>
  reduce(items.reduce((sum, item) => sum + value(item), 0n));

function eq(left: readonly bigint[], right: readonly bigint[]): bigint {
  return left.reduce((product, x, index) => {
    const y = at(right, index);
    return reduce(product * (x * y + (1n - x) * (1n - y)));
  }, 1n);
}

/** The multilinear polynomial of the values, at a point. */
function valueAt(values: readonly bigint[], point: readonly bigint[]): bigint {
  const corners = cube(point.length);
  return total([...values.keys()], (index) => at(values, index) * eq(at(corners, index), point));
}

/** Coefficients of the polynomial of degree 2 or 3 with these values at 0, 1, 2 (and 3). */
function interpolate([y0 = 0n, y1 = 0n, y2 = 0n, y3]: readonly bigint[]): bigint[] {
  const half = reduce((1n + fieldOrder) / 2n);
  const sixth = bn254.fields.Fr.inv(6n);
  const d2 = y2 - 2n * y1 + y0;
  if (y3 === undefined) {
    const square = d2 * half;
    return [y0, y1 - y0 - square, square].map(reduce);
  }
  const cubic = (y3 - 3n * y2 + 3n * y1 - y0) * sixth;
  const square = d2 * half - 3n * cubic;
  return [y0, y1 - y0 - square - cubic, square, cubic].map(reduce);
}

const fieldOrder = bn254.fields.Fr.ORDER;
