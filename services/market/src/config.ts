/** Configuration of the market service: parsed once, in main.ts, against this schema. */
import { hostname } from 'node:os';
import { pid } from 'node:process';
import {
  cutNodeName,
  MAX_ACCOUNT,
  MAX_COMMANDS_PER_GROUP,
  MAX_COMMANDS_PER_MESSAGE,
  MAX_PARTITIONS,
} from '@foldbook/protocol';
import { z } from 'zod';

/** The system keeps the one above to itself. */
const MAX_UID = 2 ** 32 - 2;

export const natsSchema = z.object({
  kind: z.literal('nats'),
  servers: z.string().min(1),
  user: z.string().optional(),
  pass: z.string().optional(),
  /** Copies of each stream that the broker cluster keeps. */
  replicas: z.int().min(1).max(5).default(1),
  /**
   * The broker's `sync_interval`, which it tells nobody: clients are told of durability what stands
   * here.
   */
  sync: z
    .string()
    .regex(/^(always|\d{1,6}(ms|s|m|h))$/, '"always", or a duration such as "2m"')
    .optional(),
  /**
   * A process that was not heard of for so long loses the partition to one that waits for it, ms.
   * Shorter is sooner; a broker's own election must fit into it.
   */
  leaseMs: z.int().min(200).max(3_600_000).default(3_000),
});

const embeddedSchema = z.object({
  kind: z.literal('embedded'),
  /** Folder for the log, reports and diffs. */
  dir: z.string().min(1),
});

const volatileSchema = z.object({
  /** As embedded, but nothing is kept: for measurements of everything but the log. */
  kind: z.literal('volatile'),
});

const accountSchema = z.int().min(2).max(MAX_ACCOUNT);

const sharedMemorySchema = z.object({
  /** Of this market alone; `/dev/shm/foldbook-<name>`. Linux. */
  folder: z.string().startsWith('/'),
  /** One client of each, of the user named; of the market's own where there is a number alone. */
  accounts: z
    .array(
      z.union([
        accountSchema.transform((account) => ({ account, uid: undefined })),
        z.object({ account: accountSchema, uid: z.int().min(0).max(MAX_UID) }),
      ]),
    )
    .min(1)
    .max(1_024)
    .refine((all) => new Set(all.map(({ account }) => account)).size === all.length, {
      error: 'an account is named twice',
    }),
  /** Looks for messages at every turn, which takes a core whole; else so while there are some. */
  spin: z.boolean().default(false),
});

const rateSchema = z.object({
  perSec: z.int().min(1).max(100_000_000),
  /** How many may come at once after a pause. */
  burst: z.int().min(1).max(100_000_000),
});

/** While another process serves the partition. */
const standbySchema = z.object({
  /**
   * Executes what the other one has told, to go on from there at once. It takes the memory of an
   * owner, and cores of its own: see `cores` and `idle`. Otherwise it reads the log when it serves.
   */
  follow: z.boolean().default(true),
  /**
   * One on the same host that lives, but whose heart stands still, is taken over after this, ms;
   * one on another host when its lease has run out.
   */
  stallMs: z.int().min(50).max(3_600_000).default(1_000),
});

/** A start reads the newest checkpoint of each market, and only the log behind it. */
const snapshotsSchema = z.object({
  /** Folder of them, beside a broker's object store; absent: in that of an embedded log. */
  dir: z.string().min(1).optional(),
  /** Commands of a market after which it writes another one. */
  everyCommands: z.int().min(1).default(1_000_000),
});

/** Signed receipts for clients that ask; none are signed where this is absent. */
const receiptsSchema = z.object({
  /** Secret key of 64 hex digits, mode 0600; made if it is not there. */
  keyFile: z.string().min(1),
  /** The operator's certificate of it (`foldbook keys certify`); may come later. */
  certificateFile: z.string().min(1).optional(),
});

/** A second witness of what a broker's log holds, on a disk of this node's own. */
const journalSchema = z.object({
  /** Folder of it, of this node alone; a folder for each log is made in it. Nothing is removed. */
  dir: z.string().min(1),
  /** Where a new one begins: with the log, which is copied then, or with what comes next. */
  begin: z.enum(['log', 'now']).default('log'),
  /** Whether a group is executed and acknowledged before the journal has it, or only then. */
  sync: z.enum(['background', 'always']).default('background'),
  /** In the background: how long records are gathered before they are written and synced, ms. */
  everyMs: z.int().min(0).max(60_000).default(20),
  /** Length at which a file is followed by another one. */
  segmentMb: z.int().min(1).max(4_096).default(64),
  /** What may wait for the disk; beyond it the journal falls behind, and reads the log later. */
  maxQueuedMb: z.int().min(1).max(4_096).default(32),
  /** How many of the last records are compared with the log before a start. */
  compareRecords: z.int().min(1).max(1_000_000_000).default(4_096),
});

const wishSchema = z.enum(['try', 'off']).default('try');

/** What a host's thread wants of its memory; the log says what the system gave. */
const memorySchema = z.object({
  /** Never paged out; needs RLIMIT_MEMLOCK. */
  lock: wishSchema,
  hugePages: wishSchema,
  /** On the node of the host's core, where the machine has more than one. */
  numa: wishSchema,
  /** There before the first command, beyond what an empty host takes: about 110 bytes an order. */
  reserveMb: z.int().min(0).max(4_000).default(16),
});

const fieldsSchema = z.object({
  /** How many the venue has: the same for all of its nodes, for good. */
  partitions: z.int().min(1).max(MAX_PARTITIONS).default(1),
  partition: z
    .int()
    .min(0)
    .max(MAX_PARTITIONS - 1)
    .default(0),
  /** What the log and other nodes call this process. */
  node: z
    .string()
    .min(1)
    .default(() => `${hostname()}/${pid}`)
    .transform(cutNodeName),
  broker: z.discriminatedUnion('kind', [natsSchema, embeddedSchema, volatileSchema]),
  /** Clients on the same host, past the broker. */
  sharedMemory: sharedMemorySchema.optional(),
  /**
   * Threads that markets live on, each market on one; `inline`: one host, on the service's thread.
   * Absent: one for each of `cores`, or one; inline on a machine with one core, if nothing is asked
   * of the thread.
   */
  hosts: z.union([z.literal('inline'), z.int().min(1).max(64)]).optional(),
  /** Their cores; absent: the last ones it may use. */
  cores: z.array(z.int().min(0).max(4095)).min(1).max(64).optional(),
  idle: z.enum(['busy-spin', 'yield', 'park']).optional(),
  memory: memorySchema.prefault({}),
  /**
   * SCHED_FIFO priority of the hosts' threads. A host that does not park keeps everything else from
   * its core then, for good: only for cores that nothing else needs.
   */
  realtime: z.union([z.literal('off'), z.int().min(1).max(99)]).default('off'),
  /** Which host a new market goes to, in turns; with `load` busy markets move later on. */
  placement: z.enum(['round-robin', 'load']).default('round-robin'),
  /** Hosts of markets, by name, from 0: they stay there. */
  places: z.record(z.string(), z.int().min(0).max(63)).default({}),
  /** How long loads are measured before a market is moved, ms. */
  rebalanceMs: z.int().min(100).max(3_600_000).default(5_000),
  /** What a market may do at a time while others of its host wait; at least one group. */
  cycleRecords: z.int().min(1).max(1_000_000).default(4_096),
  cycleUs: z.int().min(1).max(1_000_000).default(500),
  /** Commands in a group; a group is never interrupted. */
  maxGroupCommands: z
    .int()
    .min(MAX_COMMANDS_PER_MESSAGE)
    .max(MAX_COMMANDS_PER_GROUP - 1)
    .default(4_096),
  maxPendingCommands: z.int().min(1_024).max(1_000_000).default(65_536),
  /** Of these, of one account: what it sends beyond that is answered BUSY. */
  maxPendingPerAccount: z.int().min(1_024).max(1_000_000).default(16_384),
  /** Of both, what only cancels may fill. */
  cancelReservePercent: z.int().min(0).max(50).default(10),
  /** A market whose oldest command has waited longer takes cancels only, ms. */
  maxLagMs: z.int().min(1).max(3_600_000).default(1_000),
  /** Commands of one account, and of one market; unlimited without. */
  accountRate: rateSchema.optional(),
  marketRate: rateSchema.optional(),
  /** After so many refusals within a second an account is not listened to for a while. */
  breakerRefusals: z.int().min(1).max(1_000_000).default(500),
  breakerRestMs: z.int().min(1).max(3_600_000).default(1_000),
  /** Markets that may be created; the memory of a kernel holds about twice as many. */
  maxMarkets: z.int().min(1).max(1_500).default(1_000),
  maxGroupsInFlight: z.int().min(1).max(64).default(8),
  /**
   * Where other processes read what the market tells, in /dev/shm; absent: none can. Linux. A file
   * of that name is replaced.
   */
  metricsFile: z.string().min(1).optional(),
  /** Touched every second while the process is well; for who watches it. See health-file.ts. */
  healthFile: z.string().min(1).optional(),
  /** Where profiles of its threads go, which SIGUSR2 begins and ends; absent: none are taken. */
  profileDir: z.string().min(1).optional(),
  snapshots: snapshotsSchema.prefault({}),
  receipts: receiptsSchema.optional(),
  standby: standbySchema.prefault({}),
  /** Beside a broker's log; none is kept without. */
  journal: journalSchema.optional(),
  /**
   * Settlement records after which an epoch closes, at the end of the group. The default is one
   * part of a STARK chain and leaves room for the group; a Poseidon chain asks for some hundreds.
   */
  epochRecords: z.int().min(1).max(1_000_000).default(50_000),
  /**
   * Age of an epoch's oldest record after which it closes, ms. A STARK of few records takes as many
   * bytes as one of thousands (some 300 KB): a market that hardly trades may give it a minute.
   */
  epochAgeMs: z.int().min(10).max(86_400_000).default(5_000),
});

export type MarketConfig = z.infer<typeof fieldsSchema>;

interface Contradiction {
  readonly path: string[];
  readonly message: string;
}

export const marketConfigSchema = fieldsSchema.superRefine((config, context) => {
  const ofHosts = config.hosts === 'inline' ? wrongWithInline(config) : wrongWithThreads(config);
  const wrong = [...ofHosts, ...wrongPlaces(config), ...wrongPartition(config)];
  for (const each of [...wrong, ...wrongJournal(config)]) {
    context.addIssue({ code: 'custom', ...each });
  }
});

/** What asks for threads of the hosts' own. */
const OF_THREADS = ['cores', 'idle', 'realtime'] as const;

const isAsked = (config: MarketConfig, name: (typeof OF_THREADS)[number]) =>
  name === 'realtime' ? config.realtime !== 'off' : config[name] !== undefined;

function wrongWithInline(config: MarketConfig): Contradiction[] {
  const message = 'is of a host with a thread of its own, and this one is inline: leave one away';
  return OF_THREADS.filter((name) => isAsked(config, name)).map((name) => ({
    path: [name],
    message,
  }));
}

function wrongWithThreads(config: MarketConfig): Contradiction[] {
  const { cores = [], idle } = config;
  const wrong: Contradiction[] = [];
  const count = hostCount(config);
  if (cores.length > 0 && cores.length !== count) {
    const message = `${count} hosts on ${cores.length} cores: name a core for each, or none`;
    wrong.push({ path: ['hosts'], message });
  }
  const shared = idle === 'busy-spin' ? sharedCore(cores) : undefined;
  if (shared !== undefined) wrong.push({ path: ['cores'], message: sharedCoreWords(shared) });
  return wrong;
}

function wrongPartition({ partition, partitions }: MarketConfig): Contradiction[] {
  if (partitions === 1 || partition < partitions) return [];
  const message = `there is no partition ${partition}: there are ${partitions}, from 0`;
  return [{ path: ['partition'], message }];
}

function wrongPlaces(config: MarketConfig): Contradiction[] {
  const count = hostCount(config);
  return Object.entries(config.places)
    .filter(([, host]) => host >= count)
    .map(([market, host]) => ({
      path: ['places', market],
      message: `there is no host ${host} for ${market}: there are ${count}, from 0`,
    }));
}

function wrongJournal({ journal, broker }: MarketConfig): Contradiction[] {
  if (journal === undefined || broker.kind === 'nats') return [];
  const message = 'is kept beside the log of a broker (nats): leave it away';
  return [{ path: ['journal'], message }];
}

/** The first core that is there twice. */
export function sharedCore(cores: readonly number[]): number | undefined {
  return cores.find((core, index) => cores.indexOf(core) !== index);
}

export const sharedCoreWords = (core: number) =>
  `two hosts that never rest would keep each other from core ${core}: ` +
  'let them yield or park (idle), or give each a core of its own';

export function hostCount({ hosts, cores }: MarketConfig): number {
  return hosts === 'inline' ? 1 : (hosts ?? cores?.length ?? 1);
}

/** @param usableCores - how many the process may use */
export function isInline(config: MarketConfig, usableCores: number): boolean {
  if (config.hosts !== undefined) return config.hosts === 'inline';
  return usableCores === 1 && !OF_THREADS.some((name) => isAsked(config, name));
}

export type JournalConfig = z.infer<typeof journalSchema>;

export type MemoryConfig = z.infer<typeof memorySchema>;
