/**
 * What a market's state machine is to the rest of the system. Two implementations behave the same
 * to the byte: the kernel (AssemblyScript, for production) and the naive twin (plain TypeScript,
 * its oracle). Neither reads a clock, draws randomness, does I/O or depends on the order of a hash
 * table, so the same commands give the same events and the same state hash everywhere.
 */
import assert from 'node:assert/strict';
import { RECORD_BYTES, type Side } from '@foldbook/protocol';

/** Receives blocks of `count` 64-byte event records; `block` is only valid during the call. */
export type EventSink = (block: Uint8Array, count: number) => void;

/** Lots and quote units of one account. Account 0 (supply): what is outstanding, as available. */
export interface Balances {
  readonly baseAvailable: bigint;
  readonly baseHeld: bigint;
  readonly quoteAvailable: bigint;
  readonly quoteHeld: bigint;
}

/** See `Engine.writeBalance`. */
export const BALANCE_WORDS = 8;

export interface DepthLevel {
  /** Ticks. */
  readonly price: bigint;
  /** Lots, all orders together. */
  readonly quantity: bigint;
  readonly orders: number;
}

/** What a market knows of a request: see `Engine.outcomeOf`. */
export interface RequestOutcome {
  /**
   * `executed`: it used its id up, with a result. `superseded`: a later one of the session came
   * first, so that it never ran and never will. `expired`: older than the results that are kept.
   * `not_seen`: above the session's last request, so that it may run yet.
   */
  readonly kind: 'executed' | 'superseded' | 'expired' | 'not_seen';
  /** Of one that was executed: the market sequence, and 0 or the code of its rejection. */
  readonly sequence: bigint;
  readonly code: number;
  /** The session's last request id; 0 before its first. */
  readonly lastRequestId: bigint;
}

/** Of a level: see `Engine.writeDepth`. */
export const DEPTH_WORDS = 6;

export interface Engine {
  /**
   * Applies `count` 64-byte command records in order. Any bytes will do: what makes no sense is
   * answered by a REJECTED event. `timeNs` is the group's stamp (nanoseconds since 1970); engine
   * time is the latest stamp so far. A sink must not call the engine, and one that throws leaves it
   * unusable.
   */
  apply(commands: Uint8Array, count: number, timeNs: bigint, sink: EventSink): void;
  /** Of the last command; 0 before the first. */
  readonly sequence: bigint;
  /** 64 bits over the logical content (see state-hash.ts). Detects divergence, proves nothing. */
  stateHash(): bigint;
  balance(account: number): Balances;
  /**
   * The same without allocating, `BALANCE_WORDS` 32-bit words from word `at` of `into` on: in the
   * order of `Balances`, each its low word first.
   */
  writeBalance(account: number, into: Int32Array, at: number): void;
  /** Settlement records in the epoch that is still open. */
  openRecords(): number;
  /** Price levels of a side, best first. */
  depth(side: Side, maxLevels: number): DepthLevel[];
  /**
   * The same without allocating, `DEPTH_WORDS` 32-bit words a level from word `at` of `into` on:
   * price, quantity and orders, each its low word first. Returns how many levels there are.
   */
  writeDepth(side: Side, maxLevels: number, into: Int32Array, at: number): number;
  /** Open orders, those that wait for their stop price included. */
  openOrders(): number;
  /**
   * The open orders of an account whose ids are above `after`, at most `limit` of them, as
   * OPEN_ORDER records in order of their ids.
   */
  openOrdersOf(account: number, after: bigint, limit: number): Uint8Array;
  /** What a request would be told that came again now, without asking it. */
  outcomeOf(account: number, session: number, requestId: bigint): RequestOutcome;
  /**
   * When the next timer is due, in nanoseconds since 1970; undefined if there is none. Engine time
   * while stops are due that commands to come shall trigger.
   */
  nextTimerNs(): bigint | undefined;
  /** Ticks; 0 before the first trade. */
  lastPrice(): bigint;
  /**
   * The state as in RULES.md section 10, in chunks of whole records, each valid until the next is
   * asked for. No command may be applied in the meantime; other markets may go on. Markets of one
   * kernel are written one at a time: a snapshot that is begun before another one ends takes its
   * place, and asking that for more throws a KernelError.
   */
  snapshot(): Generator<Uint8Array, void, undefined>;
}

/**
 * How much a market may hold (past it commands are refused with CAPACITY), and how much one command
 * may do. Part of the rules of a market: two engines agree on a log only if they agree on these.
 */
export interface EngineOptions {
  /** Resting orders. */
  readonly orderCapacity?: number;
  /** Price levels on one side. */
  readonly levelCapacity?: number;
  /** Pairs of (account, session) that ever sent a request. */
  readonly sessionCapacity?: number;
  /** How many of the market's last commands keep their results for a resend; a power of two. */
  readonly resultCapacity?: number;
  /** Orders that one incoming order may meet; then what is left of it is cancelled. */
  readonly matchLimit?: number;
  /** Stops that one command may trigger; the commands after it trigger the others. */
  readonly triggerLimit?: number;
}

export type EngineCapacity = Required<EngineOptions>;

/**
 * Requests of a market whose results are kept, where it lives in a service: 2 MiB each, so that a
 * thousand markets fit the memory of one kernel. Part of the market's rules: another number needs
 * another version of them.
 */
export const RESULT_CAPACITY = 2 ** 17;

const DEFAULT_CAPACITY: EngineCapacity = {
  orderCapacity: 2 ** 22,
  levelCapacity: 2 ** 17,
  sessionCapacity: 2 ** 20,
  resultCapacity: 2 ** 20,
  matchLimit: 2 ** 13,
  triggerLimit: 2 ** 10,
};

/** The kernel's tables at these sizes, all full, fit a WebAssembly memory's 4 GiB. */
const MAX_CAPACITY: EngineCapacity = {
  orderCapacity: 2 ** 23,
  levelCapacity: 2 ** 18,
  sessionCapacity: 2 ** 22,
  resultCapacity: 2 ** 24,
  matchLimit: 2 ** 16,
  triggerLimit: 2 ** 16,
};

/** A page of the kernel's. */
const MIN_RESULT_CAPACITY = 2 ** 12;

export const CAPACITY_NAMES = Object.keys(MAX_CAPACITY) as readonly (keyof EngineCapacity)[];

export function engineCapacity(options: EngineOptions): EngineCapacity {
  const capacity = { ...DEFAULT_CAPACITY, ...options };
  for (const name of CAPACITY_NAMES) {
    const value = capacity[name];
    assert(
      Number.isInteger(value) && value >= 1 && value <= MAX_CAPACITY[name],
      `${name} is ${value}; it must be from 1 to ${MAX_CAPACITY[name]}`,
    );
  }
  const { resultCapacity } = capacity;
  assert(
    resultCapacity >= MIN_RESULT_CAPACITY && Number.isInteger(Math.log2(resultCapacity)),
    `resultCapacity is ${resultCapacity}; it must be a power of two from ${MIN_RESULT_CAPACITY}`,
  );
  return capacity;
}

const TIME_LIMIT_NS = 2n ** 63n;

/** Programmer errors of a caller of `apply`. */
export function assertGroup(commands: Uint8Array, count: number, timeNs: bigint): void {
  // The words only where they are needed: texts that nobody reads would be made for every group.
  if (!Number.isInteger(count) || count < 0) assert.fail(`a group has ${count} commands`);
  if (count * RECORD_BYTES > commands.byteLength) {
    assert.fail(`${count} commands do not fit into ${commands.byteLength} bytes`);
  }
  if (timeNs < 0n || timeNs >= TIME_LIMIT_NS) assert.fail(`a group is stamped ${timeNs} ns`);
}
