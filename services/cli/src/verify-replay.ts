/** What `verify --level replay` needs beside the store: the log, and an engine to execute it. */
import { MAX_PARTITIONS } from '@foldbook/protocol';
import { StreamError, type StreamRecord } from '@foldbook/runtime';
import {
  decodeEpochFile,
  decodeStarkEpochFile,
  type EpochReplay,
  type EpochSource,
  epochFileName,
} from '@foldbook/verifier';
import { createReplayEngine, LogReplay } from '@foldbook/verifier/replay';
import { UsageError } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import { type LogSource, openLogs } from './dispute/log-source.ts';
import { grouped, roundedMs } from './output.ts';

export interface OpenReplay {
  readonly replay: EpochReplay;
  /** What was executed so far, and how fast: reading, hashing and matching. */
  figures(): ReplayFigures;
  close(): Promise<void>;
}

export interface ReplayFigures {
  readonly groups: number;
  readonly commands: number;
  readonly replayMs: number;
}

export interface ReplayQuestion {
  readonly source: EpochSource;
  readonly market: string;
  /** Last epoch asked for; undefined: the last there is. */
  readonly to: number | undefined;
  readonly recordsMax?: number;
}

/** @throws UsageError where no log is named, or two */
export async function openReplay(
  context: CommandContext,
  { source, market, to, ...limit }: ReplayQuestion,
): Promise<OpenReplay> {
  const partition = context.integer('partition', 0, MAX_PARTITIONS - 1) ?? 0;
  const logs = await openLogs(context);
  const log = logs.any(partition);
  if (log === undefined) {
    throw new UsageError('--level replay executes the log: name it with --log or --nats');
  }
  try {
    await checkLog(log, market);
  } catch (error) {
    await logs.close();
    throw error;
  }
  const { output } = context;
  const total = await lastOfLog(source, to);
  const replay = new LogReplay({
    log: log.reader.read({ fromSequence: 1, filter: `log.*.${market}`, follow: false }),
    engine: await createReplayEngine(),
    ...limit,
    onProgress: (_, logSequence) => output.progress(`replay of ${log.name}`, logSequence, total),
  });
  let replayMs = 0;
  return {
    replay: {
      async next(logLast) {
        const startMs = performance.now();
        const epoch = await replay.next(logLast);
        replayMs += performance.now() - startMs;
        return epoch;
      },
      get counts() {
        return replay.counts;
      },
    },
    figures: () => ({ ...replay.counts, replayMs: roundedMs(replayMs) }),
    async close() {
      output.endProgress();
      await replay.end();
      await logs.close();
    },
  };
}

/** One that is not there, or is another's, shows nothing to be wrong. @throws UsageError */
async function checkLog({ name, reader }: LogSource, market: string): Promise<void> {
  let first: StreamRecord | undefined;
  try {
    first = await reader.firstFrom(1, `log.*.${market}`);
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    // One that is damaged is the verifier's to refuse.
    if (error.code === 'CORRUPT' || error.code === 'GAP') return;
    throw new UsageError(`${name}: ${error.code}: ${error.message}`);
  }
  if (first !== undefined) return;
  const mend = 'name the log of its partition, with --log, or --nats and --partition';
  throw new UsageError(`${name} has no record of ${market}: ${mend}`);
}

export function figureWords({ groups, commands, replayMs }: ReplayFigures): string {
  const rate = grouped((1_000 * commands) / Math.max(replayMs, 0.1));
  return `  replayed ${grouped(commands)} commands in ${grouped(groups)} groups, ${rate} a second`;
}

/** For the progress alone: what is wrong with the store, the verifier says. */
async function lastOfLog(source: EpochSource, to: number | undefined): Promise<number> {
  try {
    const names = (await source.epochNames()).filter((name) => name.endsWith('.fbe'));
    const file = await source.epochFile(epochFileName(to ?? names.length - 1));
    for (const decode of [decodeEpochFile, decodeStarkEpochFile]) {
      const decoded = file && decode(file);
      if (decoded?.ok === true) return Number(decoded.value.header.logLast);
    }
    return 0;
  } catch {
    return 0;
  }
}
