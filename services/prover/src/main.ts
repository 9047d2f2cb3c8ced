// SPDX-License-Identifier: GPL-3.0-or-later
/** The prover as a process: `--config FILE` or `--config-json TEXT`, see config.ts. */
import { constants, setPriority } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { diffStream, type EpochProved } from '@foldbook/protocol';
import {
  connectNats,
  createLogger,
  HealthFile,
  JetStreamStore,
  type Logger,
  SegmentStore,
  type StreamStore,
  type Transport,
} from '@foldbook/runtime';
import { type ProverMessage, publishEpochProved } from './announcement.ts';
import { BullmqQueue } from './bullmq-queue.ts';
import { loadCircuits } from './chain-context.ts';
import { ConfigError, type ProverConfig, parseConfig, withSecrets } from './config.ts';
import { InProcessQueue } from './in-process-queue.ts';
import { loadOperatorKey } from './operator-key.ts';
import { serveOwed, serveProofs } from './proof-adapter.ts';
import { defaultWorkers, ProofPool } from './proof-pool.ts';
import type { ProofMaker, ProofQueue } from './proof-queue.ts';
import { messageOf } from './prover-error.ts';
import { ProverService } from './prover-service.ts';

/** How long an orderly end may take, ms: the broker or Redis may be gone. */
const END_WITHIN_MS = 10_000;
const EXIT_FAILED = 1;
const EXIT_BAD_CONFIG = 2;

interface Source {
  readonly store: StreamStore;
  /** Where epochs are announced; the embedded mode has only its parent process. */
  readonly transport: Transport | undefined;
}

async function openSource({ source, partition }: ProverConfig, logger: Logger): Promise<Source> {
  if (source.kind === 'segment') {
    return { store: new SegmentStore({ dir: source.dir }), transport: undefined };
  }
  const { servers, user, pass } = source;
  const transport = await connectNats({ servers, user, pass, name: `prover-${partition}` });
  transport.onStatus((status, detail) => {
    if (status === 'disconnected') logger.warn('broker disconnected', { detail });
    else if (status === 'connected') logger.info('broker is back', { detail });
    else logger.info(`broker ${status}`, { detail });
  });
  return { store: new JetStreamStore(transport, {}), transport };
}

function openQueue({ redisUrl, partition }: ProverConfig, maker: ProofMaker): ProofQueue {
  if (redisUrl === undefined) return new InProcessQueue(maker);
  return new BullmqQueue({ redisUrl, name: `foldbook-proofs-${partition}`, maker });
}

/** A parent that has gone needs no messages. */
function tellParent(message: ProverMessage): void {
  if (process.connected) process.send?.(message);
}

async function run(config: ProverConfig, logger: Logger): Promise<void> {
  const stopped = untilStopped();
  // Proving takes all it can get: matching comes first.
  setPriority(constants.priority.PRIORITY_LOW);
  const circuits = loadCircuits();
  const dataDir = resolve(config.dataDir);
  const keyFile = config.operatorKeyFile ?? join(dirname(dataDir), 'operator.key');
  const operator = await loadOperatorKey(keyFile);
  const { store, transport } = await openSource(config, logger);
  const pool = new ProofPool(config.workers ?? defaultWorkers());
  const queue = openQueue(config, pool);
  const onProved = (proved: EpochProved): void => {
    if (transport !== undefined) publishEpochProved(transport, proved);
    tellParent({ type: 'epoch-proved', ...proved });
  };
  const service = new ProverService({
    reader: store.reader(diffStream(config.partition)),
    queue,
    circuits,
    operator,
    storeDir: dataDir,
    logger,
    maxEpochs: config.maxEpochs,
    markets: config.markets,
    onProved,
    onStatus: (status) => tellParent({ type: 'status', ...status }),
  });
  const answers =
    transport && serveProofs(transport, (market, sequence) => service.proofOf(market, sequence));
  const refusal = { name: 'UNAVAILABLE', detail: 'this operator gives no account proofs' } as const;
  const owed =
    transport &&
    serveOwed(transport, (market, account) => {
      const file = service.owedTo(market, account);
      return file === undefined || config.accountProofs ? file : refusal;
    });
  logger.info('prover ready', {
    workers: pool.concurrency,
    queue: config.redisUrl === undefined ? 'in process' : 'BullMQ',
    store: dataDir,
    durability: store.durability,
  });
  tellParent({ type: 'ready' });
  const path = config.healthFile;
  const isWell = () => transport === undefined || transport.status() === 'connected';
  const onTrouble = (detail: string) => logger.warn('the health file', { detail });
  const health = path === undefined ? undefined : new HealthFile({ path, isWell, onTrouble });
  await stopped;
  health?.close();
  answers?.unsubscribe();
  owed?.unsubscribe();
  const stopping = Promise.all([queue.close(), pool.close(), service.stop()])
    .then(() => store.close())
    .then(() => transport?.close())
    .then(() => logger.info('prover stopped'));
  // What is not done is done again at the next start: the store keeps whole epochs only.
  await Promise.race([stopping, delay(END_WITHIN_MS, undefined, { ref: false })]);
}

/** SIGTERM, SIGINT, or the end of the process that forked this one. */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
    if (process.send === undefined) return;
    process.once('disconnect', () => resolve());
    // Nobody reads the log any more either.
    process.stderr.on('error', () => undefined);
    if (!process.connected) resolve();
  });
}

async function main(): Promise<number> {
  const logger = createLogger({ service: 'prover', level: 'info' });
  try {
    const config = parseConfig(process.argv.slice(2));
    const { FOLDBOOK_PASSWORD, FOLDBOOK_REDIS_PASSWORD } = process.env;
    const secrets = { brokerPassword: FOLDBOOK_PASSWORD, redisPassword: FOLDBOOK_REDIS_PASSWORD };
    await run(withSecrets(config, secrets), logger);
    return 0;
  } catch (error) {
    logger.error(messageOf(error));
    return error instanceof ConfigError ? EXIT_BAD_CONFIG : EXIT_FAILED;
  }
}

// snarkjs and BullMQ may leave timers behind that nobody waits for.
process.exit(await main());
