/** Agents and what drives them: a thread of their own, or a share of the event loop. */
import assert from 'node:assert/strict';
import { createYield, type IdleStrategy } from './idle-strategy.ts';
import { cancelTimer, systemTimers, type Timer, type Timers } from './timers.ts';

/** A piece of work that is asked again and again whether there is something to do. */
export interface Agent {
  /** For logs and errors: `sequencer`, `publisher`. */
  readonly roleName: string;
  /** Does what there is to do now, without waiting; returns how much that was, 0 for nothing. */
  doWork(): number;
  onClose?(): void;
}

/** Drives one agent on a thread that does nothing else: it blocks until told to stop. */
export class AgentRunner {
  readonly #agent: Agent;
  readonly #idle: IdleStrategy;

  constructor(agent: Agent, idle: IdleStrategy) {
    this.#agent = agent;
    this.#idle = idle;
  }

  /** Returns after `stopped` says so and the agent has closed; what the agent throws gets out. */
  run(stopped: () => boolean): void {
    try {
      while (!stopped()) this.#idle.idle(this.#agent.doWork());
    } finally {
      this.#agent.onClose?.();
    }
  }
}

export interface AgentInvokerOptions {
  /** Takes the error of an agent that threw; the invoker has stopped then. */
  readonly onError: (error: Error) => void;
  /** Passes without work before it backs off to the timer. */
  readonly idlePasses?: number;
  /** How long it sleeps when idle, unless woken, ms. */
  readonly idleMs?: number;
  /** Never backs off; between passes without work it lets others of its core run. */
  readonly spin?: boolean | undefined;
  /** Default: the event loop's own. */
  readonly timers?: Timers | undefined;
}

const DEFAULT_IDLE_PASSES = 200;
const DEFAULT_IDLE_MS = 1;
/** A turn of the loop asks the system for I/O and takes microseconds, more than a short pass. */
const MAX_PASSES_A_TURN = 8;

/**
 * Drives agents on a thread's event loop: a few passes each turn while there is work, so that I/O
 * always gets its turn too, and a short timer when there is none. Promises settle between passes.
 */
export class AgentInvoker {
  readonly #agents: readonly Agent[];
  readonly #onError: (error: Error) => void;
  readonly #idlePasses: number;
  readonly #idleMs: number;
  /** Gives the core away; where threads outnumber cores, the one waited for may need this one. */
  readonly #yieldCore: (() => void) | undefined;
  readonly #timers: Timers;
  readonly #pass = () => this.#runPass();
  #state: 'new' | 'running' | 'stopped' = 'new';
  #idleFor = 0;
  /** Passes in this turn of the loop. */
  #passes = 0;
  #immediate: Timer | undefined;
  #timer: Timer | undefined;

  constructor(agents: readonly Agent[], options: AgentInvokerOptions) {
    this.#agents = agents;
    this.#onError = options.onError;
    this.#timers = options.timers ?? systemTimers;
    const isSpinning = options.spin === true;
    this.#yieldCore = isSpinning ? createYield() : undefined;
    const idlePasses = options.idlePasses ?? DEFAULT_IDLE_PASSES;
    this.#idlePasses = isSpinning ? Number.POSITIVE_INFINITY : idlePasses;
    this.#idleMs = options.idleMs ?? DEFAULT_IDLE_MS;
  }

  start(): void {
    assert.equal(this.#state, 'new', 'an invoker starts once');
    this.#state = 'running';
    this.#schedule();
  }

  /** There is work: the next pass comes in the next turn of the loop. Cheap, from anywhere. */
  wake(): void {
    this.#idleFor = 0;
    if (this.#timer === undefined) return;
    cancelTimer(this.#timer);
    this.#timer = undefined;
    this.#schedule();
  }

  /** No pass starts after this; closes the agents. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#halt();
    for (const agent of this.#agents) agent.onClose?.();
  }

  #schedule(): void {
    if (this.#idleFor < this.#idlePasses) {
      this.#immediate ??= this.#timers.nextTurn(this.#pass);
    } else {
      this.#timer = this.#timers.after(this.#idleMs, this.#pass);
    }
  }

  #runPass(): void {
    // Stopped between two passes of a turn.
    if (this.#state !== 'running') return;
    this.#immediate = undefined;
    this.#timer = undefined;
    let work = 0;
    for (const agent of this.#agents) {
      try {
        work += agent.doWork();
      } catch (error) {
        this.#halt();
        const text = error instanceof Error ? error.message : String(error);
        this.#onError(new Error(`the ${agent.roleName} agent failed: ${text}`, { cause: error }));
        return;
      }
      // An agent may have stopped the invoker.
      if (this.#state !== 'running') return;
    }
    this.#passes += 1;
    if (work > 0) {
      this.#idleFor = 0;
      if (this.#passes < MAX_PASSES_A_TURN) {
        queueMicrotask(this.#pass);
        return;
      }
    } else {
      this.#idleFor += 1;
      this.#yieldCore?.();
    }
    this.#passes = 0;
    this.#schedule();
  }

  #halt(): void {
    this.#state = 'stopped';
    cancelTimer(this.#immediate);
    cancelTimer(this.#timer);
    this.#immediate = undefined;
    this.#timer = undefined;
  }
}
