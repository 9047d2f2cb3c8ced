/**
 * One WebAssembly instance of the kernel and the memory that its markets share. A thread has one:
 * markets of an instance must not be used from two threads.
 */
import assert from 'node:assert/strict';
import { RECORD_BYTES } from '@foldbook/protocol';
import {
  type EngineCapacity,
  type EngineOptions,
  type EventSink,
  engineCapacity,
} from '../engine.ts';
import { checkOptions } from '../snapshot/capacity.ts';
import { checkStateHash, readSnapshot } from '../snapshot/snapshot-reader.ts';
import { KernelEngine } from './kernel-engine.ts';
import { KernelError } from './kernel-error.ts';

/** See assembly/index.ts; 64-bit integers cross as signed BigInts, addresses as signed numbers. */
export interface KernelExports {
  setUp(eventPages: number, secretA: bigint, secretB: bigint): void;
  addMarket(orders: number, levels: number, sessions: number, results: number): number;
  inputAddress(): number;
  eventAddress(): number;
  countersAddress(): number;
  shareEvents(): void;
  applyCommands(market: number, count: number, stampNs: bigint): void;
  flushRest(): void;
  sequence(market: number): bigint;
  stateHash(market: number): bigint;
  openRecords(market: number): bigint;
  openOrders(market: number): number;
  nextTimerNs(market: number): bigint;
  lastPrice(market: number): bigint;
  balance(market: number, account: number): void;
  depth(market: number, side: number, after: bigint, limit: number): number;
  openOrdersOf(market: number, account: number, after: bigint, limit: number): number;
  openSnapshot(market: number): void;
  continueSnapshot(market: number): number;
  restoreRecords(market: number, count: number): void;
  finishRestore(market: number): void;
}

export interface KernelHostOptions {
  /**
   * Scrambles the names of orders in their tables, so that nobody who does not know it can choose
   * names that collide. It changes no outcome; a market that strangers use wants a random one.
   */
  readonly secret?: readonly [bigint, bigint];
}

/** Commands that one call of the kernel takes. */
export const INPUT_RECORDS = 1_024;
/** Enough to amortize a call to the sink, small enough to stay in a cache: 2,048 events. */
const EVENT_PAGES = 2;
const EVENTS_PER_PAGE = 1_024;
const MAX_PAGES = 65_536;
const DEFAULT_SECRET = [0n, 0n] as const;

export class KernelHost {
  readonly exports: KernelExports;
  /** Where commands go in and answers to queries come out. */
  readonly input: Uint8Array;
  readonly inputView: DataView;
  readonly #events: Uint8Array;
  /** Set while a group is applied, and left so when a sink throws: the state is then unknown. */
  #sink: EventSink | undefined;
  #isSnapshotOpen = false;

  constructor(module: WebAssembly.Module, options: KernelHostOptions = {}) {
    const size = { initial: 1, maximum: MAX_PAGES, shared: true };
    const memory = new WebAssembly.Memory<SharedArrayBuffer>(size);
    const instance = new WebAssembly.Instance(module, {
      env: { memory },
      host: {
        flushEvents: (count: number) => this.#flush(count),
        waitForRoom: () => assert.fail('no other thread reads the events of this kernel'),
        outOfMemory: () => {
          const message = 'this machine gives the market no more memory; restart it with more room';
          throw new KernelError('KERNEL_OUT_OF_MEMORY', message);
        },
      },
    });
    // The boundary to compiled code: nothing but build.ts writes what loadKernel loads.
    this.exports = instance.exports as unknown as KernelExports;
    const [secretA, secretB] = options.secret ?? DEFAULT_SECRET;
    this.exports.setUp(EVENT_PAGES, secretA, secretB);
    const inputAddress = this.exports.inputAddress() >>> 0;
    const eventAddress = this.exports.eventAddress() >>> 0;
    // Shared memory that grows keeps its views.
    const { buffer } = memory;
    this.input = new Uint8Array(buffer, inputAddress, INPUT_RECORDS * RECORD_BYTES);
    this.inputView = new DataView(buffer, inputAddress, INPUT_RECORDS * RECORD_BYTES);
    const eventBytes = EVENT_PAGES * EVENTS_PER_PAGE * RECORD_BYTES;
    this.#events = new Uint8Array(buffer, eventAddress, eventBytes);
  }

  /** A market that no command has created yet. */
  addMarket(options: EngineOptions = {}): KernelEngine {
    return new KernelEngine(this, this.#newMarket(engineCapacity(options)));
  }

  /**
   * A market from a snapshot.
   * @param chunks - a snapshot of either engine, in pieces of any size
   * @param options - capacities are those of the snapshot; what is given must be the same
   * @throws SnapshotError for anything that is not a whole and sound snapshot
   */
  restoreMarket(chunks: Iterable<Uint8Array>, options: EngineOptions = {}): KernelEngine {
    let market = 0;
    const header = readSnapshot(chunks, {
      begin: ({ capacity }) => {
        checkOptions(capacity, options);
        market = this.#newMarket(capacity);
      },
      records: (records, count) => {
        this.input.set(records.subarray(0, count * RECORD_BYTES));
        this.exports.restoreRecords(market, count);
      },
    });
    this.exports.finishRestore(market);
    const engine = new KernelEngine(this, market);
    checkStateHash(header, engine.stateHash());
    return engine;
  }

  #newMarket(capacity: EngineCapacity): number {
    this.assertIdle();
    const { orderCapacity, levelCapacity, sessionCapacity, resultCapacity } = capacity;
    const sizes = [orderCapacity, levelCapacity, sessionCapacity, resultCapacity] as const;
    return this.exports.addMarket(...sizes);
  }

  /** Runs what writes events, and hands them to a sink. */
  collect(sink: EventSink, run: () => void): void {
    this.assertIdle();
    this.#sink = sink;
    run();
    this.exports.flushRest();
    this.#sink = undefined;
  }

  /** The kernel has one place to remember how far a snapshot is. */
  beginSnapshot(): void {
    assert(!this.#isSnapshotOpen, 'another market of this kernel is being written at this time');
    this.#isSnapshotOpen = true;
  }

  endSnapshot(): void {
    this.#isSnapshotOpen = false;
  }

  /** Answers to queries are written where commands still wait while a group is applied. */
  assertIdle(): void {
    assert(this.#sink === undefined, 'a call from inside a sink, or after one that threw');
  }

  #flush(count: number): void {
    assert(this.#sink !== undefined);
    this.#sink(this.#events, count);
  }
}
