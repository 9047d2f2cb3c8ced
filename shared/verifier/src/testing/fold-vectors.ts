import { bytesToHex } from '../bytes.ts';
import type { FoldModel, ModelInstance } from './fold-model.ts';
import { tinyWitness } from './tiny-shape.ts';

/** What vectors/folding.json holds: numbers in decimal, bytes in hex. */
export interface FoldVectors {
  readonly shape: { readonly file: string; readonly digest: string };
  /** The tiny circuit's, for a = 3, 4, 5, 6, 7 and b = a + 2. */
  readonly leaves: readonly VectorLeaf[];
  /** Of the proof of all five: of fresh leaves twice, of linear ones, of one of each. */
  readonly steps: readonly VectorStep[];
  readonly proof: string;
  /** Of the first leaf alone. */
  readonly lone: string;
}

interface VectorLeaf {
  readonly commitment: string;
  readonly x: readonly string[];
  readonly w: readonly string[];
}

interface VectorStep {
  /** After the instances, each round, the claims. */
  readonly states: readonly string[];
  readonly gamma: string;
  readonly beta: readonly string[];
  readonly rounds: readonly (readonly string[])[];
  readonly point: readonly string[];
  readonly claims: readonly (readonly string[])[];
  readonly rho: string;
  readonly folded: {
    readonly commitment: string;
    readonly u: string;
    readonly x: readonly string[];
    readonly v: readonly string[];
  };
}

const texts = (values: readonly bigint[]): string[] => values.map(String);

export function foldVectors(
  model: FoldModel,
  compressed: (point: ModelInstance['commitment']) => string,
): FoldVectors {
  const leaves = [3n, 4n, 5n, 6n, 7n].map((a) => {
    const { x, w } = tinyWitness(a, a + 2n);
    return model.fresh(x, w);
  });
  const first = model.fold(leaves.slice(0, 2));
  const second = model.fold(leaves.slice(2, 4));
  const both = model.fold([first.folded, second.folded]);
  const last = model.fold([both.folded, ...leaves.slice(4)]);
  model.steps.splice(0);
  return {
    shape: { file: bytesToHex(model.file), digest: bytesToHex(model.digest) },
    leaves: leaves.map(({ commitment, x, w }) => {
      return { commitment: compressed(commitment), x: texts(x), w: texts(w) };
    }),
    steps: [first, second, both, last].map((step) => ({
      states: step.states.map(bytesToHex),
      gamma: String(step.gamma),
      beta: texts(step.beta),
      rounds: step.rounds.map(texts),
      point: texts(step.point),
      claims: step.claims.map(texts),
      rho: String(step.rho),
      folded: {
        commitment: compressed(step.folded.commitment),
        u: String(step.folded.u),
        x: texts(step.folded.x),
        v: texts(step.folded.v ?? []),
      },
    })),
    proof: bytesToHex(model.prove(leaves)),
    lone: bytesToHex(model.prove(leaves.slice(0, 1))),
  };
}
