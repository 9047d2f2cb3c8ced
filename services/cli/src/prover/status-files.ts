/** What the provers of a node say that they are at, every second. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '@foldbook/runtime';
import { UsageError } from '../cli-error.ts';
import { fileTrouble } from '../file-trouble.ts';

export type StatusName = 'prover' | 'prover-supervisor';

export function statusFileOf(dataDir: string, name: StatusName): string {
  return join(dataDir, 'status', `${name}.json`);
}

interface Told {
  readonly owner: Parameters<typeof isAlive>[0];
  readonly atMs: number;
}

export interface ProverFacts extends Told {
  /** Threads of the prover's own process. */
  readonly workers: number;
  readonly rssBytes: number;
  /** Why it leaves jobs to other workers, if it does. */
  readonly refusal: string | null;
  readonly markets: readonly MarketFacts[];
}

/** Of the chain that is announced. */
export interface MarketFacts extends ChainFacts {
  /** Where it has two: the other one. */
  readonly secondChain?: ChainFacts;
}

export interface ChainFacts {
  readonly market: string;
  readonly chain: 'stark' | 'poseidon';
  readonly epochsClosed: number;
  readonly epochsProved: number;
  readonly epochsBacklog: number;
  readonly recordsBacklog: number;
  readonly treePages: number;
  readonly treeHitRate: number | null;
  /** Of a STARK chain a part's. */
  readonly msPerBatch: number | null;
  readonly msPerAccountProof: number | null;
  readonly setAside: readonly {
    readonly epoch: number;
    readonly part: string;
    readonly reason: string;
  }[];
  readonly choice?: { readonly epoch: number; readonly proofs: string; readonly reason: string };
  readonly stopped?: string;
}

export interface SupervisorFacts extends Told {
  readonly min: number;
  readonly max: number;
  /** Not before its first look at the queue. */
  readonly workers?: readonly { readonly pid: number; readonly core: number | null }[];
  readonly wanted?: number;
  readonly reason?: string;
  readonly backlog?: number | null;
  readonly rssBytes?: number;
  readonly started?: number;
  readonly ended?: number;
  readonly failed?: number;
  /** Why its workers leave jobs to others, if they do. */
  readonly refusal?: string | null;
}

/** They write every second; one that did not for so long does not get to it. */
const STALE_MS = 5_000;

/** How long ago a process told, ms; not below 0, also where the clock was set back. */
export const ageOf = ({ atMs }: Told, nowMs: number): number => Math.max(0, nowMs - atMs);

export const isStale = (facts: Told, nowMs: number): boolean => ageOf(facts, nowMs) > STALE_MS;

/**
 * Undefined where the process does not run, or did not tell yet.
 * @throws UsageError for a file that can't be read
 */
export function readStatus<Facts extends Told>(path: string): Facts | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new UsageError(`${path} can't be read: ${fileTrouble(error)}`);
  }
  try {
    // Written whole, by a process of this release that runs.
    const facts = JSON.parse(text) as Facts;
    return isAlive(facts.owner) ? facts : undefined;
  } catch {
    throw new UsageError(`${path} is no status of a prover: remove it`);
  }
}
