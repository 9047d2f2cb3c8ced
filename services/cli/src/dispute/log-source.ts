/** The logs that a dispute looks at: a folder of segments, or a broker's streams. */
import { readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { logStream } from '@foldbook/protocol';
import { JetStreamStore, SegmentStore, StreamError } from '@foldbook/runtime';
import { connectBroker } from '../broker.ts';
import { UsageError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';
import { askedLog, type LogReader } from './asked-log.ts';

export interface LogSource {
  readonly name: string;
  readonly reader: LogReader;
}

/** Where logs are. */
export interface LogPlace {
  /** The log of a partition; undefined where there is none to look at. */
  of(partition: number): Promise<LogSource | undefined>;
  /** The same, but of a folder what is in it. */
  any(partition: number): LogSource | undefined;
  close(): Promise<void>;
}

/** One log, whatever partition it is of. */
export interface OneLog extends LogSource {
  close(): Promise<void>;
}

/** @throws UsageError for the folder of all logs, which is named in place of one of them */
export function folderLog(folder: string): OneLog {
  const path = resolve(folder);
  const [log] = logsIn(path);
  if (log !== undefined)
    throw new UsageError(`${folder} holds logs: name one, ${join(folder, log)}`);
  const store = new SegmentStore({ dir: dirname(path) });
  return { name: folder, reader: store.reader(basename(path)), close: () => store.close() };
}

/** Names of streams that are logs; of a folder that can't be read none, which its reader tells. */
function logsIn(path: string): string[] {
  try {
    return readdirSync(path).filter((name) => /^LOG_\d+$/.test(name));
  } catch {
    return [];
  }
}

/** What --log or --nats names; nothing for neither. */
export async function openLogs(context: CommandContext): Promise<LogPlace> {
  const folder = context.text('log');
  const servers = context.text('nats');
  if (folder !== undefined && servers !== undefined) {
    throw new UsageError('--log and --nats are both a log: give one of them');
  }
  if (folder !== undefined) return folderPlace(context, folderLog(folder));
  if (servers !== undefined) return brokerPlace(context, servers);
  const none = () => undefined;
  return { of: async () => none(), any: none, close: async () => none() };
}

function folderPlace(context: CommandContext, log: OneLog): LogPlace {
  return {
    async of(partition) {
      const found = await partitionOfLog(log);
      if (found === undefined || found === partition) return log;
      // It would say that everything is missing.
      const words = `${log.name} is of partition ${found}, not of ${partition} as receipts say`;
      context.output.say(`${words}: they are not held against it`);
      return undefined;
    },
    any: () => log,
    close: () => log.close(),
  };
}

async function brokerPlace(context: CommandContext, servers: string): Promise<LogPlace> {
  const address = { servers, user: context.text('user'), pass: context.password };
  const mend = 'name the broker of the node, or a folder of segments with --log';
  const transport = await connectBroker(address, 'foldbook-dispute', mend);
  const store = new JetStreamStore(transport, { replicas: 1 });
  const any = (partition: number): LogSource => {
    const stream = logStream(partition);
    return { name: `${stream} at ${servers}`, reader: askedLog(store.reader(stream)) };
  };
  return {
    of: async (partition) => any(partition),
    any,
    async close() {
      await store.close();
      await transport.close();
    },
  };
}

/** Each record's subject begins with log.<partition>; undefined for a log without records. */
async function partitionOfLog({ name, reader }: LogSource): Promise<number | undefined> {
  return readingLog(name, async () => {
    for await (const { subject } of reader.read({ fromSequence: 1, follow: false })) {
      return Number(subject.split('.')[1]);
    }
    return undefined;
  });
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
