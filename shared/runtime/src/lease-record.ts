/** What a lease's key holds: JSON, so that people can read it with the broker's own tools. */
import { LeaseError } from './lease-store.ts';
import { type ProcessIdentity, parseIdentity } from './process-identity.ts';

/** Who holds a lease. */
export interface LeaseHolder {
  /** For people, from the configuration. */
  readonly node: string;
  /** Of one table of one process: no other has it, nor has the same node's next process. */
  readonly instance: string;
  /** The kernel and its process ids: see `hostIdentity`; empty where that is not known. */
  readonly host: string;
  readonly process: ProcessIdentity;
  /** What others should know of it: addresses, versions. */
  readonly facts: Readonly<Record<string, string>>;
}

export interface LeaseRecord {
  /** Number of the ownership: each holder's is higher than that of the one before. */
  readonly term: number;
  readonly isHeld: boolean;
  /** Without a renewal for so long others may take it, by their own clocks. */
  readonly leaseMs: number;
  readonly holder: LeaseHolder;
  /** Of one that was given up: the node that it was given up for. Others let it go first. */
  readonly heir?: string | undefined;
}

const VERSION = 1;
/** What is longer was not meant so: a lease that nobody may take for days is no lease. */
export const MAX_LEASE_MS = 3_600_000;

export function encodeLease({ term, isHeld, leaseMs, holder, heir }: LeaseRecord): string {
  const { node, instance, host, process, facts } = holder;
  const fields = { version: VERSION, term, isHeld, leaseMs, node, instance, host, process, facts };
  return JSON.stringify(heir === undefined ? fields : { ...fields, heir });
}

/** Undefined for an entry that holds nothing. Throws LeaseError DAMAGED. */
export function parseLease(
  key: string,
  value: string | undefined,
  where: string,
): LeaseRecord | undefined {
  if (value === undefined) return undefined;
  const record = recordOf(value);
  if (record !== undefined) return record;
  throw new LeaseError(
    'DAMAGED',
    `${key} of ${where} holds no lease that this version knows: ${value.slice(0, 100)}; ` +
      'make sure that no node runs with it, then delete the key',
  );
}

function recordOf(value: string): LeaseRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null) return undefined;
  const fields = json as Partial<Record<string, unknown>>;
  const { version, term, isHeld, leaseMs, node, instance, host, facts, heir } = fields;
  const identity = parseIdentity(fields.process);
  if (version !== VERSION || identity === undefined || typeof isHeld !== 'boolean') {
    return undefined;
  }
  if (!isCount(term, Number.MAX_SAFE_INTEGER) || !isCount(leaseMs, MAX_LEASE_MS)) return undefined;
  const names = [node, instance, host];
  if (!names.every((name) => typeof name === 'string') || !isFacts(facts)) return undefined;
  const [nodeName = '', instanceName = '', hostName = ''] = names;
  const holder = {
    node: nodeName,
    instance: instanceName,
    host: hostName,
    process: identity,
    facts,
  };
  return { term, isHeld, leaseMs, holder, ...(typeof heir === 'string' ? { heir } : {}) };
}

const isCount = (value: unknown, most: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= most;

const isFacts = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((fact) => typeof fact === 'string');
