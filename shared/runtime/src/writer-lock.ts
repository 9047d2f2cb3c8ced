/**
 * A lock file with its owner's process id. An owner that died without removing it is noticed, and
 * the lock taken over.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { pid as ownPid } from 'node:process';
import { isAlive, ownIdentity, type ProcessIdentity, parseIdentity } from './process-identity.ts';
import { StreamError } from './stream.ts';

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
    const descriptor = openSync(draft, 'w', 0o600);
    try {
      writeSync(descriptor, JSON.stringify(ownIdentity()));
      // A file that a power loss emptied would be nobody's, and held for ever.
      fsyncSync(descriptor);
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

  /** The living process that has it; undefined if none has, or the file does not say. */
  static holder(path: string): ProcessIdentity | undefined {
    const owner = parseOwner(readIfThere(path) ?? '');
    return owner !== undefined && isAlive(owner) ? owner : undefined;
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

function parseOwner(text: string): ProcessIdentity | undefined {
  try {
    return parseIdentity(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function locked(path: string, owner: ProcessIdentity | undefined): StreamError {
  const who = owner === undefined ? 'an unknown process' : `process ${owner.pid}`;
  return new StreamError(
    'LOCKED',
    `${who} has it open for writing (${path}); stop it first, one writer at a time` +
      (owner === undefined ? ', and remove the file, which is damaged' : ''),
  );
}
