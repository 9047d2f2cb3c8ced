/** What a market service does before it reads its log: it takes what checkpoints have of it. */
import { logSubject, RECORD_BYTES, viewOf } from '@foldbook/protocol';
import {
  type Agent,
  type Clock,
  checkSnapshot,
  type Logger,
  nextTurn,
  type SnapshotStore,
  StreamError,
  type StreamReader,
  type StreamStore,
  systemTimers,
  type Timers,
} from '@foldbook/runtime';
import type { Dispatcher } from './dispatcher.ts';
import { LogChain } from './log-chain.ts';
import { type CheckpointFacts, CheckpointReader } from './market-checkpoint.ts';
import type { Market, MarketRegistry } from './market-registry.ts';
import { checkOutputEnds, type OutputBarriers } from './ownership.ts';
import {
  checkpointName,
  checkpointPrefix,
  decodeManifest,
  type ManifestEntry,
  manifestName,
} from './partition-manifest.ts';
import type { Publisher } from './publisher.ts';
import { ControlKind, ControlOffset } from './ring-message.ts';

/** The streams hold less than a checkpoint says that they held. */
export class RestoreError extends Error {
  override readonly name = 'RestoreError';
}

export interface RestoreParts {
  readonly partition: number;
  readonly store: SnapshotStore;
  readonly markets: MarketRegistry;
  readonly dispatcher: Dispatcher;
  readonly publisher: Publisher;
  readonly books: BookQueries;
  /** Undefined where hosts have threads of their own. */
  readonly host: Agent | undefined;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly log: StreamReader;
  readonly clock: Clock;
  readonly timers?: Timers | undefined;
  /** Last sequences of the streams, before this process's barriers. */
  readonly ends: { readonly log: number; readonly reports: number; readonly diffs: number };
  readonly streams: StreamStore;
  /** Last barriers of the output streams, before this process's. */
  readonly barriers: OutputBarriers;
  readonly onRestored: (market: Market, facts: CheckpointFacts) => void;
}

/**
 * Restores the markets that have checkpoints, and answers from which log sequence on the log is to
 * be read; 1 where there is none that can be used, which is always enough.
 * @throws RestoreError for a log that ends before a checkpoint: it has lost what was acknowledged
 */
export async function restoreMarkets(parts: RestoreParts): Promise<number> {
  const { store, partition, logger } = parts;
  const entries = await readManifest(parts);
  if (entries === undefined) return 1;
  const chosen: { entry: ManifestEntry; facts: CheckpointFacts | undefined }[] = [];
  for (const entry of entries) chosen.push({ entry, facts: await factsOf(parts, entry) });
  // With markets' numbers in the order of the log.
  chosen.sort((a, b) => a.entry.id - b.entry.id);
  for (const { facts } of chosen) {
    if (facts === undefined || (await isTold(parts, facts))) continue;
    logger.warn('an output stream was removed or cut: the whole log is executed again');
    return 1;
  }
  let from = parts.ends.log + 1;
  for (const { entry, facts } of chosen) {
    const market = parts.markets.create(entry.market, entry.id);
    if (facts === undefined) {
      from = Math.min(from, entry.firstLogSequence);
      continue;
    }
    market.firstLogSequence = entry.firstLogSequence;
    parts.markets.add(market);
    await restore(parts, market, facts);
    const name = checkpointName(partition, market.name, facts.logSequence);
    logger.info('market restored', { checkpoint: name, store: store.description });
    from = Math.min(from, facts.logSequence + 1);
  }
  return from;
}

async function readManifest({
  store,
  partition,
  logger,
}: RestoreParts): Promise<readonly ManifestEntry[] | undefined> {
  const name = manifestName(partition);
  if ((await store.list(name)).length === 0) return undefined;
  try {
    const chunks: Uint8Array[] = [];
    for await (const chunk of store.read(name)) chunks.push(chunk.slice());
    const entries = decodeManifest(Buffer.concat(chunks));
    if (entries !== undefined) return entries;
    logger.warn(`${name} in ${store.description} is no manifest; the whole log is read`);
  } catch (error) {
    logger.warn('the manifest of checkpoints is not usable; the whole log is read', {
      detail: messageOf(error),
    });
  }
  return undefined;
}

/** Undefined where the market has no checkpoint that is whole; it is replayed then. */
async function factsOf(
  parts: RestoreParts,
  entry: ManifestEntry,
): Promise<CheckpointFacts | undefined> {
  if (entry.checkpoint === 0) return undefined;
  const { store, partition } = parts;
  const newest = checkpointName(partition, entry.market, entry.checkpoint);
  const listed = await store.list(checkpointPrefix(partition, entry.market));
  // One that the manifest does not know yet may be ahead of what it says of other markets.
  const older = listed.map(({ name }) => name).filter((name) => name < newest);
  for (const name of [newest, ...older.sort().reverse()]) {
    const facts = await factsIn(parts, entry, name);
    if (facts !== undefined) return facts;
  }
  return undefined;
}

async function factsIn(
  parts: RestoreParts,
  { market, id }: ManifestEntry,
  name: string,
): Promise<CheckpointFacts | undefined> {
  const { store, partition, ends, logger } = parts;
  let facts: CheckpointFacts;
  try {
    await checkSnapshot(store, name);
    const reader = new CheckpointReader({ isSkimmed: true });
    for await (const chunk of store.read(name)) for (const _ of reader.push(chunk));
    facts = reader.end();
  } catch (error) {
    logger.warn(`the checkpoint ${name} is not usable; more of its market's log is read`, {
      detail: messageOf(error),
    });
    return undefined;
  }
  const isIts = facts.market === market && facts.id === id && facts.partition === partition;
  if (!isIts || name !== checkpointName(partition, market, facts.logSequence)) {
    logger.warn(`the checkpoint ${name} is of another market; it is left out`);
    return undefined;
  }
  if (await isInLog(parts, facts)) return facts;
  throw new RestoreError(
    `the checkpoint ${name} in ${store.description} was made of a log that had its group at ` +
      `${facts.logSequence}; this one ends at ${ends.log} and does not have it: it has lost what ` +
      'was acknowledged, or is another one. Restore the log from a copy. Only if there is none, ' +
      'and all are told: remove the checkpoints, and the market goes on from the log as it is',
  );
}

/**
 * Whether the log has the very group that the checkpoint ends with. A log that lost its end grows
 * again with each start's barrier, so that its length says nothing.
 */
async function isInLog(
  { log, partition }: RestoreParts,
  { market, logSequence, headBefore, head }: CheckpointFacts,
): Promise<boolean> {
  const subject = logSubject(partition, market);
  const found = await log.firstFrom(logSequence, subject);
  if (found?.sequence !== logSequence) return false;
  const chain = new LogChain();
  chain.restore(headBefore);
  return Buffer.from(chain.advance(found.payload)).equals(head);
}

/**
 * Whether the output streams still hold what the market told before its checkpoint. Those that have
 * lost their end may be as long again, by barriers and by what a later owner has told of it so far.
 */
async function isTold(parts: RestoreParts, { positions, term }: CheckpointFacts): Promise<boolean> {
  const { ends, streams, partition, barriers } = parts;
  if (positions.reports > ends.reports || positions.diffs > ends.diffs) return false;
  if (term === undefined) return true;
  const store = { store: streams, partition };
  try {
    await checkOutputEnds(store, barriers, { ...positions, term });
    return true;
  } catch (error) {
    if (error instanceof StreamError && error.code === 'TRUNCATED') return false;
    throw error;
  }
}

async function restore(parts: RestoreParts, market: Market, facts: CheckpointFacts): Promise<void> {
  const { dispatcher, publisher, books, store, partition, onRestored } = parts;
  market.restoredTo = facts.logSequence;
  market.chain.restore(facts.head);
  market.terms.restore(facts.terms);
  market.epoch.restore(facts.openRecords);
  // When its oldest record came is not known any more: its age counts from now.
  if (facts.openRecords > 0) market.openSinceNs = parts.clock.nowNs();
  market.nextTimerNs = facts.nextTimerNs;
  market.sequence = facts.sequence;
  market.isCreated = facts.isCreated;
  let isThere = false;
  const name = checkpointName(partition, market.name, facts.logSequence);
  await Promise.all([
    dispatcher.restore(market, piecesOf(store, name), ({ isRefused }) => {
      if (isRefused) throw new RestoreError(`no host has memory for ${market.name}`);
      isThere = true;
    }),
    until(parts, () => isThere),
  ]);
  let levels: Uint8Array | undefined;
  books.ask(market, (records) => {
    levels = records;
  });
  await until(parts, () => levels !== undefined);
  publisher.outputsOf(market).restore(facts, levels ?? new Uint8Array(0));
  onRestored(market, facts);
}

async function until(parts: RestoreParts, isDone: () => boolean): Promise<void> {
  const { dispatcher, publisher, host, signal, timers = systemTimers } = parts;
  while (!isDone()) {
    signal.throwIfAborted();
    const work = dispatcher.flush() + publisher.doWork();
    host?.doWork();
    // Pieces come by the event loop.
    if (work === 0) await nextTurn(timers);
  }
}

async function* piecesOf(store: SnapshotStore, name: string): AsyncGenerator<Uint8Array> {
  const reader = new CheckpointReader();
  for await (const chunk of store.read(name)) yield* reader.push(chunk);
  reader.end();
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Tokens of clients' questions are below. */
const FIRST_TOKEN = 2n ** 62n;

/** Asks hosts for whole books, for the service itself. */
export class BookQueries {
  readonly #dispatcher: Dispatcher;
  readonly #open = new Map<bigint, (levels: Uint8Array) => void>();
  #next = FIRST_TOKEN;

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher;
  }

  /** `onLevels` gets BOOK_DELTA records. For a market that nothing else was sent to. */
  ask(market: Market, onLevels: (levels: Uint8Array) => void): void {
    const record = new Uint8Array(RECORD_BYTES);
    const view = viewOf(record);
    view.setUint8(ControlOffset.KIND, ControlKind.QUERY_DEPTH);
    view.setUint32(ControlOffset.MARKET, market.id, true);
    view.setBigUint64(ControlOffset.TOKEN, this.#next, true);
    this.#open.set(this.#next, onLevels);
    this.#next += 1n;
    if (!this.#dispatcher.query(market, record)) {
      throw new RestoreError(`the host of ${market.name} takes no question`);
    }
  }

  /** False for the answer to another's question. */
  answered(token: bigint, levels: Uint8Array): boolean {
    const onLevels = this.#open.get(token);
    if (onLevels === undefined) return false;
    this.#open.delete(token);
    onLevels(levels);
    return true;
  }
}
