import fs from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 100;

/**
 * Runs `work` while holding the lock file, so that builds started together do not all do the same
 * work. A lock whose process has died is taken over. Only effort hangs on it: results are moved
 * into place whole and are the same whoever makes them, so two builders at once do no harm.
 */
export async function withBuildLock<T>(lockFile: string, work: () => Promise<T>): Promise<T> {
  const mine = `${process.pid}`;
  while (!tryCreate(lockFile, mine)) {
    const holder = readHolder(lockFile);
    if (holder !== undefined && !isAlive(holder)) fs.rmSync(lockFile, { force: true });
    else await delay(pollMs);
  }
  try {
    return await work();
  } finally {
    if (readHolder(lockFile) === process.pid) fs.rmSync(lockFile, { force: true });
  }
}

function tryCreate(lockFile: string, content: string): boolean {
  // Linked into place, so that no reader ever sees a lock without its holder.
  const draft = `${lockFile}.${content}`;
  fs.writeFileSync(draft, content);
  try {
    fs.linkSync(draft, lockFile);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/** The process id in the lock; undefined when the lock is gone; 0 when it holds no number. */
function readHolder(lockFile: string): number | undefined {
  try {
    return Number.parseInt(fs.readFileSync(lockFile, 'utf8'), 10) || 0;
  } catch {
    return undefined;
  }
}

/** Whether a process with this id runs, whoever's it is. */
export function isAlive(processId: number): boolean {
  if (processId <= 0) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
