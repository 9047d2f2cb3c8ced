/**
 * A process's sign of life for others on its host: a word in shared memory that it counts up as it
 * works, and that stands still when it does not. Linux; elsewhere there is none to see.
 */
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, readdirSync, rmSync } from 'node:fs';
import { platform } from 'node:process';
import type { Agent } from './agent.ts';
import type { LeaseHolder } from './lease-record.ts';
import { createKeptFile, type MappedFile, MappedFileError, mapFile } from './mapped-file.ts';
import { hostIdentity, isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts';
import { systemTimers, type Timers } from './timers.ts';

const FOLDER = '/dev/shm';
const BYTES = 64;
/** What a lease's facts call the file. */
export const HEARTBEAT_FACT = 'heartbeat';
const NAME = /^\/dev\/shm\/foldbook-heartbeat-[0-9a-z-]+$/;
/** Whose it is: the space of process ids, the process, and when that started. */
const OWNED = /^foldbook-heartbeat-([0-9a-f]{12})-(\d+)-(\d*)-[0-9a-f-]+$/;
const NS_PER_MS = 1e6;

/** Beats whenever it has its turn. Starts over as "says nothing" when it is closed. */
export class Heartbeat implements Agent {
  readonly roleName = 'heartbeat';
  /** What a holder of leases tells of itself; empty where there is no shared memory. */
  readonly facts: Readonly<Record<string, string>>;
  readonly #word: Int32Array | undefined;
  readonly #remove: () => void;

  constructor() {
    const space = createHash('sha256').update(hostIdentity()).digest('hex').slice(0, 12);
    const { pid, started } = ownIdentity();
    const path = `${FOLDER}/foldbook-heartbeat-${space}-${pid}-${started}-${randomUUID()}`;
    if (platform === 'linux') removeAbandoned(space);
    const file = platform === 'linux' ? createdFile(path) : undefined;
    this.facts = file === undefined ? {} : { [HEARTBEAT_FACT]: path };
    this.#word = file && new Int32Array(file.buffer, 0, 1);
    this.#remove = () => rmSync(path, { force: true });
    process.once('exit', this.#remove);
  }

  doWork(): number {
    const word = this.#word;
    if (word === undefined) return 0;
    // 0 says nothing.
    const next = (Atomics.load(word, 0) + 1) | 0;
    Atomics.store(word, 0, next === 0 ? 1 : next);
    return 0;
  }

  /** From now on it says nothing; whether the process lives is all that can be seen. */
  onClose(): void {
    if (this.#word !== undefined) Atomics.store(this.#word, 0, 0);
  }

  /** Takes the file away, as the end of the process does. */
  remove(): void {
    process.off('exit', this.#remove);
    this.#remove();
  }
}

/** What processes left that were killed. */
function removeAbandoned(space: string): void {
  for (const name of readdirSync(FOLDER)) {
    const [, of, pid, started = ''] = OWNED.exec(name) ?? [];
    if (of !== space || isAlive({ pid: Number(pid), started })) continue;
    removeQuietly(`${FOLDER}/${name}`);
  }
}

/** Undefined where the system has no room for it: then only the process can be looked for. */
function createdFile(path: string): MappedFile | undefined {
  try {
    const { descriptor, ...mapped } = createKeptFile(path, BYTES);
    closeSync(descriptor);
    return mapped;
  } catch (error) {
    if (error instanceof MappedFileError || isSystemError(error)) return undefined;
    throw error;
  }
}

const isSystemError = (error: unknown) =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string';

/** A holder's word, as long as it is looked at. */
export interface SeenWord {
  readonly word: Int32Array;
  /** Takes away what a holder that ended left behind. */
  close(): void;
}

/** What processes of a host can see of each other. */
export interface HostView {
  /** As leases name it; empty where that is not known. */
  readonly identity: string;
  isAlive(process: ProcessIdentity): boolean;
  /** Undefined for a holder that shows nothing, or not to this process. */
  open(holder: LeaseHolder): SeenWord | undefined;
}

export interface HeartbeatWatchOptions {
  /** A holder that lives, and whose heart has stood still for so long, counts as gone, ms. */
  readonly stallMs: number;
  readonly timers?: Pick<Timers, 'monotonicNs'> | undefined;
  /** Default: this one, as its system shows it. */
  readonly host?: HostView | undefined;
}

/** After so long without a beat the process is looked for, ms: less than that is a busy host. */
const QUIET_MS = 3;
const MOST_BETWEEN_LOOKS_MS = 10;

/** Whether holders of leases on this host are gone, or stand still. */
export class HeartbeatWatch {
  readonly #stallNs: number;
  readonly #timers: Pick<Timers, 'monotonicNs'>;
  readonly #host: HostView;
  #seen: Seen | undefined;

  constructor({ stallMs, timers = systemTimers, host = systemHost() }: HeartbeatWatchOptions) {
    this.#stallNs = stallMs * NS_PER_MS;
    this.#timers = timers;
    this.#host = host;
  }

  /** To be asked again and again; what is on other hosts is never gone. */
  isGone(holder: LeaseHolder): boolean {
    if (holder.host === '' || holder.host !== this.#host.identity) return false;
    if (this.#seen?.instance !== holder.instance) {
      this.close();
      this.#seen = this.#look(holder);
    }
    const word = this.#seen.shown?.word;
    if (word === undefined) return !this.#host.isAlive(holder.process);
    const nowNs = this.#timers.monotonicNs();
    const beat = Atomics.load(word, 0);
    // No look counts for much: where all of the host stood still, this process did too.
    const sinceLookNs = Math.min(nowNs - this.#seen.lookedNs, MOST_BETWEEN_LOOKS_MS * NS_PER_MS);
    this.#seen.lookedNs = nowNs;
    this.#seen.stillNs = beat === this.#seen.beat ? this.#seen.stillNs + sinceLookNs : 0;
    this.#seen.beat = beat;
    if (this.#seen.stillNs < QUIET_MS * NS_PER_MS) return false;
    return (
      !this.#host.isAlive(holder.process) || (beat !== 0 && this.#seen.stillNs >= this.#stallNs)
    );
  }

  close(): void {
    this.#seen?.shown?.close();
    this.#seen = undefined;
  }

  #look(holder: LeaseHolder): Seen {
    const shown = this.#host.open(holder);
    const beat = shown === undefined ? 0 : Atomics.load(shown.word, 0);
    const lookedNs = this.#timers.monotonicNs();
    return { instance: holder.instance, shown, beat, stillNs: 0, lookedNs };
  }
}

interface Seen {
  readonly instance: string;
  readonly shown: SeenWord | undefined;
  beat: number;
  /** How long it has been that, as far as it was looked at. */
  stillNs: number;
  lookedNs: number;
}

const systemHost = (): HostView => ({ identity: hostIdentity(), isAlive, open: openedWord });

function openedWord({ process, facts }: LeaseHolder): SeenWord | undefined {
  const path = facts[HEARTBEAT_FACT] ?? '';
  const file = NAME.test(path) ? openedFile(path) : undefined;
  if (file === undefined) return undefined;
  const close = () => {
    file.close();
    if (!isAlive(process)) removeQuietly(path);
  };
  return { word: new Int32Array(file.buffer, 0, 1), close };
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    // Another user's.
    if (!isSystemError(error)) throw error;
  }
}

/** Undefined for one that is gone, or another user's. */
function openedFile(path: string): MappedFile | undefined {
  try {
    return mapFile(path, BYTES, { create: false, readOnly: true });
  } catch (error) {
    if (error instanceof MappedFileError || isSystemError(error)) return undefined;
    throw error;
  }
}
