/** The market service as a process. `--config FILE` or `--config-json TEXT`; see config.ts. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  connectNats,
  createLogger,
  JetStreamStore,
  MemoryBroker,
  processChannel,
  SegmentStore,
  type StreamStore,
  systemClock,
  type Transport,
} from '@foldbook/runtime';
import { z } from 'zod';
import { type MarketConfig, marketConfigSchema } from './config.ts';
import { startMarketService } from './market-service.ts';

const BAD_CONFIGURATION = 2;

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

async function connect(
  config: MarketConfig,
): Promise<{ transport: Transport; store: StreamStore }> {
  const { broker } = config;
  if (broker.kind === 'nats') {
    const nats = await connectNats({ ...broker, name: `market-${config.partition}` });
    const store = new JetStreamStore(nats, { replicas: broker.replicas });
    return { transport: nats, store };
  }
  const hub = new MemoryBroker();
  const channel = processChannel();
  if (channel !== undefined) hub.serve(channel);
  return { transport: hub.connect(), store: new SegmentStore({ dir: broker.dir }) };
}

async function main(): Promise<number> {
  let config: MarketConfig;
  try {
    config = readConfig();
  } catch (error) {
    const detail = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    logger.error(`bad configuration: ${detail}; see services/market/src/config.ts`);
    return BAD_CONFIGURATION;
  }
  const { transport, store } = await connect(config);
  transport.onStatus((status, detail) => {
    if (status === 'disconnected') logger.warn('broker lost; trying to reach it again', { detail });
    else logger.info(`broker ${status}`, { detail });
  });
  const service = await startMarketService({
    config,
    transport,
    store,
    clock: systemClock,
    logger,
  });
  logger.info('market service ready', {
    broker: transport.description,
    durability: store.durability,
    core: service.core ?? 'not pinned',
    recoveredGroups: service.recovered.groups,
    recoveredCommands: service.recovered.commands,
  });
  process.send?.({ type: 'ready' });
  const signal = Promise.withResolvers<'signal'>();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => signal.resolve('signal'));
  }
  const end = await Promise.race([signal.promise, service.failed]);
  if (end !== 'signal') {
    logger.error(`the market can't go on: ${end.message}`);
    return 1;
  }
  await service.stop();
  await store.close();
  await transport.close();
  logger.info('market service stopped');
  return 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    logger.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
