/** An engine that is replaced by what its own snapshot gives, again and again. */
import type { Side } from '@foldbook/protocol';
import { snapshotOf } from '../compare-engines.ts';
import type { Engine, EngineOptions, EventSink } from '../engine.ts';
import type { MakeEngine, RestoreEngine } from './make-engine.ts';

/** After each of so many calls; later, when there may be much to write, only at times. */
const ALWAYS = 64;
const LATER_EVERY = 997;

export function makeRestoring(make: MakeEngine, restore: RestoreEngine): MakeEngine {
  return (options) => new RestoringEngine(make(options), restore, options);
}

class RestoringEngine implements Engine {
  #engine: Engine;
  readonly #restore: RestoreEngine;
  readonly #options: EngineOptions | undefined;
  #calls = 0;

  constructor(engine: Engine, restore: RestoreEngine, options: EngineOptions | undefined) {
    this.#engine = engine;
    this.#restore = restore;
    this.#options = options;
  }

  apply(commands: Uint8Array, count: number, timeNs: bigint, sink: EventSink): void {
    this.#engine.apply(commands, count, timeNs, sink);
    this.#calls += 1;
    if (this.#calls > ALWAYS && this.#calls % LATER_EVERY !== 0) return;
    this.#engine = this.#restore([snapshotOf(this.#engine)], this.#options);
  }

  get sequence() {
    return this.#engine.sequence;
  }

  stateHash = () => this.#engine.stateHash();
  balance = (account: number) => this.#engine.balance(account);
  writeBalance = (account: number, into: Int32Array, at: number) =>
    this.#engine.writeBalance(account, into, at);
  openRecords = () => this.#engine.openRecords();
  depth = (side: Side, maxLevels: number) => this.#engine.depth(side, maxLevels);
  writeDepth = (side: Side, maxLevels: number, into: Int32Array, at: number) =>
    this.#engine.writeDepth(side, maxLevels, into, at);
  openOrders = () => this.#engine.openOrders();
  openOrdersOf = (account: number, after: bigint, limit: number) =>
    this.#engine.openOrdersOf(account, after, limit);
  outcomeOf = (account: number, session: number, requestId: bigint) =>
    this.#engine.outcomeOf(account, session, requestId);
  nextTimerNs = () => this.#engine.nextTimerNs();
  lastPrice = () => this.#engine.lastPrice();
  snapshot = () => this.#engine.snapshot();
}
