// Plain JavaScript: the installation takes this lock before there is anything but Node.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const POLL_MS = 200;
const GIVE_UP_MS = 15 * 60_000;

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Content of a lock file, or '' when it is gone. */
function ownerOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

/** Links a file that already holds the owner, so that nobody ever sees a lock without one. */
function tryTake(path, owner) {
  const draft = `${path}.${owner}`;
  writeFileSync(draft, owner);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes the lock of a process that is gone; a rename makes one of several waiters the remover. */
function removeStale(path, staleOwner) {
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  // Someone else may have removed the stale lock and taken a fresh one in between: hand it back.
  if (ownerOf(aside) !== staleOwner) renameSync(aside, path);
  else rmSync(aside, { force: true });
}

let taken = 0;

/**
 * Runs `work` while holding the lock file at `path`; waits for another process that holds it.
 * A lock left behind by a process that no longer runs is taken over.
 * @template T
 * @param {string} path
 * @param {() => Promise<T> | T} work
 * @param {{ onWait?: (owner: number) => void }} [options]
 * @returns {Promise<T>}
 */
export async function withLock(path, work, options = {}) {
  mkdirSync(dirname(path), { recursive: true });
  taken += 1;
  const owner = `${process.pid}.${taken}`;
  const deadlineMs = Date.now() + GIVE_UP_MS;
  let announced = false;
  while (!tryTake(path, owner)) {
    const other = ownerOf(path);
    const pid = Number.parseInt(other, 10);
    if (other !== '' && !isAlive(pid)) {
      removeStale(path, other);
    } else if (Date.now() > deadlineMs) {
      throw new Error(`process ${pid} has held ${path} for 15 minutes; stop it or delete the file`);
    } else {
      if (!announced && other !== '') options.onWait?.(pid);
      announced = true;
      await wait(POLL_MS);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}
