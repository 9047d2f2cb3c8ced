/** The market service put together: recovery first, then the doors are opened. */
import {
  BatchKind,
  COMMAND_FILTER,
  decodeBatchHeader,
  diffStream,
  encodeReply,
  logStream,
  MAX_COMMANDS_PER_GROUP,
  partitionFilter,
  reportStream,
} from '@foldbook/protocol';
import {
  AgentInvoker,
  type Clock,
  type Logger,
  type StreamRecord,
  type StreamStore,
  type Transport,
} from '@foldbook/runtime';
import { CommandAdapter } from './command-adapter.ts';
import type { MarketConfig } from './config.ts';
import { coveredSequences, DurableOutput } from './durable-output.ts';
import type { Asker } from './group-builder.ts';
import { Market, MarketRegistry } from './market-registry.ts';
import { startMarketThread } from './market-thread.ts';
import { Publisher } from './publisher.ts';
import { RequestAdapter } from './request-adapter.ts';
import { Sequencer } from './sequencer.ts';

/** Commands that a replay may have on their way through the market thread. */
const REPLAY_WINDOW_COMMANDS = 32_768;
/** How long `stop` waits for what was admitted, ms. */
const STOP_PATIENCE_MS = 10_000;

export interface MarketServiceParts {
  readonly config: MarketConfig;
  readonly transport: Transport;
  readonly store: StreamStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface MarketService {
  /** What was read back from the log at start. */
  readonly recovered: { readonly groups: number; readonly commands: number };
  readonly core: number | undefined;
  /** Resolves if the service can't go on: another owner, a dead thread, a broken store. */
  readonly failed: Promise<Error>;
  /** Refuses new commands, lets admitted ones finish, closes the streams and the thread. */
  stop(): Promise<void>;
}

export async function startMarketService(parts: MarketServiceParts): Promise<MarketService> {
  const { config, transport, store, clock, logger } = parts;
  const { partition } = config;
  const failure = Promise.withResolvers<Error>();
  const markets = new MarketRegistry();
  const log = await store.writer(logStream(partition), [`log.${partition}.*`]);
  const reportWriter = await store.writer(reportStream(partition), ['rpt.*.*']);
  const diffWriter = await store.writer(diffStream(partition), ['diff.*']);
  const echo =
    config.broker.kind === 'embedded'
      ? (subject: string, payload: Uint8Array) => transport.publish(subject, payload)
      : undefined;
  const reports = new DurableOutput(
    reportWriter,
    await coveredSequences(store.reader(reportStream(partition)), 'rpt.*.*'),
    echo,
    failure.resolve,
  );
  const diffs = new DurableOutput(
    diffWriter,
    await coveredSequences(store.reader(diffStream(partition)), 'diff.*'),
    echo,
    failure.resolve,
  );
  const thread = await startMarketThread(config);
  thread.worker.failed.then(failure.resolve);
  logger.info('market thread started', {
    core: thread.worker.core,
    pinned: thread.worker.pinned,
    threadId: thread.worker.threadId,
  });

  const wake = () => invoker.wake();
  const sequencer = new Sequencer({
    partition,
    markets,
    log,
    ring: thread.commands,
    clock,
    logger,
    limits: config,
    onReceived: (asker, logSequence) => answerReceived(transport, asker, logSequence),
    onFailure: failure.resolve,
    wake,
  });
  const generation = Number(clock.nowNs() / 1_000_000_000n);
  const publisher = new Publisher({
    ring: thread.events,
    markets,
    reports,
    diffs,
    generation,
    publish: (subject, payload) => transport.publish(subject, payload),
    sendReply: (subject, payload) => transport.publish(subject, payload),
    onExecuted: (market, commands, openRecords, closesEpoch) =>
      sequencer.executed(market, commands, openRecords, closesEpoch),
    onAnswer: (token, records, sequence) => requests.answered(token, records, sequence),
  });
  const requests = new RequestAdapter(transport, markets, sequencer, publisher, {
    durability: store.durability,
    core: thread.worker.pinned ? thread.worker.core : undefined,
    generation,
    partition,
  });
  const commands = new CommandAdapter(transport, markets, sequencer, logger);
  const invoker = new AgentInvoker([sequencer, publisher], { onError: failure.resolve });

  const records = store.reader(logStream(partition)).read({ fromSequence: 1, follow: false });
  const recovered = await recover(records, markets, sequencer, publisher);
  publisher.goLive();
  invoker.start();
  commands.open(await commandFilter(transport, config));
  requests.open();
  await transport.flush();

  const stop = async () => {
    commands.close();
    await transport.flush().catch(() => undefined);
    const deadline = Date.now() + STOP_PATIENCE_MS;
    while (sequencer.pending > 0 && Date.now() < deadline) await turn();
    requests.close();
    await invoker.stop();
    await Promise.all([log.close(), reportWriter.close(), diffWriter.close()]);
    await thread.worker.stop();
  };
  return {
    recovered,
    core: thread.worker.pinned ? thread.worker.core : undefined,
    failed: failure.promise,
    stop,
  };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function answerReceived(transport: Transport, asker: Asker, logSequence: number): void {
  const none = new Uint8Array(0);
  transport.publish(asker.replySubject, encodeReply(asker.encoding, logSequence, none));
}

/** Plays the log from its beginning through the same agents, with live outputs muted. */
async function recover(
  records: AsyncIterable<StreamRecord>,
  markets: MarketRegistry,
  sequencer: Sequencer,
  publisher: Publisher,
): Promise<{ groups: number; commands: number }> {
  let groups = 0;
  let commands = 0;
  const settle = async (most: number) => {
    while (sequencer.pending > most || sequencer.undelivered > 0) {
      const work = sequencer.deliver() + publisher.doWork();
      if (work === 0) await turn();
    }
  };
  for await (const record of records) {
    const { market, count } = marketOfGroup(record, markets);
    sequencer.replay(market, record.payload, record.sequence);
    groups += 1;
    commands += count;
    await settle(REPLAY_WINDOW_COMMANDS);
  }
  await settle(0);
  return { groups, commands };
}

function marketOfGroup(
  record: StreamRecord,
  markets: MarketRegistry,
): { market: Market; count: number } {
  const header = decodeBatchHeader(record.payload, BatchKind.GROUP, MAX_COMMANDS_PER_GROUP);
  const name = record.subject.split('.')[2] ?? '';
  if (!header.ok) {
    throw new Error(
      `log record ${record.sequence} (${record.subject}) is no group: ` +
        `${header.name} at byte ${header.offset}, ${header.detail}; ` +
        'the log was written by something else, or damaged: restore it from a copy',
    );
  }
  const { market: id, count } = header.value;
  const known = markets.byId(id);
  if (known === undefined) {
    const market = new Market(name, id);
    markets.add(market);
    return { market, count };
  }
  if (known.name === name) return { market: known, count };
  throw new Error(
    `log record ${record.sequence} names market ${id} "${name}", but ${id} is "${known.name}"; ` +
      'the log was written by something else: restore it from a copy',
  );
}

/**
 * Where commands arrive: `in.<partition>.>` on a broker that maps `cmd.*.*` to partitions (see
 * infra/nats.conf), else `cmd.*.*` itself, which serves one partition. A probe tells them apart:
 * the flush returns only after the broker has delivered it, mapped or not.
 */
async function commandFilter(transport: Transport, config: MarketConfig): Promise<string> {
  const nonce = `PROBE-${config.partition}.${Date.now() % 1_000_000}`;
  let mapped = false;
  const probe = transport.subscribe(`in.*.${nonce}`, () => {
    mapped = true;
  });
  transport.publish(`cmd.${nonce}`, new Uint8Array(0));
  await transport.flush();
  await turn();
  probe.unsubscribe();
  return mapped ? partitionFilter(config.partition) : COMMAND_FILTER;
}
