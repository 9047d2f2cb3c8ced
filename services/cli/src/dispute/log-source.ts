/** The log that a dispute looks at: a folder of segments, or a broker's stream. */
import { basename, dirname, resolve } from 'node:path';
import { logStream } from '@foldbook/protocol';
import { JetStreamStore, SegmentStore, StreamError } from '@foldbook/runtime';
import { connectBroker } from '../broker.ts';
import { UsageError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';
import { askedLog, type LogReader } from './asked-log.ts';

export interface LogSource {
  readonly name: string;
  readonly reader: LogReader;
  close(): Promise<void>;
}

export function folderLog(folder: string): LogSource {
  const path = resolve(folder);
  const store = new SegmentStore({ dir: dirname(path) });
  return { name: folder, reader: store.reader(basename(path)), close: () => store.close() };
}

/** What --log or --nats names; undefined for neither. */
export async function openLog(context: CommandContext): Promise<LogSource | undefined> {
  const folder = context.text('log');
  const servers = context.text('nats');
  if (folder !== undefined && servers !== undefined) {
    throw new UsageError('--log and --nats are both a log: give one of them');
  }
  if (folder !== undefined) return folderLog(folder);
  if (servers === undefined) return undefined;
  const address = { servers, user: context.text('user'), pass: context.password };
  const mend = 'name the broker of the node, or a folder of segments with --log';
  const transport = await connectBroker(address, 'foldbook-dispute', mend);
  const partition = context.integer('partition', 0, 1_023) ?? 0;
  const store = new JetStreamStore(transport, { replicas: 1 });
  const close = async () => {
    await store.close();
    await transport.close();
  };
  return {
    name: `${logStream(partition)} at ${servers}`,
    reader: askedLog(store.reader(logStream(partition))),
    close,
  };
}

/** Runs with what may be wrong with a log told in one line. */
export async function readingLog<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    throw new UsageError(`${name}: ${error.code}: ${error.message}`);
  }
}
