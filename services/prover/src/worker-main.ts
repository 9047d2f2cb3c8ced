// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A worker as a process: takes jobs from Redis and proves them, on any machine. It needs no keys of
 * the operator, no stream and no store: a job holds all that its proof needs. `--config FILE` or
 * `--config-json TEXT`. Jobs of other circuits than its own it leaves to others, and says so.
 */
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { availableCores, createLogger, HealthFile, type Logger } from '@foldbook/runtime';
import type { z } from 'zod';
import { proofQueueName, RECONNECTING, withoutPassword } from './bullmq-queue.ts';
import { BullmqWorker } from './bullmq-worker.ts';
import { ConfigError, parseAs, withPassword, workerConfigSchema } from './config.ts';
import { ProofPool } from './proof-pool.ts';
import { messageOf } from './prover-error.ts';
import { Refusals } from './refusals.ts';
import { TrackedRedis } from './tracked-redis.ts';
import { untilStopped } from './until-stopped.ts';
import type { WorkerMessage } from './worker-supervisor.ts';

const END_WITHIN_MS = 10_000;
const EXIT_FAILED = 1;
const EXIT_BAD_CONFIG = 2;

async function run(
  {
    redisUrl,
    partition,
    workers,
    nice,
    lockMs,
    healthFile: path,
  }: z.infer<typeof workerConfigSchema>,
  logger: Logger,
): Promise<void> {
  const stopped = untilStopped();
  setPriority(nice);
  const pool = new ProofPool(workers);
  const redis = new TrackedRedis(redisUrl, RECONNECTING);
  watch(redis, withoutPassword(redisUrl), logger);
  const refusals = new Refusals((reason) => logger.error('job left to others', { reason }));
  const name = proofQueueName(partition);
  const worker = new BullmqWorker({
    ...{ name, connection: redis, maker: pool, lockMs },
    isAwaited: () => false,
    onError: (reason) => logger.warn('proof queue', { reason }),
    onRefusal: (reason) => {
      refusals.add(reason);
      tellParent({ type: 'refused', reason });
    },
  });
  logger.info('worker ready', { queue: name, workers, cores: availableCores().join(',') });
  tellParent({ type: 'ready' });
  const isWell = () => redis.status === 'ready';
  const onTrouble = (detail: string) => logger.warn('the health file', { detail });
  const health = path === undefined ? undefined : new HealthFile({ path, isWell, onTrouble });
  await stopped;
  health?.close();
  // A proof under way goes to another worker, whatever becomes of it here.
  const parting = worker.part();
  const closing = pool.close().then(() => parting);
  await Promise.race([closing, delay(END_WITHIN_MS, undefined, { ref: false })]);
  await worker.close();
  redis.disconnectAll();
  logger.info('worker stopped');
}

/** A parent that has gone needs no messages. */
function tellParent(message: WorkerMessage): void {
  if (process.connected) process.send?.(message);
}

function watch(redis: TrackedRedis, address: string, logger: Logger): void {
  let lost = false;
  let lastError = 'connection closed';
  redis.on('error', (error: Error) => {
    lastError = messageOf(error);
  });
  redis.on('close', () => {
    if (!lost) logger.warn('proof queue lost', { detail: `Redis at ${address}: ${lastError}` });
    lost = true;
  });
  redis.on('ready', () => {
    if (lost) logger.info('proof queue back');
    lost = false;
  });
}

async function main(): Promise<number> {
  const logger = createLogger({ service: 'prover-worker', level: 'info' });
  try {
    const config = parseAs(workerConfigSchema, process.argv.slice(2));
    const redisUrl = withPassword(config.redisUrl, process.env.FOLDBOOK_REDIS_PASSWORD);
    await run({ ...config, redisUrl }, logger);
    return 0;
  } catch (error) {
    logger.error(messageOf(error));
    return error instanceof ConfigError ? EXIT_BAD_CONFIG : EXIT_FAILED;
  }
}

process.exit(await main());
