// SPDX-License-Identifier: GPL-3.0-or-later
/** The prover as a process: `--config FILE` or `--config-json TEXT`, see config.ts. */
import { setPriority } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { memoryUsage } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { diffStream, type EpochProved, type EpochPublished } from '@foldbook/protocol';
import {
  connectNats,
  createLogger,
  HealthFile,
  JetStreamStore,
  type Logger,
  SegmentStore,
  type StreamStore,
  type Subscription,
  type Transport,
} from '@foldbook/runtime';
import { type ProverMessage, publishEpochData, publishEpochProved } from './announcement.ts';
import { BullmqQueue, proofQueueName } from './bullmq-queue.ts';
import {
  builtCircuit,
  loadCircuits,
  loadFoldedCircuits,
  type ProvingCircuit,
} from './chain-context.ts';
import {
  ConfigError,
  type ProverConfig,
  parseConfig,
  starkParameters,
  withSecrets,
} from './config.ts';
import { COST_FILE, CostFile } from './cost-file.ts';
import { FoldPool } from './fold/fold-pool.ts';
import { InProcessQueue } from './in-process-queue.ts';
import { JobTurns, queueTurns } from './job-turns.ts';
import { MarketChains } from './market-chains.ts';
import { MarketRouting } from './market-routing.ts';
import { loadOperatorKey } from './operator-key.ts';
import { CommitPool } from './part-commits.ts';
import { serveOwed, serveProofs } from './proof-adapter.ts';
import { defaultWorkers, isForeign, ProofPool } from './proof-pool.ts';
import type { ProofQueue } from './proof-queue.ts';
import { messageOf } from './prover-error.ts';
import { ProverService } from './prover-service.ts';
import { Refusals } from './refusals.ts';
import { EpochRouter } from './router/epoch-router.ts';
import { StatusFile } from './status-file.ts';
import { untilStopped } from './until-stopped.ts';

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
  const { servers, user, pass, sync } = source;
  const transport = await connectNats({ servers, user, pass, name: `prover-${partition}` });
  transport.onStatus((status, detail) => {
    if (status === 'disconnected') logger.warn('broker disconnected', { detail });
    else if (status === 'connected') logger.info('broker is back', { detail });
    else logger.info(`broker ${status}`, { detail });
  });
  return { store: new JetStreamStore(transport, sync === undefined ? {} : { sync }), transport };
}

const workersOf = ({ workers }: ProverConfig): number => workers ?? defaultWorkers();

interface Routing {
  readonly routing: MarketRouting;
  readonly costs: CostFile;
}

async function openRouting(
  config: ProverConfig,
  dataDir: string,
  logger: Logger,
): Promise<Routing> {
  // With all workers elsewhere nobody here knows their number: costs are those of the first one.
  const maxWorkers = Math.max(1, workersOf(config));
  const router = new EpochRouter({ ...config.router, maxWorkers });
  const { book } = router;
  const costs = await CostFile.open({ path: join(dataDir, COST_FILE), book, logger });
  const workersElsewhere = config.redisUrl !== undefined;
  const routing = new MarketRouting({ router, logger, nowMs: Date.now, workersElsewhere });
  return { routing, costs };
}

interface Work {
  readonly pool: ProofPool;
  /** Folding stays in this process, also where other processes take the other proofs. */
  readonly folds: FoldPool;
  readonly queue: ProofQueue;
  /** At the queue's workers and at the threads of this process: the same without Redis. */
  readonly turns: JobTurns;
  readonly foldTurns: JobTurns;
}

/** Threads of both pools may be there; no more than `workers` are at work. */
function openWork(
  config: ProverConfig,
  routing: MarketRouting,
  refusals: Refusals,
  logger: Logger,
): Work {
  const { redisUrl } = config;
  const workers = workersOf(config);
  const folds = new FoldPool(Math.max(1, workers));
  if (redisUrl === undefined) {
    const pool = new ProofPool(workers);
    const queue = new InProcessQueue(pool);
    const turns = queueTurns(queue, routing);
    return { pool, folds, queue, turns, foldTurns: turns };
  }
  const foldTurns = new JobTurns({ places: () => Math.max(1, workers), urgency: routing });
  const pool = new ProofPool(workers, 'kernel', foldTurns);
  const queue = openQueue({ ...config, redisUrl }, pool, refusals, logger, () => turns.waiting);
  const turns = queueTurns(queue, routing);
  return { pool, folds, queue, turns, foldTurns };
}

function openQueue(
  { redisUrl, partition }: ProverConfig & { readonly redisUrl: string },
  pool: ProofPool,
  refusals: Refusals,
  logger: Logger,
  held: () => number,
): ProofQueue {
  const name = proofQueueName(partition);
  const maker = pool.concurrency === 0 ? undefined : pool;
  const onRefusal = (reason: string) => refusals.add(reason);
  const onError = (reason: string) => logger.warn('proof queue', { reason });
  const onCleared = (jobs: number) => logger.info('jobs of another release taken out', { jobs });
  const told = { onRefusal, onError, isForeign, onCleared };
  return new BullmqQueue({ redisUrl, name, maker, held, ...told });
}

function openStatus(
  { statusFile: path }: ProverConfig,
  pool: ProofPool,
  refusals: Refusals,
  service: ProverService,
  logger: Logger,
): StatusFile | undefined {
  if (path === undefined) return undefined;
  const facts = () => ({
    workers: pool.concurrency,
    rssBytes: memoryUsage.rss(),
    refusal: refusals.current(),
    markets: service.status(),
  });
  const onTrouble = (detail: string) => logger.warn('the status file', { detail });
  return new StatusFile({ path, name: 'prover', facts, onTrouble });
}

/** Where the operator gives no account proofs. */
const NONE_GIVEN = {
  name: 'NO_ACCOUNT_PROOF',
  detail: 'this operator gives no account proofs',
} as const;

/** Answers who asks the broker how far the proofs are, and what an account is owed. */
function openAnswers(
  { accountProofs }: ProverConfig,
  transport: Transport,
  service: ProverService,
): readonly Subscription[] {
  return [
    serveProofs(transport, (market, sequence) => service.proofOf(market, sequence)),
    serveOwed(transport, (market, account) => {
      const file = service.owedTo(market, account);
      return file === undefined || accountProofs ? file : NONE_GIVEN;
    }),
  ];
}

/** A parent that has gone needs no messages. */
function tellParent(message: ProverMessage): void {
  if (process.connected) process.send?.(message);
}

/**
 * None where no Poseidon chain begins: they need not be built then. A chain that began finds its
 * own (`findCircuit`).
 */
async function circuitsOf(config: ProverConfig): Promise<ProvingCircuit[]> {
  const { chains = 'stark', marketChains, circuits, backEnds } = config;
  if ([chains, ...Object.values(marketChains)].every((choice) => choice === 'stark')) return [];
  const folded = backEnds.includes('folding') ? await loadFoldedCircuits(circuits) : [];
  return [...loadCircuits(circuits), ...folded];
}

async function run(config: ProverConfig, logger: Logger): Promise<void> {
  const stopped = untilStopped();
  setPriority(config.nice);
  const circuits = await circuitsOf(config);
  const dataDir = resolve(config.dataDir);
  const keyFile = config.operatorKeyFile ?? join(dirname(dataDir), 'operator.key');
  const operator = await loadOperatorKey(keyFile);
  const { store, transport } = await openSource(config, logger);
  const refusals = new Refusals((reason) => logger.warn('job left to others', { reason }));
  const { routing, costs } = await openRouting(config, dataDir, logger);
  const { pool, folds, queue, turns, foldTurns } = openWork(config, routing, refusals, logger);
  const commits = new CommitPool();
  const onProved = (proved: EpochProved): void => {
    if (transport !== undefined) publishEpochProved(transport, proved);
    tellParent({ type: 'epoch-proved', ...proved });
  };
  const onPublished = (published: EpochPublished): void => {
    if (transport !== undefined) publishEpochData(transport, published);
  };
  const service = new ProverService({
    reader: store.reader(diffStream(config.partition)),
    queue,
    turns,
    circuits,
    chains: new MarketChains({
      ...{ chains: config.chains, byMarket: config.marketChains, storeDir: dataDir },
    }),
    stark: {
      commits,
      parameters: starkParameters(config),
      partRecords: config.stark.partRecords,
    },
    findCircuit: builtCircuit,
    folds,
    foldTurns,
    routing,
    operator,
    storeDir: dataDir,
    logger,
    maxEpochs: config.maxEpochs,
    aheadEpochs: config.aheadEpochs,
    treeBytes: config.treeMb === undefined ? undefined : config.treeMb * 2 ** 20,
    markets: config.markets,
    onPublished,
    onProved,
    onStatus: (status) => tellParent({ type: 'status', ...status }),
  });
  const answers = transport === undefined ? [] : openAnswers(config, transport, service);
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
  const status = openStatus(config, pool, refusals, service, logger);
  await stopped;
  health?.close();
  status?.close();
  for (const answer of answers) answer.unsubscribe();
  turns.close();
  foldTurns.close();
  const stopping = Promise.all([
    queue.close(),
    pool.close(),
    folds.close(),
    commits.close(),
    service.stop(),
    costs.close(),
  ])
    .then(() => store.close())
    .then(() => transport?.close())
    .then(() => logger.info('prover stopped'));
  // What is not done is done again at the next start: the store keeps whole epochs only.
  await Promise.race([stopping, delay(END_WITHIN_MS, undefined, { ref: false })]);
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
