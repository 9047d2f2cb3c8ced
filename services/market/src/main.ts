/** The market service as a process. `--config FILE` or `--config-json TEXT`; see config.ts. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createLogger, HealthFile, type Transport } from '@foldbook/runtime';
import { z } from 'zod';
import { type MarketConfig, marketConfigSchema } from './config.ts';
import type { MarketService, MarketServiceParts } from './market-service.ts';
import { NodeLink } from './node-link.ts';
import type { PartitionLease } from './partition-lease.ts';
import { Profiling } from './profiling.ts';
import { type Opened, openSurroundings } from './surroundings.ts';
import { takePartition } from './take-partition.ts';

const BAD_CONFIGURATION = 2;
const ENDED_AT_ONCE = 1;
/** How long an orderly end may take: without its broker the service can't finish anything, ms. */
const END_WITHIN_MS = 12_000;
const END_WITHOUT_BROKER_MS = 1_000;

let logger = createLogger({ service: 'market', level: 'info' });
const nodeLink = new NodeLink();

/** `-` is the standard input: what stands there is in no list of processes. */
const readConfigText = (path: string) => readFileSync(path === '-' ? 0 : path, 'utf8');

function readConfig(): MarketConfig {
  const { values } = parseArgs({
    options: { config: { type: 'string' }, 'config-json': { type: 'string' } },
  });
  const text =
    values['config-json'] ?? (values.config === undefined ? '{}' : readConfigText(values.config));
  const config = marketConfigSchema.parse(JSON.parse(text));
  // The one secret: from the environment, so that it stands in no file and no process list.
  const pass = process.env.FOLDBOOK_PASSWORD;
  if (config.broker.kind !== 'nats' || pass === undefined) return config;
  return { ...config, broker: { ...config.broker, pass } };
}

/**
 * SIGINT, SIGTERM, or the end of the process that forked this one: it must not outlive that. A
 * second signal ends it at once, as a crash would: the log has all that was acknowledged.
 */
function untilTold(): Promise<'told'> {
  return new Promise((resolve) => {
    const tell = () => resolve('told');
    nodeLink.told.then(tell);
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
  let config: MarketConfig;
  try {
    config = readConfig();
  } catch (error) {
    const detail = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    logger.error(`bad configuration: ${detail}; see services/market/src/config.ts`);
    return BAD_CONFIGURATION;
  }
  // The services of a node write into one log.
  const { partition, partitions } = config;
  if (partitions > 1) logger = createLogger({ service: `market.${partition}`, level: 'info' });
  const profiling = new Profiling({ dir: config.profileDir, logger });
  process.on('SIGUSR2', () => void profiling.toggle());
  const opening = openSurroundings(config, logger);
  const opened = await Promise.race([opening, told]);
  if (opened === 'told') return 0;
  const { surroundings, lease } = opened;
  const { transport } = surroundings;
  transport.onStatus((status, detail) => {
    if (status === 'disconnected') logger.warn('broker lost; trying to reach it again', { detail });
    else if (status === 'connected') logger.info('broker is back', { detail });
    else logger.info(`broker ${status}`, { detail });
  });
  const health = healthFile(config.healthFile, transport);
  const service = await Promise.race([serve(surroundings, lease), told]);
  if (service === 'told') {
    // The next one need not wait for it.
    await Promise.race([
      lease?.release(nodeLink.heir),
      delay(END_WITHOUT_BROKER_MS, undefined, { ref: false }),
    ]);
    return 0;
  }
  const end = await Promise.race([told, service.failed, ...(lease ? [lease.failed] : [])]);
  health?.close();
  if (end === 'told') return stop(opened, service);
  logger.error(`the market can't go on: ${end.message}`);
  return 1;
}

/** One that waits for its partition, or reads its log, is well, too. */
function healthFile(path: string | undefined, transport: Transport): HealthFile | undefined {
  if (path === undefined) return undefined;
  const isWell = () => transport.status() === 'connected';
  const onTrouble = (detail: string) => logger.warn('the health file', { detail });
  return new HealthFile({ path, isWell, onTrouble });
}

async function stop(
  { surroundings, lease, heartbeat }: Opened,
  service: MarketService,
): Promise<number> {
  const { transport, store } = surroundings;
  const isConnected = transport.status() === 'connected';
  const withinMs = isConnected ? END_WITHIN_MS : END_WITHOUT_BROKER_MS;
  const late = delay(withinMs, 'late' as const, { ref: false });
  const stopping = service
    .stop()
    .then(() => lease?.release(nodeLink.heir))
    .then(() => store.close())
    .then(() => transport.close());
  const end = await Promise.race([stopping, late]);
  heartbeat?.remove();
  if (end === 'late') {
    logger.warn('ended before all was written; the next start reads the log again', { withinMs });
    return 1;
  }
  logger.info('market service stopped');
  return 0;
}

/** Waits for the partition, if it is another process's, and serves it. */
async function serve(
  parts: MarketServiceParts,
  lease: PartitionLease | undefined,
): Promise<MarketService> {
  const service = await takePartition(parts, lease, () => {
    logger.info('waiting, ready to take over');
    nodeLink.now('waiting');
  });
  const { transport, store } = parts;
  logger.info('market service ready', {
    broker: transport.description,
    durability: store.durability,
    cores: service.cores.map((core) => core ?? 'not pinned'),
    recoveredGroups: service.recovered.groups,
    recoveredCommands: service.recovered.commands,
  });
  if (process.connected) process.send?.({ type: 'ready' });
  nodeLink.now('serving');
  return service;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    logger.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
