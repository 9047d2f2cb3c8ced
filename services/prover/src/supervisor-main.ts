// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Worker processes for one machine, as many as the backlog asks for: `--config FILE` or
 * `--config-json TEXT`. Give it the cores that no market matches on.
 */
import { availableCores, createLogger, type Logger } from '@foldbook/runtime';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { heldKey, proofQueueName, RECONNECTING } from './bullmq-queue.ts';
import {
  ConfigError,
  niceSchema,
  parseAs,
  redisUrlSchema,
  withoutSecret,
  withPassword,
} from './config.ts';
import { messageOf } from './prover-error.ts';
import { StatusFile } from './status-file.ts';
import { TrackedRedis } from './tracked-redis.ts';
import { untilStopped } from './until-stopped.ts';
import { type SupervisorStatus, WorkerSupervisor } from './worker-supervisor.ts';

const EXIT_FAILED = 1;
const EXIT_BAD_CONFIG = 2;
const MEBIBYTE = 2 ** 20;

const configSchema = z
  .strictObject({
    partition: z.int().nonnegative().default(0),
    redisUrl: redisUrlSchema,
    /** Workers there are always, and at the most. */
    min: z.int().min(0).max(256).default(0),
    max: z.int().min(1).max(256),
    /** Jobs that wait or are under way for which one worker is enough. */
    jobsPerWorker: z.int().min(1).max(10_000).default(4),
    coolDownMs: z.int().min(0).default(30_000),
    /** What all workers may take, and one is taken to need until one is seen to take more. */
    memoryMb: z.int().min(64),
    workerMb: z.int().min(64).default(600),
    /** Default: all that this process may use but the last one. */
    cores: z.array(z.int().nonnegative()).optional(),
    nice: niceSchema,
    lookMs: z.int().min(10).optional(),
    /** See worker-main.ts. */
    lockMs: z.int().min(1_000).optional(),
    /** What it is at, written every second; see status-file.ts. */
    statusFile: z.string().min(1).optional(),
  })
  .refine(({ min, max }) => min <= max, { path: ['min'], error: 'is more than max' });

type Config = z.infer<typeof configSchema>;

async function run(config: Config, redisUrl: string, logger: Logger): Promise<void> {
  const { nice, lockMs } = config;
  const { partition, min, max, jobsPerWorker, coolDownMs, memoryMb, workerMb } = config;
  const cores = coresOf(config);
  // In the command of a worker anybody on the machine could read the password.
  const address = withoutSecret(redisUrl);
  const stopped = untilStopped();
  const redis = new TrackedRedis(redisUrl, RECONNECTING);
  redis.on('error', () => {});
  const queue = new Queue(proofQueueName(partition), { connection: redis });
  queue.on('error', () => {});
  let last: SupervisorStatus | undefined;
  const supervisor = new WorkerSupervisor({
    limits: {
      ...{ min, max, jobsPerWorker, coolDownMs },
      memoryBytes: memoryMb * MEBIBYTE,
      workerBytes: workerMb * MEBIBYTE,
    },
    worker: { redisUrl: address.url, partition, nice, lockMs },
    workerEnv: { ...process.env, FOLDBOOK_REDIS_PASSWORD: address.password },
    cores,
    backlog: async () => (redis.status === 'ready' ? backlogOf(queue, redis) : undefined),
    logger,
    onStatus: (status) => {
      last = status;
      if (process.connected) process.send?.({ type: 'workers', ...status });
    },
    lookMs: config.lookMs,
  });
  logger.info('supervisor ready', { cores: cores.join(','), min, max, memoryMb });
  if (process.connected) process.send?.({ type: 'ready' });
  const { statusFile: path } = config;
  const facts = () => ({ min, max, ...last });
  const onTrouble = (detail: string) => logger.warn('the status file', { detail });
  const name = 'prover-supervisor';
  const file = path === undefined ? undefined : new StatusFile({ path, name, facts, onTrouble });
  await stopped;
  file?.close();
  await supervisor.stop();
  redis.disconnectAll();
  logger.info('supervisor stopped');
}

/** In the queue, and held back by the prover until there are workers for them. */
async function backlogOf(queue: Queue, redis: Redis): Promise<number | undefined> {
  try {
    const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'prioritized');
    const held = Number((await redis.get(heldKey(queue))) ?? 0);
    return Object.values(counts).reduce((sum, count) => sum + count, held);
  } catch {
    return undefined;
  }
}

function coresOf({ cores }: Config): readonly number[] {
  const usable = availableCores();
  const missing = cores?.find((core) => !usable.includes(core));
  if (missing !== undefined) {
    throw new ConfigError(`cores: no core ${missing} for this process, choose of ${usable.join()}`);
  }
  if (cores !== undefined) return cores;
  return usable.length > 1 ? usable.slice(0, -1) : usable;
}

async function main(): Promise<number> {
  const logger = createLogger({ service: 'prover-supervisor', level: 'info' });
  try {
    const config = parseAs(configSchema, process.argv.slice(2));
    const redisUrl = withPassword(config.redisUrl, process.env.FOLDBOOK_REDIS_PASSWORD);
    await run(config, redisUrl, logger);
    return 0;
  } catch (error) {
    logger.error(messageOf(error));
    return error instanceof ConfigError ? EXIT_BAD_CONFIG : EXIT_FAILED;
  }
}

process.exit(await main());
