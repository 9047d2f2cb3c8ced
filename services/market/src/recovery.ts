/** What a market does before it opens its doors: it plays its log from the beginning. */
import {
  BatchKind,
  decodeBatchHeader,
  isTermSubject,
  MAX_COMMANDS_PER_GROUP,
} from '@foldbook/protocol';
import {
  type Agent,
  nextTurn,
  type StreamRecord,
  systemTimers,
  type Timers,
} from '@foldbook/runtime';
import type { Dispatcher } from './dispatcher.ts';
import type { Market, MarketRegistry } from './market-registry.ts';
import type { Publisher } from './publisher.ts';
import type { Sequencer } from './sequencer.ts';

/** Commands that a replay may have on their way through the market thread. */
const REPLAY_WINDOW_COMMANDS = 32_768;

export interface Recovered {
  readonly groups: number;
  readonly commands: number;
}

export interface RecoveryParts {
  /** The whole log; ends early when `signal` aborts. */
  readonly records: AsyncIterable<StreamRecord>;
  readonly markets: MarketRegistry;
  readonly sequencer: Sequencer;
  readonly dispatcher: Dispatcher;
  readonly publisher: Publisher;
  /** Undefined where hosts have threads of their own. */
  readonly host: Agent | undefined;
  /** Gives the recovery up, with its reason: the market thread may be dead and never answer. */
  readonly signal: AbortSignal;
  readonly timers?: Timers | undefined;
}

/**
 * Plays the log through the same agents, with live outputs muted.
 * @throws Error for a record that is no group of its market: the log is not ours, or damaged
 */
export async function recover(parts: RecoveryParts): Promise<Recovered> {
  const { records, sequencer, dispatcher, publisher, host, signal } = parts;
  const { timers = systemTimers } = parts;
  let groups = 0;
  let commands = 0;
  const settle = async (most: number) => {
    while (sequencer.pending > most || dispatcher.undelivered > 0) {
      signal.throwIfAborted();
      const work = dispatcher.flush() + (host?.doWork() ?? 0) + publisher.doWork();
      if (work === 0) await nextTurn(timers);
    }
  };
  for await (const record of records) {
    const count = replayed(parts, record);
    if (count === 0) continue;
    groups += 1;
    commands += count;
    await settle(REPLAY_WINDOW_COMMANDS);
  }
  signal.throwIfAborted();
  await settle(0);
  return { groups, commands };
}

/**
 * Hands a record of the log to its market, and answers how many commands it has: none, if it is no
 * group, or one that the market was restored behind.
 * @throws Error as `recover`
 */
export function replayed(
  { markets, sequencer }: Pick<RecoveryParts, 'markets' | 'sequencer'>,
  record: StreamRecord,
): number {
  if (isTermSubject(record.subject)) return 0;
  const { market, count } = marketOfGroup(record, markets);
  if (record.sequence <= market.restoredTo) return 0;
  sequencer.replay(market, record.payload, record.sequence);
  return count;
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
    const market = markets.create(name, id);
    markets.add(market);
    return { market, count };
  }
  if (known.name === name) return { market: known, count };
  throw new Error(
    `log record ${record.sequence} names market ${id} "${name}", but ${id} is "${known.name}"; ` +
      'the log was written by something else: restore it from a copy',
  );
}
