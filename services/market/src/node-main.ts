/** A node as a process. `--config FILE` or `--config-json TEXT`; see node-config.ts. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  connectNats,
  createLogger,
  HealthFile,
  JetStreamStore,
  openNatsLeases,
  systemClock,
  systemTimers,
} from '@foldbook/runtime';
import { z } from 'zod';
import { type NodeConfig, nodeConfigSchema } from './node-config.ts';
import { NodeSupervisor } from './node-supervisor.ts';
import { agreeOnVenue } from './venue.ts';

const BAD_CONFIGURATION = 2;

const logger = createLogger({ service: 'node', level: 'info' });

/** `-` is the standard input: what stands there is in no list of processes. */
const readConfigText = (path: string) => readFileSync(path === '-' ? 0 : path, 'utf8');

function readConfig(): NodeConfig {
  const { values } = parseArgs({
    options: { config: { type: 'string' }, 'config-json': { type: 'string' } },
  });
  const text =
    values['config-json'] ?? (values.config === undefined ? '{}' : readConfigText(values.config));
  const config = nodeConfigSchema.parse(JSON.parse(text));
  // The one secret: from the environment, which the services inherit.
  const pass = process.env.FOLDBOOK_PASSWORD;
  return pass === undefined ? config : { ...config, broker: { ...config.broker, pass } };
}

/** SIGINT, SIGTERM, or the end of the process that forked this one; the second ends it at once. */
function untilTold(): Promise<'told'> {
  return new Promise((resolve) => {
    let signals = 0;
    const onSignal = (name: NodeJS.Signals) => {
      signals += 1;
      if (signals > 1) process.exit(1);
      logger.info(`told to end (${name}); a second time ends it at once`);
      resolve('told');
    };
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);
    if (process.send === undefined) return;
    process.once('disconnect', () => resolve('told'));
    process.stderr.on('error', () => undefined);
    if (!process.connected) resolve('told');
  });
}

async function start(config: NodeConfig) {
  const { broker, node, partitions } = config;
  const transport = await connectNats({ ...broker, name: `node-${node}` });
  const requestTimeoutMs = Math.ceil(broker.leaseMs / 4);
  const { replicas } = broker;
  const leases = await openNatsLeases(transport, { replicas, requestTimeoutMs });
  const venue = await agreeOnVenue(leases, partitions, systemClock);
  const streams = new JetStreamStore(transport, { replicas });
  const parts = { config, transport, leases, streams, timers: systemTimers, logger };
  const supervisor = await NodeSupervisor.start(parts);
  const path = config.healthFile;
  const isWell = () => transport.status() === 'connected';
  const onTrouble = (detail: string) => logger.warn('the health file', { detail });
  const health = path === undefined ? undefined : new HealthFile({ path, isWell, onTrouble });
  logger.info('node ready', { node, broker: transport.description, ...venue });
  if (process.connected) process.send?.({ type: 'ready' });
  return { supervisor, transport, streams, health };
}

async function main(): Promise<number> {
  const told = untilTold();
  let config: NodeConfig;
  try {
    config = readConfig();
  } catch (error) {
    const detail = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    logger.error(`bad configuration: ${detail}; see services/market/src/node-config.ts`);
    return BAD_CONFIGURATION;
  }
  const running = await Promise.race([start(config), told]);
  if (running === 'told') return 0;
  const { supervisor, streams, transport, health } = running;
  const end = await Promise.race([told, supervisor.failed]);
  if (end !== 'told') logger.error(`the node can't go on: ${end.message}`);
  health?.close();
  await supervisor.stop();
  await streams.close();
  await transport.close();
  logger.info('node stopped');
  return end === 'told' ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    logger.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
