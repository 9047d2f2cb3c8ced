/** The slow prover's combinations, FRI and work. */
import { at, type Element, evaluate, inverse, rootOfUnity, shift } from './field.ts';
import { powersOf, scheduleOf } from './fri.ts';
import { concat, GRIND, hash, integerOf, littleEndian } from './hash.ts';
import {
  accumulate,
  big,
  extend,
  interpolate,
  invertAll,
  times,
  type Wide,
  wide,
  wideMinus,
  wideOf,
  widePlus,
  wideTimes,
} from './numbers.ts';
import type { WeightedOpening } from './openings.ts';
import type { LayerOpening } from './proof.ts';
import { coordinatesOf } from './prover-tables.ts';
import { elementBytes } from './reader.ts';
import { TAG, type Transcript } from './transcript.ts';
import { Tree } from './tree.ts';

/** F_k on its whole domain; `cells(table, column)` has the column's values there. */
export function combinationOf(
  openings: readonly WeightedOpening[],
  logSize: number,
  cells: (table: number, column: number) => Uint32Array,
): Wide[] {
  const size = 2 ** logSize;
  const points = new Array<number>(size);
  let x = Number(shift(logSize));
  for (let e = 0; e < size; e += 1) {
    points[e] = x;
    x = times(x, Number(ROOTS[logSize]));
  }
  const sums = points.map(() => wideOf(0));
  for (const { table, point, columns, weights, claimed } of openings) {
    const pole = wide(point);
    const distances = points.map((value) => wideMinus(wideOf(value), pole));
    const inverses = invertAll(distances, (one) => wide(inverse(big(one))));
    const numerators = new Uint32Array(5 * size);
    columns.forEach((column, j) => {
      const weight = wide(at(weights, j));
      const values = cells(table, column);
      for (let e = 0; e < size; e += 1) accumulate(numerators, 5 * e, weight, at(values, e));
    });
    for (let e = 0; e < size; e += 1) {
      const total = [...numerators.subarray(5 * e, 5 * e + 5)];
      const quotient = wideTimes(wideMinus(total, wide(claimed)), at(inverses, e));
      sums[e] = widePlus(at(sums, e), quotient);
    }
  }
  return sums;
}

const ROOTS = Array.from({ length: 28 }, (_, k) => rootOfUnity(k));

export interface CommittedLayers {
  readonly caps: readonly (readonly Uint8Array[])[];
  readonly coefficients: readonly Element[];
  readonly open: (index: number) => LayerOpening[];
}

/**
 * FRI's layers, folded on coefficients: the verifier folds on values, so that each checks the
 * other. `combinations` has F_k by log size.
 */
export function commitLayers(
  combinations: ReadonlyMap<number, readonly Wide[]>,
  logBlowup: number,
  transcript: Transcript,
): CommittedLayers {
  const logSizes = [...combinations.keys()].sort((a, b) => b - a);
  const schedule = scheduleOf(logSizes, logBlowup);
  const layerOf = (logSize: number) => combinations.get(logSize) ?? [];
  let layer = layerOf(at(logSizes, 0));
  const trees = schedule.layers.map(({ logSize, logFold }) => {
    const logLeaves = logSize - logFold;
    const values = layer;
    const leafAt = (leaf: number) =>
      Array.from({ length: 2 ** logFold }, (_, i) => at(values, leaf + i * 2 ** logLeaves));
    const row = (leaf: number) => elementBytes(leafAt(leaf));
    const tree = new Tree([{ logSize: logLeaves, row }]);
    transcript.absorb(TAG.cap, concat(...tree.cap));
    const beta = transcript.draw();
    layer = foldCoefficients(values, logSize, logFold, beta, layerOf(logLeaves));
    return { tree, logLeaves, leafAt };
  });
  const last = coefficientsOf(layer, schedule.lastLogSize).map(big);
  const open = (index: number) =>
    trees.map(({ tree, logLeaves, leafAt }) => {
      const leaf = index % 2 ** logLeaves;
      return { values: leafAt(leaf).map(big), siblings: tree.open(leaf).siblings };
    });
  const caps = trees.map(({ tree }) => tree.cap);
  return { caps, coefficients: last.slice(0, schedule.coefficients), open };
}

function coefficientsOf(values: readonly Wide[], logSize: number): Wide[] {
  const offset = Number(shift(logSize));
  const parts = coordinatesOf(values).map((part) => interpolate(part, offset));
  return values.map((_, i) => parts.map((part) => at(part, i)));
}

/** sum of beta^i f_i, and beta^(2^s) times the combination that joins, on the smaller domain. */
function foldCoefficients(
  values: readonly Wide[],
  logSize: number,
  logFold: number,
  beta: Element,
  joining: readonly Wide[],
): Wide[] {
  const count = 2 ** logFold;
  const logNext = logSize - logFold;
  const coefficients = coefficientsOf(values, logSize);
  const folded = Array.from({ length: 2 ** logNext }, (_, i) => {
    const parts = Array.from({ length: count }, (_, j) => big(at(coefficients, count * i + j)));
    return wide(evaluate(parts, beta));
  });
  const offset = Number(shift(logNext));
  const parts = coordinatesOf(folded).map((part) => extend(part, offset, logNext));
  const powers = [...powersOf(beta).take(count + 1)];
  const weight = wide(at(powers, count));
  return Array.from({ length: 2 ** logNext }, (_, e) => {
    const value = parts.map((part) => at(part, e));
    const extra = joining[e];
    return extra === undefined ? value : widePlus(value, wideTimes(weight, extra));
  });
}

/** The first nonce that shows work. */
export function grind(transcript: Transcript, bits: number): Uint8Array {
  for (let nonce = 0; ; nonce += 1) {
    const bytes = littleEndian(nonce, 8);
    const work = integerOf(hash(GRIND, transcript.state, bytes).slice(0, 4));
    if (work % 2 ** bits === 0) return bytes;
  }
}
