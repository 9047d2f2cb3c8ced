// SPDX-License-Identifier: GPL-3.0-or-later
/** Several markets at the workers of one prover: whose proofs are made first. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';
import type { EpochProved } from '@foldbook/protocol';
import { createLogger } from '@foldbook/runtime';
import { verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { InProcessQueue } from './in-process-queue.ts';
import { type JobTurns, queueTurns } from './job-turns.ts';
import { MarketRouting } from './market-routing.ts';
import { loadOperatorKey } from './operator-key.ts';
import type { ProofJob, ProofResult } from './proof-job.ts';
import { ProverService } from './prover-service.ts';
import { EpochRouter } from './router/epoch-router.ts';
import { routerSchema } from './router/settings.ts';
import { DiffScript, depositBase } from './testing/diff-script.ts';
import { MemoryStream } from './testing/memory-stream.ts';
import { polled } from './testing/prover-process.ts';
import { TrapdoorMaker, trapdoorCircuits, trustedKeys } from './testing/trapdoor-circuits.ts';

const NOW_MS = 100_000;
const DEADLINE_MS = 60_000;

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-order-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** One worker, which is at its first job until it is let go. */
class HeldMaker extends TrapdoorMaker {
  override readonly concurrency = 1;
  readonly #gate = Promise.withResolvers<void>();
  #started = 0;

  get started(): number {
    return this.#started;
  }

  open(): void {
    this.#gate.resolve();
  }

  override async make(job: ProofJob): Promise<ProofResult> {
    this.#started += 1;
    await this.#gate.promise;
    return super.make(job);
  }

  /** Markets of the proofs that were made, in order. */
  get markets(): string[] {
    return this.made.map((id) => id.slice(0, id.indexOf('-')));
  }
}

interface Running {
  readonly turns: JobTurns;
  readonly proved: readonly EpochProved[];
  stop(): Promise<void>;
}

async function start(stream: MemoryStream, maker: TrapdoorMaker): Promise<Running> {
  const proved: EpochProved[] = [];
  const logger = createLogger({ service: 'test', level: 'error' });
  const router = new EpochRouter({
    ...routerSchema.parse({ deadlineMs: DEADLINE_MS }),
    maxWorkers: maker.concurrency,
  });
  const routing = new MarketRouting({
    ...{ router, logger, nowMs: () => NOW_MS, workersElsewhere: false },
  });
  const queue = new InProcessQueue(maker);
  const turns = queueTurns(queue, routing);
  const service = new ProverService({
    ...{ reader: stream, queue, turns, routing, logger, lookMs: 5 },
    circuits: trapdoorCircuits,
    chains: { of: () => ['poseidon'] },
    operator: await loadOperatorKey(join(dir, 'operator.key')),
    storeDir: join(dir, 'proofs'),
    onPublished: () => undefined,
    onProved: (epoch) => proved.push(epoch),
  });
  const stop = async (): Promise<void> => {
    turns.close();
    await queue.close();
    await service.stop();
  };
  return { turns, proved, stop };
}

/** An epoch of `batches` batches and an account proof. */
function append(stream: MemoryStream, market: string, batches: number, closedMs: number): void {
  const deposits = Array.from({ length: 15 * batches }, (_, n) => depositBase(2 + (n % 3), 1n));
  const script = new DiffScript(market.length).create(0, 0).move(...deposits);
  stream.append(`diff.0.${market}`, script.closeEpoch(closedMs));
}

/** LATER is asked for first and at work; then SOON, and LATE, whose deadline is over. */
async function threeMarkets(maker: HeldMaker): Promise<{ running: Running; stream: MemoryStream }> {
  const stream = new MemoryStream();
  append(stream, 'LATER', 4, NOW_MS - 1_000);
  const running = await start(stream, maker);
  await polled(async () => maker.started === 1 && running.turns.waiting === 4);
  append(stream, 'SOON', 3, NOW_MS - 30_000);
  append(stream, 'LATE', 2, NOW_MS - DEADLINE_MS - 1);
  await polled(async () => running.turns.waiting === 4 + 4 + 3);
  return { running, stream };
}

test('a free worker goes to the nearest deadline; a late market has each fourth turn', async () => {
  const maker = new HeldMaker();
  const { running } = await threeMarkets(maker);
  try {
    maker.open();
    await polled(async () => running.proved.length === 3);
    assert.deepEqual(maker.markets, [
      ...['LATER', 'SOON', 'SOON', 'LATE'],
      ...['SOON', 'SOON', 'LATER', 'LATE'],
      ...['LATER', 'LATER', 'LATER', 'LATE'],
    ]);
  } finally {
    await running.stop();
  }
});

test('what waits when the prover ends is not begun, and proved by the next one', async () => {
  const maker = new HeldMaker();
  const { running, stream } = await threeMarkets(maker);
  const stopped = running.stop();
  maker.open();
  await stopped;
  assert.deepEqual([maker.started, running.turns.waiting, running.proved.length], [1, 0, 0]);
  const second = new TrapdoorMaker();
  const again = await start(stream, second);
  try {
    await polled(async () => again.proved.length === 3);
  } finally {
    await again.stop();
  }
  assert.equal(new Set(second.made).size, 5 + 4 + 3);
  assert.equal(second.made.length, 5 + 4 + 3);
  for (const market of ['LATER', 'SOON', 'LATE']) {
    const source = openStoreFolder(join(dir, 'proofs'), market);
    const result = await verifyChain(source, { level: 'data', trustedKeys });
    assert(result.ok, inspect(result));
  }
});
