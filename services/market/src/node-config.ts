/** Configuration of a node: parsed once, in node-main.ts, against this schema. */
import { hostname } from 'node:os';
import { MAX_PARTITIONS } from '@foldbook/protocol';
import { z } from 'zod';
import { marketConfigSchema, natsSchema } from './config.ts';
import { NODE_NAME } from './node-view.ts';

const rebalanceSchema = z.object({
  /** Loads that are closer than this part of a core are alike; see node-balance.ts. */
  margin: z.number().min(0.01).max(64).default(0.15),
  /** How long they have to be apart before a partition moves, ms. */
  afterMs: z.int().min(100).max(3_600_000).default(10_000),
  /** A partition that moved stays for so long, ms. */
  restMs: z.int().min(0).max(86_400_000).default(60_000),
});

const fieldsSchema = z.object({
  /** Its name, which no other node of the venue has. */
  node: z
    .string()
    .regex(NODE_NAME, '1 to 40 letters, digits, "-" and "_"')
    .default(() =>
      hostname()
        .replaceAll(/[^A-Za-z0-9_-]/g, '-')
        .slice(0, 40),
    ),
  /** Of the venue: the same for all of its nodes, for good. */
  partitions: z.int().min(1).max(MAX_PARTITIONS).default(1),
  broker: natsSchema.omit({ kind: true }),
  /** How much of the venue's load it shall have, compared with other nodes. */
  capacity: z.number().min(0.01).max(1_024).default(1),
  /** Processes on other nodes that wait for each partition, to take it over. */
  standbys: z.int().min(0).max(8).default(0),
  /** How long a node waits at its start for others that start with it, ms. */
  settleMs: z.int().min(0).max(60_000).default(1_000),
  /** A move that was not made in so long is given up, ms. */
  moveWithinMs: z.int().min(1_000).max(3_600_000).default(30_000),
  /** Touched every second while the node is well; for who watches it. See health-file.ts. */
  healthFile: z.string().min(1).optional(),
  rebalance: z.union([z.literal('off'), rebalanceSchema]).prefault({}),
  /** Of each partition's service: see config.ts. One thread each, unless it says otherwise. */
  market: z.record(z.string(), z.unknown()).default({}),
});

export type NodeConfig = z.infer<typeof fieldsSchema>;

/** The node itself says these, or can't have them once for each partition. */
const NOT_FOR_ALL = [
  ...['partition', 'partitions', 'node', 'broker'],
  ...['metricsFile', 'healthFile', 'sharedMemory'],
];

export const nodeConfigSchema = fieldsSchema.superRefine((config, context) => {
  for (const name of NOT_FOR_ALL.filter((name) => Object.hasOwn(config.market, name))) {
    const message = 'is not for the services of a node together: leave it away';
    context.addIssue({ code: 'custom', path: ['market', name], message });
  }
  const parsed = marketConfigSchema.safeParse(serviceConfig(config, 0));
  for (const { path, message } of parsed.error?.issues ?? []) {
    context.addIssue({ code: 'custom', path: ['market', ...path], message });
  }
});

/** What the service of a partition is started with: without the password, which it inherits. */
export function serviceConfig(config: NodeConfig, partition: number): Record<string, unknown> {
  const { node, partitions, market } = config;
  const { pass: _, ...broker } = config.broker;
  const threads = 'hosts' in market || 'cores' in market ? {} : { hosts: 'inline' };
  return {
    ...{ ...threads, ...market, node, partition, partitions },
    broker: { kind: 'nats', ...broker },
  };
}
