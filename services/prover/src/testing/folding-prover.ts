// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A market's prover whose router has found folding to be cheaper. Tests only. As a process, until
 * somebody kills it: node folding-prover.ts DIR EPOCHS; it tells each subtree that it has folded.
 */
import { join } from 'node:path';
import type { EpochProved } from '@foldbook/protocol';
import { createLogger } from '@foldbook/runtime';
import { loadCircuits, loadFoldedCircuits } from '../chain-context.ts';
import { type FoldMaker, FoldPool } from '../fold/fold-pool.ts';
import { InProcessQueue } from '../in-process-queue.ts';
import { queueTurns } from '../job-turns.ts';
import { MarketProver } from '../market-prover.ts';
import { MarketRouting } from '../market-routing.ts';
import { loadOperatorKey } from '../operator-key.ts';
import type { ProofMaker } from '../proof-queue.ts';
import { EpochRouter } from '../router/epoch-router.ts';
import { routerSchema } from '../router/settings.ts';
import { routedKind } from '../tiling.ts';
import { depositStream } from './deposit-stream.ts';

export const MARKET = 'TEST-USD';
const NAMES = ['batch-15', 'accounts-4'] as const;

const circuits = [...loadCircuits(NAMES), ...(await loadFoldedCircuits(NAMES))];

/** Nobody makes a proof alone here: what is asked for is a fault of the test. */
const noMaker: ProofMaker = {
  concurrency: 1,
  make: async ({ id }) => {
    throw new Error(`${id} was to be folded`);
  },
  refuses: () => undefined,
};

/** 14 batches, 2 account proofs with the supply. */
export const EPOCH = { market: MARKET, deposits: 200, accounts: 7 };

function newRouting(): { routing: MarketRouting; router: EpochRouter } {
  const router = new EpochRouter({ ...routerSchema.parse({}), maxWorkers: 1 });
  for (const kind of circuits.map(routedKind)) {
    for (const stage of ['leaf', 'closing'] as const) {
      const cpuMs = kind.folds ? 10 : 60_000;
      const step = { kind, stage, workers: 1, cpuMs, wallMs: cpuMs };
      router.measured({ ...step, rssBytes: 2 ** 28, proofBytes: 128, verifyMs: 1 });
    }
  }
  const logger = createLogger({ service: 'test', level: 'error' });
  const shared = { logger, nowMs: Date.now, workersElsewhere: false };
  return { router, routing: new MarketRouting({ ...shared, router }) };
}

export interface FoldingRun {
  readonly dir: string;
  readonly epochs: number;
  readonly folds: FoldMaker | undefined;
  readonly lookMs?: number;
}

export interface StartedProver {
  readonly prover: MarketProver;
  readonly proved: readonly EpochProved[];
  readonly router: EpochRouter;
  readonly ended: Promise<void>;
  readonly stop: () => void;
}

export async function startFolding(run: FoldingRun): Promise<StartedProver> {
  const { dir, epochs, folds, lookMs } = run;
  const proved: EpochProved[] = [];
  const queue = new InProcessQueue(noMaker, { attempts: 1 });
  const { routing, router } = newRouting();
  const prover = new MarketProver({
    ...{
      market: MARKET,
      reader: depositStream({ ...EPOCH, epochs }),
      queue,
      turns: queueTurns(queue, routing),
      circuits,
      folds,
      routing,
      lookMs,
    },
    operator: await loadOperatorKey(join(dir, 'operator.key')),
    storeDir: join(dir, 'proofs'),
    logger: createLogger({ service: 'test', level: 'error' }),
    onPublished: () => undefined,
    onProved: (epoch) => proved.push(epoch),
    maxEpochs: epochs,
  });
  const stopping = new AbortController();
  const ended = prover.run(stopping.signal).finally(() => prover.close());
  return { prover, proved, router, ended, stop: () => stopping.abort() };
}

if (import.meta.main) {
  const [dir = '', epochs = '1'] = process.argv.slice(2);
  const pool = new FoldPool(1);
  const folds: FoldMaker = {
    fold: (files, plans, options) =>
      pool.fold(files, plans, {
        ...options,
        chunkLeaves: 2,
        onNode: (first, leaves) => process.stdout.write(`${options.dir} ${first} ${leaves}\n`),
      }),
  };
  await (await startFolding({ dir, epochs: Number(epochs), folds })).ended;
  await pool.close();
}
