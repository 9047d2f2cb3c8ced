/**
 * The checkpointer agent: has a market write a snapshot of itself now and then, so that a start
 * need not execute the whole log. One at a time, and none while a market moves.
 */
import assert from 'node:assert/strict';
import {
  type Agent,
  type Logger,
  monotonicMs,
  type SnapshotDraft,
  type SnapshotStore,
  type Timers,
} from '@foldbook/runtime';
import type { Dispatcher } from './dispatcher.ts';
import type { DurableOutput } from './durable-output.ts';
import {
  type CheckpointFacts,
  checkpointEnd,
  checkpointFrame,
  checkpointStart,
} from './market-checkpoint.ts';
import type { MarketOutputs } from './market-outputs.ts';
import type { Market, MarketRegistry } from './market-registry.ts';
import {
  checkpointName,
  checkpointPrefix,
  encodeManifest,
  type ManifestEntry,
  manifestName,
} from './partition-manifest.ts';

/** Of each market: the newest, and the one before it should that be damaged. */
const KEPT = 2;

export interface CheckpointerParts {
  readonly partition: number;
  readonly markets: MarketRegistry;
  readonly dispatcher: Pick<Dispatcher, 'moving' | 'snapshot'>;
  readonly reports: Pick<DurableOutput, 'position' | 'settled'>;
  readonly diffs: Pick<DurableOutput, 'position' | 'settled'>;
  readonly outputsOf: (market: Market) => Pick<MarketOutputs, 'facts'>;
  /** Of this owner. */
  readonly term: () => number;
  readonly store: SnapshotStore;
  /** Commands of a market after which it writes another one. */
  readonly everyCommands: number;
  readonly logger: Logger;
  readonly timers: Timers;
  /**
   * Pieces that may wait for the store: beyond it the store is too slow for the market, which
   * writes its snapshot all the same. Default: 256 MiB.
   */
  readonly mostWaitingBytes?: number | undefined;
}

const MOST_WAITING_BYTES = 256 * 1024 * 1024;
/** Without anything written for so long it is said that there are no checkpoints, ms. */
const STUCK_MS = 60_000;

/** A checkpoint on its way into the store. */
interface Current {
  readonly market: Market;
  /** What the market told up to its snapshot is durable. */
  settled: Promise<unknown>;
  /** Pieces may be here before the word of where they stand, which is the file's beginning. */
  readonly begin: (draft: Promise<SnapshotDraft>) => void;
  draft: Promise<SnapshotDraft> | undefined;
  /** In the order of the file. */
  writing: Promise<SnapshotDraft>;
  facts: CheckpointFacts | undefined;
  /** Pieces that the store has not taken. */
  waitingBytes: number;
  /** When it took something last. */
  progressMs: number;
  isSaidStuck: boolean;
}

export class Checkpointer implements Agent {
  readonly roleName = 'checkpointer';
  readonly #parts: CheckpointerParts;
  /** Market sequence and log sequence of each market's newest checkpoint. */
  readonly #newest = new Map<Market, { readonly sequence: number; readonly logSequence: number }>();
  #current: Current | undefined;
  /** Not at the opening: a process that waits for the partition has the store open, too. */
  #tidied: Promise<void> | undefined;
  /** Number of the market that was looked at last. */
  #looked = 0;

  constructor(parts: CheckpointerParts) {
    this.#parts = parts;
  }

  /** A market was restored from this one. */
  restored(market: Market, { sequence, logSequence }: CheckpointFacts): void {
    this.#newest.set(market, { sequence, logSequence });
  }

  /** Looks at one market each time: there may be a thousand, and this is asked all the time. */
  doWork(): number {
    const { dispatcher, markets, everyCommands } = this.#parts;
    if (this.#current !== undefined) this.#tellStuck(this.#current);
    if (this.#current !== undefined || dispatcher.moving !== undefined) return 0;
    this.#looked = this.#looked >= markets.size ? 1 : this.#looked + 1;
    const market = markets.byId(this.#looked);
    if (market?.isCreated !== true) return 0;
    const since = this.#newest.get(market)?.sequence ?? 0;
    if (market.sequence - since < everyCommands) return 0;
    this.#begin(market);
    return 1;
  }

  /** The market has come to where its snapshot stands, and everything before it was sent. */
  begun(market: Market): void {
    const current = this.#current;
    if (current === undefined || current.market !== market) return;
    const { outputsOf, reports, diffs, store, partition, term } = this.#parts;
    const positions = { reports: reports.position, diffs: diffs.position };
    const facts = { ...outputsOf(market).facts(), positions, term: term() };
    current.facts = facts;
    current.settled = Promise.all([reports.settled(), diffs.settled()]);
    // An output that fails ends the service; here it only keeps a file from its name.
    current.settled.catch(() => undefined);
    const name = checkpointName(partition, market.name, facts.logSequence);
    this.#tidied ??= this.#tidy();
    current.draft = this.#tidied.then(() => store.draft(name));
    current.begin(written(current.draft, checkpointStart(facts)));
  }

  #begin(market: Market): void {
    const { promise: writing, resolve: begin } = Promise.withResolvers<SnapshotDraft>();
    // Whoever finishes it hears of what fails, a file that can't be begun too.
    writing.catch(() => undefined);
    const settled = Promise.resolve();
    const current: Current = {
      market,
      settled,
      begin,
      draft: undefined,
      writing,
      facts: undefined,
      waitingBytes: 0,
      progressMs: this.#nowMs(),
      isSaidStuck: false,
    };
    this.#current = current;
    this.#parts.dispatcher.snapshot(market, (piece) => {
      if (piece.byteLength > 0) {
        this.#take(current, piece);
        return;
      }
      void this.#finish(current).finally(() => {
        this.#current = undefined;
      });
    });
  }

  async #tidy(): Promise<void> {
    const { store, logger } = this.#parts;
    try {
      await store.removeLeftovers?.();
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      logger.warn('what is left of half-written checkpoints stays for now', { detail });
    }
  }

  #take(current: Current, piece: Uint8Array): void {
    // Packed here, a millisecond each: a market of a million orders has a thousand.
    const frame = checkpointFrame(piece);
    const { byteLength } = frame;
    const { mostWaitingBytes = MOST_WAITING_BYTES } = this.#parts;
    current.waitingBytes += byteLength;
    current.writing =
      current.waitingBytes > mostWaitingBytes
        ? current.writing.then(() => Promise.reject(new Error('the store is too slow for it')))
        : written(current.writing, frame);
    current.writing.then(
      () => {
        current.waitingBytes -= byteLength;
        current.progressMs = this.#nowMs();
      },
      () => undefined,
    );
  }

  #nowMs(): number {
    return monotonicMs(this.#parts.timers);
  }

  #tellStuck(current: Current): void {
    if (current.isSaidStuck || this.#nowMs() - current.progressMs < STUCK_MS) return;
    current.isSaidStuck = true;
    const { store, logger } = this.#parts;
    const detail = `${store.description} has taken nothing for ${STUCK_MS / 1_000} s`;
    logger.warn('no checkpoints until it does; starts read ever more of the log', { detail });
  }

  async #finish(current: Current): Promise<void> {
    const { logger } = this.#parts;
    const { market, writing } = current;
    // One that fails is tried again after as many commands.
    const before = this.#newest.get(market)?.logSequence ?? 0;
    this.#newest.set(market, { sequence: market.sequence, logSequence: before });
    try {
      const draft = await written(writing, checkpointEnd());
      const { facts } = current;
      assert(facts !== undefined, 'a file begins with its facts');
      const { sequence, logSequence } = facts;
      await current.settled;
      const { sizeBytes } = await draft.finish();
      this.#newest.set(market, { sequence, logSequence });
      await this.#writeManifest();
      await this.#removeOld(market);
      logger.info('checkpoint written', { market: market.name, sequence, logSequence, sizeBytes });
    } catch (error) {
      await current.draft?.then((draft) => draft.abort()).catch(() => undefined);
      const detail = error instanceof Error ? error.message : String(error);
      logger.warn('no checkpoint; the next start reads more of the log', {
        market: market.name,
        detail,
      });
    }
  }

  async #writeManifest(): Promise<void> {
    const { markets, store, partition } = this.#parts;
    const entries: ManifestEntry[] = [];
    for (const market of markets.all()) {
      const { name, id, firstLogSequence } = market;
      // One that is in the log since a moment ago comes after all checkpoints that there are.
      if (firstLogSequence === 0) continue;
      const checkpoint = this.#newest.get(market)?.logSequence ?? 0;
      entries.push({ market: name, id, firstLogSequence, checkpoint });
    }
    const draft = await store.draft(manifestName(partition));
    await draft.write(encodeManifest(entries));
    await draft.finish();
  }

  async #removeOld({ name }: Market): Promise<void> {
    const { store, partition } = this.#parts;
    const all = await store.list(checkpointPrefix(partition, name));
    for (const { name: old } of all.slice(0, -KEPT)) await store.remove(old);
  }
}

async function written(opening: Promise<SnapshotDraft>, bytes: Uint8Array): Promise<SnapshotDraft> {
  const draft = await opening;
  await draft.write(bytes);
  return draft;
}
