/** The prover's side of FRI (SPEC section 9): layers, their trees, and what queries open. */
import { hashRows } from '../commit/committed-tree.ts';
import { DigestTree, storageIndex } from '../commit/digest-tree.ts';
import type { Opening } from '../commit/opening.ts';
import * as base from '../field/base.ts';
import { point, root } from '../field/domain.ts';
import type { Extension } from '../field/extension.ts';
import * as extension from '../field/extension.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { placeElements, scratch } from '../kernel/kernel-values.ts';
import { fromMontgomery, toMontgomery } from '../kernel/montgomery.ts';
import { exponentAt, Transforms } from '../kernel/ntt.ts';
import { foldFactors } from './fold.ts';
import { type FriLayer, type FriSchedule, layerLeaves, layerShape } from './schedule.ts';

/** The transcript's part in it. */
export interface FriTranscript {
  absorbCap(cap: Uint8Array): void;
  draw(): Extension;
}

/** A committed layer: five coordinates of 2^logSize words, each coset by coset. */
interface CommittedLayer {
  readonly layer: FriLayer;
  readonly address: number;
  readonly tree: DigestTree;
}

const WORD_BYTES = 4;
const DIGEST_BYTES = 32;

export class FriLayers {
  readonly finalPolynomial: readonly Extension[];
  readonly #kernel: Kernel;
  readonly #logBlowup: number;
  readonly #layers: readonly CommittedLayer[];

  private constructor(
    kernel: Kernel,
    logBlowup: number,
    layers: readonly CommittedLayer[],
    finalPolynomial: readonly Extension[],
  ) {
    this.#kernel = kernel;
    this.#logBlowup = logBlowup;
    this.#layers = layers;
    this.finalPolynomial = finalPolynomial;
  }

  /**
   * Folds and commits one layer after another. Layers and trees stay in the arena, and combinations
   * where they are, as long as openings are asked for.
   *
   * @param combinations addresses by the log size of the domain, as layers are stored
   * @throws StarkError OUT_OF_MEMORY
   */
  static commit(
    kernel: Kernel,
    schedule: FriSchedule,
    logBlowup: number,
    combinations: ReadonlyMap<number, number>,
    transcript: FriTranscript,
  ): FriLayers {
    let address = combinationAt(combinations, schedule.logSize);
    const layers = schedule.layers.map((layer) => {
      const tree = commitLayer(kernel, layer, logBlowup, address);
      const committed = { layer, address, tree };
      transcript.absorbCap(tree.cap);
      const joining = layer.injects
        ? combinationAt(combinations, layer.logSize - layer.arityLog)
        : undefined;
      address = foldLayer(kernel, committed, logBlowup, transcript.draw(), joining);
      return committed;
    });
    const last = interpolate(kernel, address, schedule.finalLogSize, logBlowup);
    return new FriLayers(kernel, logBlowup, layers, last);
  }

  get caps(): Uint8Array[] {
    return this.#layers.map(({ tree }) => tree.cap);
  }

  /** One leaf a layer. @param index exponent on the largest domain */
  openings(index: number): Opening[] {
    const words = new Uint32Array(this.#kernel.exports.memory.buffer);
    return this.#layers.map(({ layer, address, tree }) => {
      const { logSize, arityLog } = layer;
      const leaves = layerLeaves(layer);
      const leaf = index % leaves;
      const row = Uint32Array.from({ length: extension.DEGREE * 2 ** arityLog }, (_, i) => {
        const e = leaf + Math.floor(i / extension.DEGREE) * leaves;
        const coordinate = (i % extension.DEGREE) * 2 ** logSize;
        const word = coordinate + storageIndex(e, logSize, this.#logBlowup);
        return fromMontgomery(words[address / WORD_BYTES + word] ?? 0);
      });
      return { rows: [row], siblings: tree.siblings(leaf) };
    });
  }
}

function combinationAt(combinations: ReadonlyMap<number, number>, logSize: number): number {
  const address = combinations.get(logSize);
  if (address === undefined) throw new Error(`assertion failed: no combination of 2^${logSize}`);
  return address;
}

/** Words of a coset that go into one leaf each are a leaf's apart, and so are their coordinates. */
function commitLayer(
  kernel: Kernel,
  layer: FriLayer,
  logBlowup: number,
  address: number,
): DigestTree {
  const size = 2 ** layer.logSize;
  const rows = layerLeaves(layer) / 2 ** logBlowup;
  return DigestTree.build(kernel, layerShape(layer), logBlowup, (_, target) => {
    for (let coset = 0; coset < 2 ** logBlowup; coset++) {
      const first = coset * rows * 2 ** layer.arityLog;
      const columns = Array.from({ length: extension.DEGREE * 2 ** layer.arityLog }, (_, i) => {
        const sibling = Math.floor(i / extension.DEGREE) * rows;
        const coordinate = (i % extension.DEGREE) * size;
        return address + WORD_BYTES * (coordinate + first + sibling);
      });
      hashRows(kernel, columns, rows, target + DIGEST_BYTES * coset * rows);
    }
  });
}

/** Address of the next layer, with a combination of its size added. */
function foldLayer(
  kernel: Kernel,
  { layer, address }: CommittedLayer,
  logBlowup: number,
  beta: Extension,
  combination: number | undefined,
): number {
  const { arena, exports } = kernel;
  const { logSize, arityLog } = layer;
  const cosets = 2 ** logBlowup;
  const height = 2 ** (logSize - logBlowup);
  const target = arena.take(WORD_BYTES * extension.DEGREE * layerLeaves(layer));
  scratch(kernel, () => {
    const inverses = arena.take((WORD_BYTES * height) / 2 ** arityLog);
    const backwards = toMontgomery(base.inverse(root(logSize - logBlowup)));
    exports.geometric(inverses, height / 2 ** arityLog, toMontgomery(1), backwards);
    const factors = Array.from({ length: cosets }, (_, c) =>
      foldFactors(beta, base.inverse(point(logSize, c)), arityLog),
    ).flat();
    const factorAddress = placeElements(kernel, factors);
    const weightAddress = placeElements(kernel, [extension.power(beta, 2 ** arityLog)]);
    const scale = toMontgomery(base.inverse(2 ** arityLog));
    exports.foldLayer(
      ...([address, target, height, cosets, arityLog, inverses] as const),
      ...([factorAddress, scale, combination ?? 0, weightAddress] as const),
    );
  });
  return target;
}

/** Coefficients of the polynomial whose values on D(logSize) a layer is: coset 0 tells them. */
function interpolate(
  kernel: Kernel,
  address: number,
  logSize: number,
  logBlowup: number,
): Extension[] {
  const { arena } = kernel;
  const logHeight = logSize - logBlowup;
  const height = 2 ** logHeight;
  return scratch(kernel, () => {
    const transforms = new Transforms(kernel, [logHeight], logBlowup);
    const coset = arena.take(WORD_BYTES * extension.DEGREE * height);
    const words = arena.words(coset, extension.DEGREE * height);
    for (let i = 0; i < extension.DEGREE; i++) {
      words.set(arena.words(address + WORD_BYTES * i * 2 ** logSize, height), i * height);
    }
    const columns = { address: coset, strideBytes: WORD_BYTES * height, count: extension.DEGREE };
    transforms.interpolateCoset(columns, logHeight, 0);
    const coefficients: Extension[] = new Array(height);
    for (let index = 0; index < height; index++) {
      const at = (i: number) => fromMontgomery(words[i * height + index] ?? 0);
      coefficients[exponentAt(index, logHeight)] = [at(0), at(1), at(2), at(3), at(4)];
    }
    return coefficients;
  });
}
