/** The file that metrics are mapped from: whose it is, and when another may take its place. */
import { closeSync, fstatSync, lstatSync, renameSync, rmSync, statSync } from 'node:fs';
import { createKeptFile, MappedFileError, mapFile } from '../mapped-file.ts';
import type { MetricsLayout } from './metrics-layout.ts';
import { isAlive, MetricsError, openDescriptor } from './metrics-reader.ts';
import { createMetrics } from './metrics-writer.ts';

export interface MetricsFile {
  /** Stays mapped as long as the process: those who write come late. */
  readonly buffer: ArrayBuffer;
  /** For the process's other threads to map, until the file is taken away. */
  readonly descriptor: number;
  /**
   * Gives the file another name.
   * @throws as `createMetricsFile`
   */
  moveTo(file: string): void;
  /** Takes the file away, unless another has its name by now. Also done when the process exits. */
  remove(): void;
}

/**
 * Makes a file of metrics that its user alone may read and write. What a process left behind that
 * was killed is replaced; nothing else is.
 * @throws MetricsError `IN_USE`, `NOT_METRICS`, `NOT_OURS`; MappedFileError; what the system says
 *   of the path
 */
export function createMetricsFile(file: string, layout: MetricsLayout): MetricsFile {
  checkReplaceable(file);
  const { buffer, descriptor } = createKeptFile(file, layout.totalBytes);
  const { ino } = fstatSync(descriptor);
  createMetrics(layout, buffer);
  let path = file;
  let isRemoved = false;
  const remove = () => {
    if (isRemoved) return;
    isRemoved = true;
    process.off('exit', remove);
    closeSync(descriptor);
    if (statSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path, { force: true });
  };
  const moveTo = (other: string) => {
    checkReplaceable(other);
    renameSync(path, other);
    path = other;
  };
  // However a start or a run fails: what is left over would be taken for a market.
  process.once('exit', remove);
  return { buffer, descriptor, moveTo, remove };
}

/** Takes away what a process left behind that was killed; everything else stays. */
export function clearMetricsFile(file: string): void {
  try {
    checkReplaceable(file);
  } catch {
    return;
  }
  rmSync(file, { force: true });
}

/** @throws as `createMetricsFile` */
function checkReplaceable(file: string): void {
  const old = lstatSync(file, { throwIfNoEntry: false });
  // Not even looked into: anybody can leave anything in a folder that all share.
  if (old !== undefined && old.uid !== process.getuid?.()) {
    throw new MetricsError('NOT_OURS', `${file} is another user's and is not replaced`);
  }
  checkOwn(file);
}

function checkOwn(file: string): void {
  let old: ReturnType<typeof mapFile>;
  try {
    old = mapFile(file, 0, { create: false, readOnly: true });
  } catch (error) {
    // Nothing there, or nothing in it: its process was killed before there was.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    if (error instanceof MappedFileError && error.code === 'TOO_SHORT') return;
    throw error;
  }
  try {
    const { owner } = openDescriptor(old.buffer);
    if (!isAlive(owner)) return;
    throw new MetricsError('IN_USE', `${file} is of process ${owner.pid}, which runs`);
  } catch (error) {
    if (!(error instanceof MetricsError) || error.code === 'IN_USE') throw error;
    // With our mark, of another version or cut short; or killed before the mark was set.
    if (error.code !== 'NOT_METRICS' || new Uint8Array(old.buffer).every((byte) => byte === 0)) {
      return;
    }
    throw new MetricsError('NOT_METRICS', `${file} holds something else and is not replaced`);
  } finally {
    old.close();
  }
}
