/** A folder of segments that is the journal of a partition's log, as the commands get it. */
import { basename, dirname, resolve } from 'node:path';
import { logFilter, logStream } from '@foldbook/protocol';
import {
  SegmentStore,
  type SegmentVerification,
  StreamError,
  type StreamReader,
  verifySegments,
} from '@foldbook/runtime';
import { UsageError } from '../cli-error.ts';
import { fileTrouble } from '../file-trouble.ts';
import type { Output } from '../output.ts';

export interface JournalFolder {
  readonly path: string;
  readonly partition: number;
  /** The stream that it is the journal of, and its subjects. */
  readonly stream: string;
  readonly subjects: string;
  readonly reader: StreamReader;
}

export function folderArgument(positionals: readonly string[]): string {
  const [folder] = positionals;
  if (folder !== undefined) return folder;
  throw new UsageError('FOLDER is missing: name the folder of a stream, such as streams/LOG_0');
}

/** @throws UsageError for a folder that can't be read, or holds no segments */
export async function verifyFolder(
  folder: string,
  output: Output,
  until?: number,
): Promise<SegmentVerification> {
  try {
    return await verifySegments(folder, {
      until,
      onProgress: (segments, of) => output.progress('segments', segments, of),
    });
  } catch (error) {
    if (error instanceof StreamError) throw new UsageError(error.message);
    throw new UsageError(`${folder} can't be read: ${fileTrouble(error)}`);
  }
}

/** @throws UsageError for a folder that is no log's */
export function journalFolder(folder: string): JournalFolder {
  const path = resolve(folder);
  const name = basename(path);
  const partition = Number(/^LOG_(\d{1,4})$/.exec(name)?.[1] ?? Number.NaN);
  if (logStream(partition) !== name) {
    throw new UsageError(
      `${folder} is not named as a log is: give the journal's folder of one partition, such as ` +
        `${logStream(0)}, not the one above it`,
    );
  }
  const reader = new SegmentStore({ dir: dirname(path) }).reader(name);
  return { path: folder, partition, stream: name, subjects: logFilter(partition), reader };
}
