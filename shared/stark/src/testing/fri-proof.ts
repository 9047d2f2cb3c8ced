/** FRI by the real prover on words that tests choose, and what a verifier knows of it. */
import { storageIndex } from '../commit/digest-tree.ts';
import * as base from '../field/base.ts';
import { point } from '../field/domain.ts';
import type { Extension } from '../field/extension.ts';
import type { FriCommitment, FriQuery } from '../fri/check-queries.ts';
import { FriLayers } from '../fri/layers.ts';
import { friSchedule } from '../fri/schedule.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { fromMontgomery, toMontgomery } from '../kernel/montgomery.ts';
import { TAGS, Transcript } from '../transcript.ts';
import { take, valuesFrom } from './kernel-columns.ts';

/** Values by exponent, a coordinate after the other. */
export type Word = Uint32Array[];

/** A word of a random polynomial of degree below 2^logHeight, on its extended domain. */
export function lowDegreeWord(seed: number, logHeight: number, logBlowup: number): Word {
  const logSize = logHeight + logBlowup;
  const values = valuesFrom(seed);
  const points = Array.from({ length: 2 ** logSize }, (_, e) => point(logSize, e));
  return Array.from({ length: 5 }, () => {
    const coefficients = take(values, 2 ** logHeight).map(Number);
    return Uint32Array.from(points, (x) =>
      coefficients.reduceRight((sum, one) => base.add(base.mul(sum, x), one), 0),
    );
  });
}

export interface FriProof {
  readonly commitment: FriCommitment;
  query(index: number): FriQuery;
}

/** @param words by log height; those that the prover commits and the verifier computes alike */
export function proveFri(
  kernel: Kernel,
  words: ReadonlyMap<number, Word>,
  logBlowup: number,
): FriProof {
  const schedule = friSchedule([...words.keys()], logBlowup);
  const combinations = new Map(
    [...words].map(([logHeight, word]) => {
      const size = 2 ** (logHeight + logBlowup);
      const address = kernel.arena.take(20 * size);
      const stored = kernel.arena.words(address, 5 * size);
      word.forEach((column, coordinate) => {
        column.forEach((value, e) => {
          const place = storageIndex(e, logHeight + logBlowup, logBlowup);
          stored[coordinate * size + place] = toMontgomery(value);
        });
      });
      return [logHeight + logBlowup, address];
    }),
  );
  const transcript = new Transcript();
  const betas: Extension[] = [];
  const layers = FriLayers.commit(kernel, schedule, logBlowup, combinations, {
    absorbCap: (cap) => transcript.absorb(TAGS.CAP, cap),
    draw: () => {
      const beta = transcript.draw();
      betas.push(beta);
      return beta;
    },
  });
  const { caps, finalPolynomial } = layers;
  const valueAt = (address: number, logSize: number, e: number): Extension => {
    const place = storageIndex(e % 2 ** logSize, logSize, logBlowup);
    const stored = kernel.arena.words(address, 5 * 2 ** logSize);
    const at = (i: number) => fromMontgomery(stored[i * 2 ** logSize + place] ?? 0);
    return [at(0), at(1), at(2), at(3), at(4)];
  };
  return {
    commitment: { schedule, caps, betas, finalPolynomial },
    query: (index) => ({
      index,
      combinations: new Map(
        [...combinations].map(([logSize, address]) => [logSize, valueAt(address, logSize, index)]),
      ),
      layers: layers.openings(index),
    }),
  };
}
