/**
 * A lock file with its owner's process id. An owner that died without removing it is noticed, and
 * the lock taken over.
 */
import {
  closeSync,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { pid as ownPid, platform } from 'node:process';
import { StreamError } from './stream.ts';

interface Owner {
  readonly pid: number;
  /** When the process started, in the kernel's ticks: process ids are used again. */
  readonly started: string;
}

let locksTried = 0;

export class WriterLock {
  readonly #path: string;
  /** Stays open: the inode of an open file is not used again for another. */
  readonly #descriptor: number;
  readonly #inode: bigint;

  private constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#inode = fstatSync(descriptor, { bigint: true }).ino;
  }

  /** @throws StreamError LOCKED when a living process has it */
  static take(path: string): WriterLock {
    locksTried += 1;
    const draft = `${path}.${ownPid}.${locksTried}.tmp`;
    const owner: Owner = { pid: ownPid, started: startOf(ownPid) ?? '' };
    const descriptor = openSync(draft, 'w');
    try {
      writeSync(descriptor, JSON.stringify(owner));
      for (;;) {
        // A link appears whole or not at all, and never replaces another file.
        if (tryLink(draft, path)) return new WriterLock(path, descriptor);
        const text = readIfThere(path);
        if (text === undefined) continue;
        const other = parseOwner(text);
        if (other === undefined || isAlive(other)) throw locked(path, other);
        removeStale(path, text, draft);
      }
    } catch (error) {
      closeSync(descriptor);
      throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** False once somebody else has taken it, or removed it. */
  isHeld(): boolean {
    const stat = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
    return stat?.ino === this.#inode;
  }

  /** Once. */
  release(): void {
    if (this.isHeld()) rmSync(this.#path, { force: true });
    closeSync(this.#descriptor);
  }
}

function tryLink(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the dead owner's file, but not one that a third process has put there meanwhile. */
function removeStale(path: string, staleText: string, draft: string): void {
  const aside = `${draft}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readFileSync(aside, 'utf8') !== staleText) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, started } = JSON.parse(text) as Partial<Owner>;
    return Number.isInteger(pid) && typeof started === 'string'
      ? { pid: Number(pid), started }
      : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, started }: Owner): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, under another user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const startedNow = startOf(pid);
  return startedNow === undefined || startedNow === started;
}

/** Undefined where the system doesn't tell. */
function startOf(pid: number): string | undefined {
  if (platform !== 'linux') return undefined;
  // The second field is the program's name in parentheses, which may hold spaces.
  const stat = readIfThere(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function locked(path: string, owner: Owner | undefined): StreamError {
  const who = owner === undefined ? 'an unknown process' : `process ${owner.pid}`;
  return new StreamError(
    'LOCKED',
    `${who} has the stream open for writing (${path}); stop it first, one writer at a time` +
      (owner === undefined ? ', and remove the file, which is damaged' : ''),
  );
}
