import assert from 'node:assert/strict';
import type { HistoryKernel } from '../kernel/history-kernel.ts';
import type { Feature } from './feature.ts';
import { Frame, frameBytes } from './frame.ts';

/** Features as a kernel computes them, frame by frame; it remembers what instruments showed. */
export class FeaturePlan {
  readonly features: readonly Feature[];
  readonly #kernel: HistoryKernel;
  readonly #address: number;

  constructor(kernel: HistoryKernel, features: readonly Feature[]) {
    this.features = features;
    this.#kernel = kernel;
    this.#address = kernel.exports.newPlan() >>> 0;
    for (const { kind, halfLifeNs, label } of features) {
      const isAdded = kernel.exports.addFeature(this.#address, kind, halfLifeNs);
      assert(isAdded !== 0, `${label} has no place in the plan`);
    }
  }

  /** Memory for one more frame. */
  newFrame(): Frame {
    const { features } = this;
    const { address } = this.#kernel.reserve(frameBytes(features.length));
    return new Frame(this.#kernel.memory.buffer, address, features.length);
  }

  /** Forgets what instruments have shown: another run begins. */
  reset(): void {
    this.#kernel.exports.resetPlan(this.#address);
  }

  /** Fills the feature columns of a frame whose other columns are there. Frames come in order. */
  compute(frame: Frame): void {
    this.#kernel.exports.computeFeatures(this.#address, frame.address);
  }
}
