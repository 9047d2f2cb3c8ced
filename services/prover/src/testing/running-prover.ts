// SPDX-License-Identifier: GPL-3.0-or-later
import { join } from 'node:path';
import type { EpochProved, EpochPublished } from '@foldbook/protocol';
import { createLogger, type StreamReader } from '@foldbook/runtime';
import type { ChainProverOptions } from '../chain-prover.ts';
import { InProcessQueue } from '../in-process-queue.ts';
import { queueTurns } from '../job-turns.ts';
import { loadOperatorKey } from '../operator-key.ts';
import type { ProofMaker } from '../proof-queue.ts';

/** Options that all provers have, with what is told kept by the test. */
export interface CommonOptions extends ChainProverOptions {
  readonly onPublished: (published: EpochPublished) => void;
}

/** A prover that runs over a queue of its own in the folder of a test. Tests only. */
export interface RunningProver<Prover> {
  readonly prover: Prover;
  readonly proved: EpochProved[];
  readonly published: EpochPublished[];
  /** Of its log. */
  readonly lines: string[];
  readonly ended: Promise<void>;
  /** Resolves when a line with these words was logged. */
  logged(words: RegExp): Promise<void>;
  stop(): Promise<void>;
}

export interface RunOptions {
  readonly dir: string;
  readonly market: string;
  readonly reader: StreamReader;
  readonly maker: ProofMaker;
}

export async function startProver<Prover extends { run(signal: AbortSignal): Promise<void> }>(
  { dir, market, reader, maker }: RunOptions,
  open: (common: CommonOptions) => Prover,
): Promise<RunningProver<Prover>> {
  const [proved, published, lines]: [EpochProved[], EpochPublished[], string[]] = [[], [], []];
  const waiting = new Set<() => void>();
  const queue = new InProcessQueue(maker);
  const stopping = new AbortController();
  const write = (line: string): void => {
    lines.push(line);
    for (const check of waiting) check();
  };
  const prover = open({
    ...{ market, reader, queue, turns: queueTurns(queue), lookMs: 5 },
    operator: await loadOperatorKey(join(dir, 'operator.key')),
    storeDir: join(dir, 'proofs'),
    logger: createLogger({ service: 'test', level: 'info', write }),
    onPublished: (epoch) => published.push(epoch),
    onProved: (epoch) => proved.push(epoch),
  });
  const ended = prover.run(stopping.signal);
  ended.catch(() => undefined);
  const logged = (words: RegExp): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!lines.some((line) => words.test(line))) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  const stop = async (): Promise<void> => {
    stopping.abort();
    await queue.close();
    await ended.catch(() => undefined);
  };
  return { prover, proved, published, lines, ended, logged, stop };
}
