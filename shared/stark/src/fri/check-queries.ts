/** The verifier's side of FRI (SPEC section 9): one drawn index after another. */
import { checkOpening, type Opening } from '../commit/opening.ts';
import type { TreeShape } from '../commit/tree-shape.ts';
import * as base from '../field/base.ts';
import { point } from '../field/domain.ts';
import type { Extension } from '../field/extension.ts';
import * as extension from '../field/extension.ts';
import { foldLeaf } from './fold.ts';
import { type FriSchedule, layerLeaves, layerShape } from './schedule.ts';

/** What all queries have in common. */
export interface FriCommitment {
  readonly schedule: FriSchedule;
  /** Of the layers' trees, in order. */
  readonly caps: readonly Uint8Array[];
  /** Drawn behind each cap. */
  readonly betas: readonly Extension[];
  /** Coefficients, lowest first. */
  readonly finalPolynomial: readonly Extension[];
}

export interface FriQuery {
  /** Drawn exponent on the largest domain. */
  readonly index: number;
  /** Values of the combinations by the log size of their domains, at `index` modulo the size. */
  readonly combinations: ReadonlyMap<number, Extension>;
  /** One leaf a layer: its one row has five canonical words for each of 2^s siblings. */
  readonly layers: readonly Opening[];
}

export type FriFault =
  /** Not as many caps, betas, coefficients, leaves, values or hashes as the schedule asks for. */
  | 'SHAPE'
  /** A leaf is not in the tree whose cap the proof has. */
  | 'LAYER_OPENING'
  /** The combination is not what the first layer has in its place. */
  | 'FIRST_LAYER'
  /** What a layer folds to is not what the next has in its place. */
  | 'FOLD'
  /** What the last layer folds to is not the final polynomial's value. */
  | 'FINAL_POLYNOMIAL';

export type FriVerdict =
  | { readonly ok: true }
  /** `layer` counts from 0, the place where it shows; as many as there are layers for the end. */
  | { readonly ok: false; readonly reason: FriFault; readonly layer: number };

/** Whether every query fits what was committed. */
export function checkQueries(commitment: FriCommitment, queries: readonly FriQuery[]): FriVerdict {
  const { schedule, caps, betas, finalPolynomial } = commitment;
  const layers = schedule.layers.length;
  const fits =
    caps.length === layers &&
    betas.length === layers &&
    finalPolynomial.length === schedule.finalCoefficients;
  if (!fits) return { ok: false, reason: 'SHAPE', layer: layers };
  const shapes = schedule.layers.map(layerShape);
  for (const query of queries) {
    const verdict = checkQuery(commitment, shapes, query);
    if (!verdict.ok) return verdict;
  }
  return { ok: true };
}

function checkQuery(
  { schedule, caps, betas, finalPolynomial }: FriCommitment,
  shapes: readonly TreeShape[],
  { index, combinations, layers }: FriQuery,
): FriVerdict {
  let value = combinations.get(schedule.logSize);
  for (const [number, layer] of schedule.layers.entries()) {
    const refuse = (reason: FriFault): FriVerdict => ({ ok: false, reason, layer: number });
    const [opening, shape, cap, beta] = [
      layers[number],
      shapes[number],
      caps[number],
      betas[number],
    ];
    if (!value || !opening || !shape || !cap || !beta) return refuse('SHAPE');
    const leaves = layerLeaves(layer);
    const leaf = index % leaves;
    const verdict = checkOpening(shape, cap, leaf, opening);
    if (!verdict.ok) return refuse(verdict.reason === 'OTHER_CAP' ? 'LAYER_OPENING' : 'SHAPE');
    const siblings = elementsOf(opening.rows[0] ?? new Uint32Array());
    const place = Math.floor((index % 2 ** layer.logSize) / leaves);
    if (!extension.equals(siblings[place] ?? extension.ZERO, value)) {
      return refuse(number === 0 ? 'FIRST_LAYER' : 'FOLD');
    }
    value = foldLeaf(siblings, beta, base.inverse(point(layer.logSize, leaf)));
    if (!layer.injects) continue;
    const combination = combinations.get(layer.logSize - layer.arityLog);
    if (!combination) return refuse('SHAPE');
    const weight = extension.power(beta, 2 ** layer.arityLog);
    value = extension.add(value, extension.mul(weight, combination));
  }
  const layer = schedule.layers.length;
  if (!value || layers.length !== layer) return { ok: false, reason: 'SHAPE', layer };
  const x = point(schedule.finalLogSize, index % 2 ** schedule.finalLogSize);
  const isFinal = extension.equals(value, evaluate(finalPolynomial, x));
  return isFinal ? { ok: true } : { ok: false, reason: 'FINAL_POLYNOMIAL', layer };
}

/** The elements of a row of canonical words. */
function elementsOf(words: Uint32Array): Extension[] {
  const count = words.length / extension.DEGREE;
  return Array.from({ length: count }, (_, j) => extension.fromWords(words, extension.DEGREE * j));
}

function evaluate(coefficients: readonly Extension[], x: number): Extension {
  return coefficients.reduceRight(
    (sum, coefficient) => extension.add(extension.scale(sum, x), coefficient),
    extension.ZERO,
  );
}
