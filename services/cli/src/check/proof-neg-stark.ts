/** The back end `stark` of `check proof-neg`: its attacks, shared by several processes. */
import { fileURLToPath } from 'node:url';
import type { Output } from '../output.ts';
import { type Group, runAttacks } from './attack-process.ts';

const ATTACKS = fileURLToPath(
  new URL('../../../../shared/stark/src/testing/attacks/main.ts', import.meta.url),
);

export interface StarkAttackOptions {
  readonly seed: number;
  readonly quick: boolean;
  /** Every byte, instead of some of each class. */
  readonly all: boolean;
  /** Of each class of bytes and each column; undefined: as many as are usual. */
  readonly runs: number | undefined;
  readonly jobs: number;
}

export async function attackStark(
  { seed, quick, all, runs, jobs }: StarkAttackOptions,
  output: Output,
  signal: AbortSignal,
): Promise<Group[]> {
  const args = [
    ...['--seed', `${seed}`],
    ...(quick ? ['--quick'] : []),
    ...(all ? ['--all'] : []),
    ...(runs === undefined ? [] : ['--runs', `${runs}`]),
  ];
  // Where one process fails, the others have nobody to tell.
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const found = await Promise.all(
    Array.from({ length: jobs }, (_, job) => {
      const share = ['--share', `${job + 1}/${jobs}`];
      return runAttacks(ATTACKS, [...args, ...share], 'stark', output, either);
    }),
  ).finally(() => failed.abort());
  const groups = Map.groupBy(found.flat(), ({ group }) => group);
  return [...groups].map(([group, shares]) => ({
    of: 'stark',
    group,
    tried: shares.reduce((sum, { tried }) => sum + tried, 0),
    refused: shares.reduce((sum, { refused }) => sum + refused, 0),
    failures: shares.flatMap(({ failures }) => failures),
  }));
}
