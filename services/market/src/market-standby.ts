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
import { lost, lostAndWrittenOn } from './output-coverage.ts';
import {
  barriersBefore,
  checkOutputEnds,
  checkOutputs,
  highestOf,
  type KnownEnds,
  type KnownOutputs,
  type LastBarriers,
  lastBarriers,
  streamsOf,
  type TermRecord,
  takeOwnershipPatiently,
} from './ownership.ts';
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
   * Makes the partition its own, whoever has it, and serves it. Once, and not after `stop`. Waits
   * for a broker that is away.
   * @param mayTake - asked before it tries again; rejects if another process has the partition
   * @throws as `startMarketService`, and as `mayTake`
   */
  takeOver(mayTake?: () => Promise<void>): Promise<MarketService>;
  /** Instead of taking over. */
  stop(): Promise<void>;
}

/**
 * Follows a partition's log from the newest checkpoints on. Waits for streams that nobody has begun
 * yet.
 * @param acquired - nobody else begins streams from then on: undefined is returned if there are
 *   none to follow
 * @throws RestoreError, OutputError, MetricsError, StreamError
 */
export async function openStandby(parts: MarketServiceParts): Promise<MarketStandby>;
export async function openStandby(
  parts: MarketServiceParts,
  acquired: Promise<void>,
): Promise<MarketStandby | undefined>;
export async function openStandby(
  parts: MarketServiceParts,
  acquired: Promise<void> = new Promise(() => undefined),
): Promise<MarketStandby | undefined> {
  const own = new AbortController();
  // One that is not acquired is its owner's, who begins the streams.
  acquired.then(() => own.abort()).catch(() => undefined);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await open(parts, own.signal);
    } catch (error) {
      if (error instanceof NothingToFollow) return undefined;
      if (attempt === MOST_ATTEMPTS) throw error;
      if (error instanceof OwnerChanged) {
        parts.logger.info('another owner came while checkpoints were read; trying again', {
          attempt,
        });
        continue;
      }
      const isGone = error instanceof SnapshotError && error.code === 'NO_SNAPSHOT';
      if (!isGone) throw error;
      // The owner has removed a checkpoint for the sake of two newer ones.
      parts.logger.info('a checkpoint was removed while it was read; trying again', { attempt });
    }
  }
}

class NothingToFollow extends Error {}

/** Whether its barrier stands before the checkpoints, or in the place of records they have. */
class OwnerChanged extends Error {}

async function open(parts: MarketServiceParts, own: AbortSignal): Promise<MarketStandby> {
  const failure = Promise.withResolvers<Error>();
  const prepared = await prepare(parts, reach(parts), failure, 'hidden');
  let following: Following;
  try {
    following = await follow(prepared, own);
  } catch (error) {
    await close(prepared, undefined, STOP_PATIENCE_WITHOUT_BROKER_MS);
    throw error;
  }
  const takeOver = (mayTake: () => Promise<void> = async () => undefined) =>
    takeOverFrom(prepared, following, mayTake);
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
  /** What the outputs held when it began: what is read later is of records behind that. */
  readonly told: KnownOutputs;
  /** Barriers of the owner that it follows, once they were asked for. */
  last(): LastBarriers | undefined;
  /** Nothing is executed any more that is not asked of the follower. */
  freeze(): void;
  end(): void;
}

async function follow(prepared: Prepared, own: AbortSignal): Promise<Following> {
  const { parts, agents, hosts, transport, timers, logger, failed, fail } = prepared;
  const { partition } = parts.config;
  const halt = haltedBy(failed);
  const { signal } = halt;
  const { ends, barriers, told } = await begun(prepared, signal, own);
  const log = parts.store.reader(streamsOf(partition).log.stream);
  const askForBarrier = async () => (await lastBarriers({ store: parts.store, partition })).log;
  const before = await askForBarrier();
  const fromSequence = await restored(prepared, { log, ends, barriers, signal });
  const barrier = await askForBarrier();
  const isBehind = barrier !== undefined && barrier.sequence < fromSequence;
  if (isBehind && barrier.sequence !== before?.sequence) throw new OwnerChanged();
  const host = hosts.inline;
  const recovery = { ...agents, host, signal, timers };
  const from = { log, fromSequence, since: ends, barrier: isBehind ? barrier : undefined };
  let last: LastBarriers | undefined;
  const onOwner = () => {
    last = undefined;
    // Without an answer it is asked again when it takes over.
    lastBarriers({ store: parts.store, partition }).then(
      (barriers) => {
        last = barriers;
        const wrong = notMet(follower, partition, barriers.log);
        if (wrong !== undefined) fail(wrong);
      },
      () => undefined,
    );
  };
  const follower = new LogFollower({ ...recovery, ...from, logger, onOwner, onFailure: fail });
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
  return { follower, signal, told, last: () => last, freeze, end };
}

/** What is wrong if the log has this barrier, and the follower does not. */
function notMet(follower: LogFollower, partition: number, barrier: TermRecord | undefined) {
  if (barrier === undefined || follower.hasMet(barrier)) return undefined;
  const { stream } = streamsOf(partition).log;
  return lostAndWrittenOn(stream, barrier.sequence, follower.lastRead);
}

interface Begun {
  readonly ends: RestoreParts['ends'] & KnownEnds;
  readonly barriers: LastBarriers;
  readonly told: KnownOutputs;
}

/** How far the streams reach, and what the outputs hold, once the first owner has made them. */
async function begun(prepared: Prepared, signal: AbortSignal, own: AbortSignal): Promise<Begun> {
  const { parts, agents, timers } = prepared;
  const { partition } = parts.config;
  const of = streamsOf(partition);
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
      const barriers = await lastBarriers({ store: parts.store, partition });
      const term = highestOf(barriers);
      for (const { stream, filter } of [of.log, of.reports, of.diffs]) {
        await parts.store.prepare?.(stream, [filter]);
      }
      // After the sequences: what comes meanwhile is known twice, and not missed.
      const told = {
        reports: { coverage: await readCoverage({ ...of.reports, reader: readers.reports }) },
        diffs: { coverage: await readCoverage({ ...of.diffs, reader: readers.diffs }) },
      };
      agents.reports.cover(told.reports.coverage);
      agents.diffs.cover(told.diffs.coverage);
      return { ends: { log, reports, diffs, term }, barriers, told };
    } catch (error) {
      if (!(error instanceof StreamError) || error.code !== 'NO_STREAM') throw error;
      // Whoever was about to make them has died.
      if (own.aborted) throw new NothingToFollow();
      await pause(timers, STREAMS_LOOK_MS);
    }
  }
}

async function takeOverFrom(
  prepared: Prepared,
  following: Following,
  mayTake: () => Promise<void>,
): Promise<MarketService> {
  const { parts, agents, hosts, local, timers, logger } = prepared;
  const { follower, signal, told } = following;
  const beganNs = timers.monotonicNs();
  following.freeze();
  const { lastRead } = follower;
  const { partition } = parts.config;
  const recovery = { ...agents, host: hosts.inline, signal, timers };
  try {
    local?.open();
    const known = { since: follower.since, last: following.last() };
    const taking = takeOwnershipPatiently({ ...ownershipParts(parts), ...known }, mayTake);
    const [streams, silently] = await Promise.all([
      taking,
      recover({ ...recovery, records: follower.settledRecords() }),
    ]).catch(async (error: unknown) => {
      await taking.then((owned) => owned.close()).catch(() => undefined);
      throw error;
    });
    if (streams.barrier <= lastRead) {
      await streams.close();
      throw lost(streamsOf(partition).log.stream, streams.barrier - 1, lastRead);
    }
    const wrong = notMet(follower, partition, streams.before);
    if (wrong !== undefined) {
      await streams.close();
      throw wrong;
    }
    await checkOutputEnds(ownershipParts(parts), barriersBefore(streams), follower.since).catch(
      async (error: unknown) => {
        await streams.close();
        throw error;
      },
    );
    const ownedNs = timers.monotonicNs();
    const service = await serve(prepared, streams, async () => {
      const records = follower.recordsUpTo(streams.barrier);
      const { groups, commands } = await recover({ ...recovery, records });
      checkOutputs(partition, told, agents.markets);
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
