/**
 * The settled-position agent: tells those who follow the log how far this owner's outputs are
 * durable, so that they need not tell it again, whenever they take over.
 */
import { encodeSettled, type Settled } from '@foldbook/protocol';
import type { Agent, Timers } from '@foldbook/runtime';
import type { DurableOutput } from './durable-output.ts';
import type { MarketRegistry } from './market-registry.ts';

/** What a follower has to execute when it takes over is what came in such a time, and a flush. */
const EVERY_MS = 10;
/** Told again though nothing has happened: somebody may have begun to follow. */
const AGAIN_MS = 100;

/** At one moment: what later groups make comes behind these places of the output streams. */
interface Position {
  readonly delivered: number;
  readonly reports: number;
  readonly diffs: number;
}

export interface SettledFeedParts {
  readonly markets: MarketRegistry;
  readonly reports: Pick<DurableOutput, 'position' | 'settled'>;
  readonly diffs: Pick<DurableOutput, 'position' | 'settled'>;
  /** Log sequence of the last group that was handed to a host. */
  readonly delivered: () => number;
  readonly term: () => number;
  readonly tell: (payload: Uint8Array) => void;
  readonly timers: Pick<Timers, 'monotonicNs'>;
}

export class SettledFeed implements Agent {
  readonly roleName = 'settled positions';
  readonly #parts: SettledFeedParts;
  /** Oldest first; the first one is not behind what was told last. */
  #positions: Position[] = [];
  #lookedMs = Number.NEGATIVE_INFINITY;
  #toldMs = Number.NEGATIVE_INFINITY;
  #told: Settled | undefined;
  #isWaiting = false;

  constructor(parts: SettledFeedParts) {
    this.#parts = parts;
  }

  doWork(): number {
    const nowMs = this.#nowMs();
    if (this.#isWaiting || nowMs - this.#lookedMs < EVERY_MS) return 0;
    this.#lookedMs = nowMs;
    const { reports, diffs, delivered } = this.#parts;
    this.#positions.push({
      delivered: delivered(),
      reports: reports.position,
      diffs: diffs.position,
    });
    const log = this.#sentTo();
    if (log === this.#told?.log) {
      if (nowMs - this.#toldMs >= AGAIN_MS) this.#tell(log);
      return 0;
    }
    this.#isWaiting = true;
    Promise.all([reports.settled(), diffs.settled()]).then(
      () => {
        this.#isWaiting = false;
        this.#tell(log);
      },
      // An output that fails ends the service; until then nothing more is settled.
      () => undefined,
    );
    return 1;
  }

  #nowMs(): number {
    return this.#parts.timers.monotonicNs() / 1e6;
  }

  /** Log sequence up to which all outputs were sent. */
  #sentTo(): number {
    const { markets, delivered } = this.#parts;
    let first = delivered() + 1;
    for (const { unsentFrom, committed } of markets.all()) {
      const [next] = committed;
      const unsent = unsentFrom > 0 ? unsentFrom : next?.logSequence;
      if (unsent !== undefined && unsent < first) first = unsent;
    }
    return first - 1;
  }

  #tell(log: number): void {
    // The last moment at which no group behind that one had been handed to a host.
    const behind = this.#positions.findIndex(({ delivered }) => delivered > log);
    const last = (behind < 0 ? this.#positions.length : behind) - 1;
    const position = this.#positions[last];
    if (position === undefined) return;
    this.#positions = this.#positions.slice(last);
    const { reports, diffs } = position;
    const settled = { term: this.#parts.term(), log, reports, diffs };
    this.#told = settled;
    this.#toldMs = this.#nowMs();
    this.#parts.tell(encodeSettled(settled));
  }
}
