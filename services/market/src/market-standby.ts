/** A market service that waits for its partition, and follows the partition's log meanwhile. */
import { settledSubject } from '@foldbook/protocol';
import { AgentInvoker, pause, SnapshotError, StreamError } from '@foldbook/runtime';
import { readCoverage } from './durable-output.ts';
import { LogFollower } from './log-follower.ts';
import type { RestoreParts } from './market-restore.ts';
import {
  close,
  haltedBy,
  type MarketService,
  type MarketServiceParts,
  ownershipParts,
  type Prepared,
  prepare,
  reach,
  restored,
  STOP_PATIENCE_WITHOUT_BROKER_MS,
  serve,
} from './market-service.ts';
import { streamsOf, takeOwnership } from './ownership.ts';
import { recover } from './recovery.ts';

/** Of restoring from checkpoints, while their owner writes new ones and removes old ones. */
const MOST_ATTEMPTS = 5;
/** Between two looks for streams that the first owner is about to make. */
const STREAMS_LOOK_MS = 100;

export interface MarketStandby {
  /** Resolves if it can't go on. */
  readonly failed: Promise<Error>;
  /** Resolves when it has executed what the owner has told, for the first time. */
  readonly followed: Promise<void>;
  /**
   * Makes the partition its own, whoever has it, and serves it. Once, and not after `stop`.
   * @throws as `startMarketService`
   */
  takeOver(): Promise<MarketService>;
  /** Instead of taking over. */
  stop(): Promise<void>;
}

/**
 * Follows a partition's log from the newest checkpoints on. Waits for streams that nobody has begun
 * yet.
 * @throws RestoreError, OutputError, MetricsError, StreamError
 */
export async function openStandby(parts: MarketServiceParts): Promise<MarketStandby> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await open(parts);
    } catch (error) {
      const isGone = error instanceof SnapshotError && error.code === 'NO_SNAPSHOT';
      if (!isGone || attempt === MOST_ATTEMPTS) throw error;
      // The owner has removed a checkpoint for the sake of two newer ones.
      parts.logger.info('a checkpoint was removed while it was read; trying again', { attempt });
    }
  }
}

async function open(parts: MarketServiceParts): Promise<MarketStandby> {
  const failure = Promise.withResolvers<Error>();
  const prepared = await prepare(parts, reach(parts), failure, 'hidden');
  let following: Following;
  try {
    following = await follow(prepared);
  } catch (error) {
    await close(prepared, undefined, STOP_PATIENCE_WITHOUT_BROKER_MS);
    throw error;
  }
  const takeOver = () => takeOverFrom(prepared, following);
  const stop = async () => {
    following.end();
    await close(prepared, undefined, STOP_PATIENCE_WITHOUT_BROKER_MS);
  };
  const { followed } = following.follower;
  return { failed: failure.promise, followed, takeOver, stop };
}

interface Following {
  readonly follower: LogFollower;
  readonly signal: AbortSignal;
  /** Nothing is executed any more that is not asked of the follower. */
  freeze(): void;
  end(): void;
}

async function follow(prepared: Prepared): Promise<Following> {
  const { parts, agents, hosts, transport, timers, logger, failed, fail } = prepared;
  const { partition } = parts.config;
  const halt = haltedBy(failed);
  const { signal } = halt;
  const ends = await begun(prepared, signal);
  const log = parts.store.reader(streamsOf(partition).log.stream);
  const fromSequence = await restored(prepared, { log, ends, signal });
  const host = hosts.inline;
  const recovery = { ...agents, host, signal, timers };
  const from = { log, fromSequence, since: ends };
  const follower = new LogFollower({ ...recovery, ...from, logger, onFailure: fail });
  const subscription = transport.subscribe(settledSubject(partition), ({ payload }) =>
    follower.heard(payload),
  );
  const agentsDriven = [follower, ...(host === undefined ? [] : [host]), agents.publisher];
  // Not this invoker's to close: they go on with another one.
  const driven = agentsDriven.map((agent) => ({
    roleName: agent.roleName,
    doWork: () => agent.doWork(),
  }));
  const invoker = new AgentInvoker(driven, { onError: fail, timers });
  follower.start();
  invoker.start();
  logger.info('following the log of the partition', { partition, fromSequence });
  const freeze = () => {
    subscription.unsubscribe();
    void invoker.stop();
    follower.freeze();
  };
  const end = () => {
    freeze();
    follower.close();
    halt.abort(new Error('the service ends'));
  };
  return { follower, signal, freeze, end };
}

/** How far the streams reach, and what the outputs hold, once the first owner has made them. */
async function begun(prepared: Prepared, signal: AbortSignal): Promise<RestoreParts['ends']> {
  const { parts, agents, timers } = prepared;
  const of = streamsOf(parts.config.partition);
  const readers = {
    log: parts.store.reader(of.log.stream),
    reports: parts.store.reader(of.reports.stream),
    diffs: parts.store.reader(of.diffs.stream),
  };
  for (;;) {
    signal.throwIfAborted();
    try {
      const [log, reports, diffs] = await Promise.all([
        readers.log.lastSequence(),
        readers.reports.lastSequence(),
        readers.diffs.lastSequence(),
      ]);
      for (const { stream, filter } of [of.log, of.reports, of.diffs]) {
        await parts.store.prepare?.(stream, [filter]);
      }
      // After the sequences: what comes meanwhile is known twice, and not missed.
      agents.reports.cover(await readCoverage({ ...of.reports, reader: readers.reports }));
      agents.diffs.cover(await readCoverage({ ...of.diffs, reader: readers.diffs }));
      return { log, reports, diffs };
    } catch (error) {
      if (!(error instanceof StreamError) || error.code !== 'NO_STREAM') throw error;
      await pause(timers, STREAMS_LOOK_MS);
    }
  }
}

async function takeOverFrom(prepared: Prepared, following: Following): Promise<MarketService> {
  const { parts, agents, hosts, local, timers, logger } = prepared;
  const { follower, signal } = following;
  const beganNs = timers.monotonicNs();
  following.freeze();
  const recovery = { ...agents, host: hosts.inline, signal, timers };
  try {
    local?.open();
    const taking = takeOwnership({ ...ownershipParts(parts), since: follower.since });
    const [streams, silently] = await Promise.all([
      taking,
      recover({ ...recovery, records: follower.settledRecords() }),
    ]).catch(async (error: unknown) => {
      await taking.then((owned) => owned.close()).catch(() => undefined);
      throw error;
    });
    const ownedNs = timers.monotonicNs();
    const service = await serve(prepared, streams, async () => {
      const records = follower.recordsUpTo(streams.barrier);
      const { groups, commands } = await recover({ ...recovery, records });
      const { executed } = follower;
      const unheard = {
        groups: executed.groups + silently.groups,
        commands: executed.commands + silently.commands,
      };
      logger.info('the partition was taken over', {
        ownedAfterMs: (ownedNs - beganNs) / 1e6,
        executedAfterMs: (timers.monotonicNs() - beganNs) / 1e6,
        lastGroups: groups,
        lastCommands: commands,
      });
      return { groups: unheard.groups + groups, commands: unheard.commands + commands };
    });
    return service;
  } catch (error) {
    following.end();
    local?.onClose();
    throw error;
  }
}
