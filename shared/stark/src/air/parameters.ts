/** Fixed values as the kernel's code for a table reads them (src/air/plan.ts). */
import { DEGREE, fromBase } from '../field/extension.ts';
import { toMontgomery } from '../kernel/montgomery.ts';
import { Evaluator, type FixedValues } from './evaluate.ts';
import type { Expression } from './expression.ts';

export class Parameters {
  readonly #evaluator: Evaluator;
  /** Of the block that the kernel gets. */
  readonly wordCount: number;

  /** @param fixed - of a plan */
  constructor(fixed: readonly Expression[]) {
    this.#evaluator = new Evaluator(fixed);
    this.wordCount = DEGREE * (1 + fixed.length);
  }

  /**
   * The block: five words of each value, in Montgomery form.
   * @param values - weights, where there are any, times the coset's 1/(x^n - 1)
   * @param lastPoint - w(k)^-1 of the table's height 2^k
   */
  words(values: FixedValues, lastPoint: number): Uint32Array<ArrayBuffer> {
    const words = new Uint32Array(this.wordCount);
    const all = [fromBase(lastPoint), ...this.#evaluator.fixed(values)];
    for (const [index, value] of all.entries()) words.set(value.map(toMontgomery), DEGREE * index);
    return words;
  }
}
