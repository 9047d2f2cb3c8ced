// SPDX-License-Identifier: GPL-3.0-or-later
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { circuitNames, defaultCircuits } from '@foldbook/circuits';
import { isMarketName } from '@foldbook/protocol';
import {
  DEFAULT_PARAMETERS,
  MAX_PART_RECORDS,
  type ProofParameters,
  SMALL_PROOF_PARAMETERS,
} from '@foldbook/stark/verify';
import { z } from 'zod';
import { CHAIN_CHOICES } from './market-chains.ts';
import { routerSchema } from './router/settings.ts';

const serverList = z.union([z.string().min(1), z.array(z.string().min(1)).nonempty()]);

const ROLES = ['batch-', 'accounts-'] as const;

/** redis://[user:password@]host:port[/db] */
export const redisUrlSchema = z.url({ protocol: /^rediss?$/ });

/** Proving takes all it can get: on a machine that a market shares, matching comes first. */
export const niceSchema = z.int().min(0).max(19).default(19);

/** By the blowup of a part's columns: fewer queries would give less than 100 bits (SPEC 10). */
const LEAST_QUERIES = { 4: 92, 8: 61 } as const;
const PARAMETERS = { 4: DEFAULT_PARAMETERS, 8: SMALL_PROOF_PARAMETERS } as const;
const MAX_QUERIES = 255;

/** How the STARK chain of a new market is proved; a chain goes on as it began, but for parts. */
const starkSchema = z
  .strictObject({
    /** 8 makes proofs smaller, and takes longer. */
    blowup: z.literal([4, 8]).default(4),
    /** Default: 92 at blowup 4, 62 at 8. */
    queries: z.int().max(MAX_QUERIES).optional(),
    /** Records of a part at most; memory and time of a worker grow with it. */
    partRecords: z.int().min(1).max(MAX_PART_RECORDS).default(65_536),
  })
  .superRefine(({ blowup, queries }, context) => {
    const least = LEAST_QUERIES[blowup];
    if (queries === undefined || queries >= least) return;
    const message = `at blowup ${blowup} at least ${least}, for 100 bits of security`;
    context.addIssue({ code: 'custom', path: ['queries'], message });
  });

const configSchema = z
  .strictObject({
    partition: z.int().nonnegative().default(0),
    /** Holds a proof store a market: <dataDir>/<market>/genesis.fbg and so on. */
    dataDir: z.string().min(1),
    source: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('segment'), dir: z.string().min(1) }),
      z.strictObject({
        kind: z.literal('jetstream'),
        servers: serverList,
        user: z.string().optional(),
        pass: z.string().optional(),
        /** The broker's `sync_interval`, which it tells nobody; only for what the log says. */
        sync: z.string().optional(),
      }),
    ]),
    /** Without it jobs stay in this process. */
    redisUrl: redisUrlSchema.optional(),
    /** Threads that prove in this process; 0: other processes take the jobs from Redis. */
    workers: z.int().min(0).max(256).optional(),
    nice: niceSchema,
    /**
     * Which chains a market has. Both show the same records: the STARK chain is the faster by far
     * and needs no keys, the Poseidon chain has proofs of 128 bytes, which bind what an account is
     * owed. With both, the STARK chain's epochs are announced. Default: a market goes on as it
     * began, and a new one has the STARK chain.
     */
    chains: z.enum(CHAIN_CHOICES).optional(),
    /** Of markets, by name, that are to have others. */
    marketChains: z
      .record(z.string().refine(isMarketName, 'no market name'), z.enum(CHAIN_CHOICES))
      .default({}),
    stark: starkSchema.prefault({}),
    /** What a new Poseidon chain accepts: of batches and of accounts one or more each. */
    circuits: z
      .array(z.enum(circuitNames))
      .refine((names) => new Set(names).size === names.length, 'a circuit is named twice')
      .refine(
        (names) => ROLES.every((role) => names.some((name) => name.startsWith(role))),
        'name a circuit of batches and one of accounts',
      )
      .default([...defaultCircuits]),
    /**
     * How the proofs of a new market's circuits may be made. Groth16 is always among them; which
     * one an epoch gets the router chooses.
     */
    backEnds: z
      .array(z.enum(['groth16', 'folding']))
      .refine((names) => names.includes('groth16'), 'a chain has Groth16 keys: name groth16')
      .default(['groth16']),
    /** Of each market's account tree, what may be in memory, MiB; the rest is in a file. */
    treeMb: z.int().min(1).max(65_536).optional(),
    /** Epochs of a market that are proved at a time. */
    aheadEpochs: z.int().min(1).max(1_024).optional(),
    /** Default: operator.key beside `dataDir`, not in it, because stores are handed out. */
    operatorKeyFile: z.string().min(1).optional(),
    /** Proves these alone; default: every market of the partition. */
    markets: z
      .array(z.string().refine(isMarketName, 'no market name'))
      .min(1, 'name a market, or leave it away for all')
      .optional(),
    /** Whether who asks is given a proof of what an account is owed; the broker says who may. */
    accountProofs: z.boolean().default(true),
    /** Touched every second while the process is well; for who watches it. */
    healthFile: z.string().min(1).optional(),
    /** What the process is at, written every second; see status-file.ts. */
    statusFile: z.string().min(1).optional(),
    /** How proofs are chosen; see router/settings.ts. */
    router: routerSchema.prefault({}),
    /** Stops each market after this many epochs in its store. */
    maxEpochs: z.int().min(1).optional(),
  })
  .refine(({ workers, redisUrl }) => workers !== 0 || redisUrl !== undefined, {
    path: ['workers'],
    error: 'none in this process, and no redisUrl for those elsewhere',
  });

export const workerConfigSchema = z.strictObject({
  partition: z.int().nonnegative().default(0),
  redisUrl: redisUrlSchema,
  /** Proofs at a time. */
  workers: z.int().min(1).max(256).default(1),
  nice: niceSchema,
  /** A job goes to another worker when this one was not heard of for so long, ms. */
  lockMs: z.int().min(1_000).optional(),
  /** Touched every second while the process is well; for who watches it. */
  healthFile: z.string().min(1).optional(),
});

export type ProverConfig = z.infer<typeof configSchema>;

/** Of new STARK chains. */
export function starkParameters({ stark }: Pick<ProverConfig, 'stark'>): ProofParameters {
  const { blowup, queries } = stark;
  const parameters = PARAMETERS[blowup];
  return { ...parameters, queries: queries ?? parameters.queries };
}

/** Bad usage or a bad configuration: one line says what, where and how to mend. Exit code 2. */
export class ConfigError extends Error {}

export const USAGE = 'usage: main.ts --config FILE (- for the standard input) | --config-json TEXT';

export function parseConfig(args: readonly string[]): ProverConfig {
  return parseAs(configSchema, args);
}

/** @throws ConfigError. Never quotes values: some are passwords. */
export function parseAs<T>(schema: z.ZodType<T>, args: readonly string[]): T {
  const { text, where } = configText(args);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ConfigError(`${where}: not JSON; mend its syntax`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ConfigError(`${where}: ${parsed.error.issues.map(issueWords).join('; ')}`);
}

/** Of a name in a record zod says only that it is none; why, its own issues say. */
function issueWords(issue: z.core.$ZodIssue): string {
  const { path, message } = issue;
  const why = issue.code === 'invalid_key' ? issue.issues.map((one) => one.message) : [];
  const words = why.length > 0 ? why.join(', ') : message;
  return path.length > 0 ? `${path.join('.')}: ${words}` : words;
}

/** Passwords that came from the environment rather than stand in a file or a process list. */
export interface Secrets {
  readonly brokerPassword?: string | undefined;
  readonly redisPassword?: string | undefined;
}

/** The configuration with the secrets where they belong; those it has already give way. */
export function withSecrets(config: ProverConfig, secrets: Secrets): ProverConfig {
  const { source, redisUrl } = config;
  const { brokerPassword, redisPassword } = secrets;
  const isSecured = source.kind === 'jetstream' && brokerPassword !== undefined;
  return {
    ...config,
    source: isSecured ? { ...source, pass: brokerPassword } : source,
    redisUrl: redisUrl === undefined ? undefined : withPassword(redisUrl, redisPassword),
  };
}

export function withPassword(url: string, password: string | undefined): string {
  if (password === undefined) return url;
  const secured = new URL(url);
  // Setting it encodes what no URL may hold, and would leave a percent sign as it is.
  secured.password = encodeURIComponent(password);
  return secured.href;
}

/** The address as process lists may show it, and its password for the environment. */
export function withoutSecret(url: string): {
  readonly url: string;
  readonly password: string | undefined;
} {
  const open = new URL(url);
  const password = open.password === '' ? undefined : decodeURIComponent(open.password);
  open.password = '';
  return { url: open.href, password };
}

function configText(args: readonly string[]): { text: string; where: string } {
  const options = { config: { type: 'string' }, 'config-json': { type: 'string' } } as const;
  let values: { config?: string | undefined; 'config-json'?: string | undefined };
  try {
    values = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new ConfigError(`${error instanceof Error ? error.message : error}; ${USAGE}`);
  }
  const { config: file, 'config-json': text } = values;
  if (text !== undefined && file === undefined) return { text, where: '--config-json' };
  if (file === undefined || text !== undefined) throw new ConfigError(USAGE);
  try {
    // The standard input: what stands there is in no list of processes.
    if (file === '-') return { text: readFileSync(0, 'utf8'), where: 'standard input' };
    return { text: readFileSync(file, 'utf8'), where: resolve(file) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`cannot read the configuration: ${reason}; ${USAGE}`);
  }
}
