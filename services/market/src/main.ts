/** The market service as a process. `--config FILE` or `--config-json TEXT`; see config.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  connectNats,
  createLogger,
  DiskSnapshotStore,
  JetStreamStore,
  LeaseTable,
  MemoryBroker,
  MirroredSnapshotStore,
  NatsSnapshotStore,
  NatsTransport,
  openNatsLeases,
  processChannel,
  SegmentStore,
  type SnapshotStore,
  type StreamStore,
  systemClock,
  type Transport,
  VolatileStore,
} from '@foldbook/runtime';
import { z } from 'zod';
import { type MarketConfig, marketConfigSchema } from './config.ts';
import { type MarketService, startMarketService } from './market-service.ts';
import { PartitionLease } from './partition-lease.ts';
import { Profiling } from './profiling.ts';
import { loadReceiptKey } from './receipt-key.ts';

const BAD_CONFIGURATION = 2;
const ENDED_AT_ONCE = 1;
/** How long an orderly end may take: without its broker the service can't finish anything, ms. */
const END_WITHIN_MS = 12_000;
const END_WITHOUT_BROKER_MS = 1_000;

const logger = createLogger({ service: 'market', level: 'info' });

function readConfig(): MarketConfig {
  const { values } = parseArgs({
    options: { config: { type: 'string' }, 'config-json': { type: 'string' } },
  });
  const text =
    values['config-json'] ??
    (values.config === undefined ? '{}' : readFileSync(values.config, 'utf8'));
  const config = marketConfigSchema.parse(JSON.parse(text));
  // The one secret: from the environment, so that it stands in no file and no process list.
  const pass = process.env.FOLDBOOK_PASSWORD;
  if (config.broker.kind !== 'nats' || pass === undefined) return config;
  return { ...config, broker: { ...config.broker, pass } };
}

interface Connected {
  readonly transport: Transport;
  readonly store: StreamStore;
  /** Undefined where nobody else can have the partition. */
  readonly lease: PartitionLease | undefined;
}

async function connect(config: MarketConfig): Promise<Connected> {
  const { broker } = config;
  if (broker.kind === 'nats') {
    const nats = await connectNats({ ...broker, name: `market-${config.partition}` });
    const store = new JetStreamStore(nats, { replicas: broker.replicas });
    return { transport: nats, store, lease: await leaseOf(nats, config, broker) };
  }
  const hub = new MemoryBroker();
  const channel = processChannel();
  if (channel !== undefined) hub.serve(channel);
  const store =
    broker.kind === 'volatile' ? new VolatileStore() : new SegmentStore({ dir: broker.dir });
  return { transport: hub.connect(), store, lease: undefined };
}

async function leaseOf(
  nats: NatsTransport,
  { partition, node }: MarketConfig,
  { replicas, leaseMs }: { readonly replicas: number; readonly leaseMs: number },
): Promise<PartitionLease> {
  const requestTimeoutMs = Math.ceil(leaseMs / 4);
  const store = await openNatsLeases(nats, { replicas, requestTimeoutMs });
  const table = new LeaseTable({ store, node });
  return PartitionLease.acquire({ table, partition, leaseMs, logger });
}

/**
 * With a broker, in its object store, where the partition's next owner finds them, and in a folder
 * too if one is named; else in the folder of the log.
 */
async function openSnapshots(
  { broker, snapshots, partition }: MarketConfig,
  transport: Transport,
): Promise<SnapshotStore | undefined> {
  const own = broker.kind === 'embedded' ? join(broker.dir, 'snapshots') : undefined;
  const dir = snapshots.dir ?? own;
  const places: SnapshotStore[] = dir === undefined ? [] : [await DiskSnapshotStore.open(dir)];
  if (transport instanceof NatsTransport && broker.kind === 'nats') {
    const { replicas } = broker;
    const bucket = `SNAP_${partition}`;
    places.push(await NatsSnapshotStore.open(transport, { bucket, replicas, writer: 'market' }));
  }
  if (places.length < 2) return places[0];
  return new MirroredSnapshotStore(places, (detail) => logger.warn('a snapshot', { detail }));
}

/**
 * SIGINT, SIGTERM, or the end of the process that forked this one: it must not outlive that. A
 * second signal ends it at once, as a crash would: the log has all that was acknowledged.
 */
function untilTold(): Promise<'told'> {
  return new Promise((resolve) => {
    const tell = () => resolve('told');
    let signals = 0;
    const onSignal = (name: NodeJS.Signals) => {
      signals += 1;
      tell();
      if (signals > 1) {
        logger.warn(`told to end a second time (${name}): ended without finishing`);
        process.exit(ENDED_AT_ONCE);
      }
      logger.info(`told to end (${name}); a second time ends it at once`);
    };
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);
    if (process.send === undefined) return;
    process.once('disconnect', tell);
    // Nobody reads the log any more either.
    process.stderr.on('error', () => undefined);
    if (!process.connected) tell();
  });
}

async function main(): Promise<number> {
  const told = untilTold();
  const running = await Promise.race([start(), told]);
  if (typeof running === 'number') return running;
  if (running === 'told') return 0;
  const { service, store, transport, lease } = running;
  const end = await Promise.race([told, service.failed, ...(lease ? [lease.failed] : [])]);
  if (end !== 'told') {
    logger.error(`the market can't go on: ${end.message}`);
    return 1;
  }
  const isConnected = transport.status() === 'connected';
  const withinMs = isConnected ? END_WITHIN_MS : END_WITHOUT_BROKER_MS;
  const late = delay(withinMs, 'late' as const, { ref: false });
  const stopping = service
    .stop()
    .then(() => lease?.release())
    .then(() => store.close())
    .then(() => transport.close());
  if ((await Promise.race([stopping, late])) === 'late') {
    logger.warn('ended before all was written; the next start reads the log again', { withinMs });
    return 1;
  }
  logger.info('market service stopped');
  return 0;
}

interface Running {
  readonly service: MarketService;
  readonly store: StreamStore;
  readonly transport: Transport;
  readonly lease: PartitionLease | undefined;
}

/** A number is the exit status of a start that failed. */
async function start(): Promise<Running | number> {
  let config: MarketConfig;
  try {
    config = readConfig();
  } catch (error) {
    const detail = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    logger.error(`bad configuration: ${detail}; see services/market/src/config.ts`);
    return BAD_CONFIGURATION;
  }
  const profiling = new Profiling({ dir: config.profileDir, logger });
  process.on('SIGUSR2', () => void profiling.toggle());
  const { transport, store, lease } = await connect(config);
  const snapshots = await openSnapshots(config, transport);
  const receipts = await loadReceiptKey(config.receipts, logger);
  transport.onStatus((status, detail) => {
    if (status === 'disconnected') logger.warn('broker lost; trying to reach it again', { detail });
    else if (status === 'connected') logger.info('broker is back', { detail });
    else logger.info(`broker ${status}`, { detail });
  });
  const service = await startMarketService({
    config,
    transport,
    store,
    snapshots,
    receipts,
    clock: systemClock,
    logger,
  });
  logger.info('market service ready', {
    broker: transport.description,
    durability: store.durability,
    cores: service.cores.map((core) => core ?? 'not pinned'),
    recoveredGroups: service.recovered.groups,
    recoveredCommands: service.recovered.commands,
  });
  if (process.connected) process.send?.({ type: 'ready' });
  return { service, store, transport, lease };
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    logger.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
