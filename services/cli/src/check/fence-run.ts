/** Owners that are stopped for longer than their lease, and go on when another one serves. */
import { setTimeout as delay } from 'node:timers/promises';
import { Dice } from '@foldbook/engine';
import { MARKET } from './kill9-load.ts';
import type { MarketProcess } from './market-process.ts';
import { type Judgement, Venue, type VenueOptions } from './venue.ts';
import { Witness } from './witness.ts';

export interface FenceOptions extends VenueOptions {
  readonly runs: number;
  readonly seed: number;
}

export interface FenceResult extends Omit<Judgement, 'history'> {
  /** Appends that no stream took: all that the former owners tried. */
  readonly refused: number;
  /** Batches of market data that came from an owner before; mirrors drop them. */
  readonly staleData: number;
  /** Answers that said OK; each was held against the log. */
  readonly answers: number;
  /** From the stop until an order was accepted of the next owner, ms. */
  readonly takeoverMs: readonly number[];
  /** From when the former owner went on until it had ended by itself, ms. */
  readonly endMs: readonly number[];
}

const LEAST_MS = 50;
const MOST_MS = 400;
const RESUME_WITHIN_MS = 60_000;
const END_WITHIN_MS = 20_000;
/** What a process says that ends because another one has its partition. */
const CLEAR = /can't go on: .*('s with term|another (process|writer))/;

export function runFence(options: FenceOptions): Promise<FenceResult> {
  return Venue.with(options, (venue) => new FenceRun(options, venue).run());
}

class FenceRun {
  readonly #options: FenceOptions;
  readonly #venue: Venue;
  readonly #dice: Dice;
  readonly #takeoverMs: number[] = [];
  readonly #endMs: number[] = [];

  constructor(options: FenceOptions, venue: Venue) {
    this.#options = options;
    this.#venue = venue;
    this.#dice = new Dice(options.seed);
  }

  async run(): Promise<FenceResult> {
    const { runs, output } = this.#options;
    const { transport, prober, pair } = this.#venue;
    const witness = new Witness(transport, MARKET);
    // Commands have to lie in wait for the one that is stopped.
    const stopProbing = prober.keepOn();
    for (let run = 0; run < runs; run += 1) {
      output.progress('owners stopped', run, runs);
      await this.#pause();
      await this.#stopOne();
      await pair.complete();
    }
    output.endProgress();
    stopProbing();
    const { history, ...judgement } = await this.#venue.judge();
    witness.close();
    const refused = [...witness.appends].filter((id) => !history.isStored(id)).length;
    const failures = [...judgement.failures];
    if (refused === 0) failures.push('no former owner tried to append: nothing was shown');
    return {
      ...judgement,
      failures,
      refused,
      staleData: witness.staleData,
      answers: prober.claims.length,
      takeoverMs: this.#takeoverMs,
      endMs: this.#endMs,
    };
  }

  async #stopOne(): Promise<void> {
    const { pair, prober, failures } = this.#venue;
    const { serving } = await pair.roles();
    const { term } = await pair.owner();
    serving.signal('SIGSTOP');
    const { ms } = await prober.resumed(RESUME_WITHIN_MS);
    this.#takeoverMs.push(ms);
    if ((await pair.owner()).term <= term) {
      failures.push(`an order was accepted while ${serving.node} was stopped, in its term`);
    }
    await this.#pause();
    serving.signal('SIGCONT');
    await this.#end(serving);
  }

  async #end(former: MarketProcess): Promise<void> {
    const { failures } = this.#venue;
    const sinceMs = performance.now();
    const late = delay(END_WITHIN_MS, undefined, { ref: false });
    const end = await Promise.race([former.exited, late]);
    if (end === undefined) {
      failures.push(`${former.node} did not end within ${END_WITHIN_MS} ms; ${former.logFile}`);
      former.signal('SIGKILL');
      await former.exited;
      return;
    }
    this.#endMs.push(performance.now() - sinceMs);
    if (end.status === 1 && CLEAR.test(former.log())) return;
    failures.push(`${former.node} did not say why it ended (${end.status}); ${former.logFile}`);
  }

  async #pause(): Promise<void> {
    const pauseMs = LEAST_MS + this.#dice.below(MOST_MS - LEAST_MS);
    await delay(pauseMs, undefined, { signal: this.#options.signal });
  }
}
