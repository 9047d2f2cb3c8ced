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
import { Adoption } from './adoption.ts';
import type { SharedEvents } from './event-ring.ts';
import { KernelEngine } from './kernel-engine.ts';
import { KernelError } from './kernel-error.ts';
import { INPUT_RECORDS, type KernelExports } from './kernel-exports.ts';

export interface KernelHostOptions {
  /**
   * Scrambles the names of orders in their tables, so that nobody who does not know it can choose
   * names that collide. It changes no outcome; a market that strangers use wants a random one.
   */
  readonly secret?: readonly [bigint, bigint];
  /**
   * Another thread reads the events where the kernel writes them (`EventRingReader`), out of a ring
   * of this many pages of 1,024; a power of two. Markets then take commands by `applyLaid` only.
   */
  readonly sharedEventPages?: number;
  /** Memory that the kernel may take; as much as addresses reach without. */
  readonly mostBytes?: number;
}

/** Memory of the kernel for commands, filled by the host. */
export interface LaidCommands {
  readonly bytes: Uint8Array;
  readonly address: number;
}

/** Enough to amortize a call to the sink, small enough to stay in a cache: 2,048 events. */
const EVENT_PAGES = 2;
const EVENTS_PER_PAGE = 1_024;
/**
 * One less than addresses reach: nothing ends at 2^32, so no end of a block or page reads as 0.
 */
const MAX_PAGES = 65_535;
const PAGE_BYTES = 65_536;
/** How long a full ring waits for a reader that does not read, ms. */
const READER_PATIENCE_MS = 10_000;
const READER_SPINS = 10_000;
const DEFAULT_SECRET = [0n, 0n] as const;
const ALL_ORDERS = 2 ** 32 - 1;

export class KernelHost {
  readonly exports: KernelExports;
  /** Where commands go in and answers to queries come out. */
  readonly input: Uint8Array;
  readonly inputView: DataView;
  readonly inputWords: Int32Array;
  readonly #events: Uint8Array;
  readonly #memory: WebAssembly.Memory<SharedArrayBuffer>;
  readonly #mostPages: number;
  readonly #ring: SharedEvents;
  readonly #published: Int32Array;
  readonly #consumed: Int32Array;
  readonly #isShared: boolean;
  /** Set while a group is applied, and left so when a sink throws: the state is then unknown. */
  #sink: EventSink | undefined;
  /** Memory before this address is mapped already, or was to be. */
  #present = 0;
  #isAdopting = false;
  /** Number of the last snapshot that was begun. */
  #snapshot = 0;

  constructor(module: WebAssembly.Module, options: KernelHostOptions = {}) {
    const mostBytes = options.mostBytes ?? MAX_PAGES * PAGE_BYTES;
    this.#mostPages = Math.min(Math.floor(mostBytes / PAGE_BYTES), MAX_PAGES);
    const size = { initial: 1, maximum: this.#mostPages, shared: true };
    const memory = new WebAssembly.Memory<SharedArrayBuffer>(size);
    const instance = new WebAssembly.Instance(module, {
      env: { memory },
      host: {
        flushEvents: (count: number) => this.#flush(count),
        waitForRoom: () => this.#waitForReader(),
        outOfMemory: () => {
          const message = 'this machine gives the market no more memory; restart it with more room';
          throw new KernelError('KERNEL_OUT_OF_MEMORY', message);
        },
      },
    });
    // The boundary to compiled code: nothing but build.ts writes what loadKernel loads.
    this.exports = instance.exports as unknown as KernelExports;
    const [secretA, secretB] = options.secret ?? DEFAULT_SECRET;
    const eventPages = options.sharedEventPages ?? EVENT_PAGES;
    assert(Number.isInteger(Math.log2(eventPages)), `${eventPages} pages of events`);
    this.exports.setUp(eventPages, secretA, secretB);
    const inputAddress = this.exports.inputAddress() >>> 0;
    const eventAddress = this.exports.eventAddress() >>> 0;
    // Shared memory that grows keeps its views.
    const { buffer } = memory;
    this.input = new Uint8Array(buffer, inputAddress, INPUT_RECORDS * RECORD_BYTES);
    this.inputView = new DataView(buffer, inputAddress, INPUT_RECORDS * RECORD_BYTES);
    this.inputWords = new Int32Array(this.input.buffer, inputAddress, this.input.byteLength >> 2);
    const capacity = eventPages * EVENTS_PER_PAGE;
    this.#events = new Uint8Array(buffer, eventAddress, capacity * RECORD_BYTES);
    this.#memory = memory;
    const countersAddress = this.exports.countersAddress() >>> 0;
    this.#ring = { buffer, countersAddress, eventsAddress: eventAddress, capacity };
    this.#published = new Int32Array(buffer, countersAddress, 1);
    this.#consumed = new Int32Array(buffer, countersAddress + 128, 1);
    this.#isShared = options.sharedEventPages !== undefined;
    if (this.#isShared) this.exports.shareEvents();
  }

  /** A market that no command has created yet. */
  addMarket(options: EngineOptions = {}): KernelEngine {
    return new KernelEngine(this, this.newMarket(engineCapacity(options)));
  }

  /**
   * A market from a snapshot.
   * @param chunks - a snapshot of either engine, in pieces of any size
   * @param options - capacities are those of the snapshot; what is given must be the same
   * @throws SnapshotError for anything that is not a whole and sound snapshot
   */
  restoreMarket(chunks: Iterable<Uint8Array>, options: EngineOptions = {}): KernelEngine {
    // The kernel has one place to remember how far it is.
    this.#assertNoAdoption();
    let market = 0;
    const header = readSnapshot(chunks, {
      begin: ({ capacity }) => {
        checkOptions(capacity, options);
        market = this.newMarket(capacity);
      },
      records: (records, count) => {
        this.input.set(records.subarray(0, count * RECORD_BYTES));
        this.exports.restoreRecords(market, count);
      },
    });
    this.exports.beginSort(market);
    this.exports.continueSort(market, ALL_ORDERS);
    const engine = new KernelEngine(this, market);
    checkStateHash(header, engine.stateHash());
    return engine;
  }

  /** A market that another kernel of the process gives away; one at a time. */
  adopt(): Adoption {
    this.#assertNoAdoption();
    this.#isAdopting = true;
    return new Adoption(this);
  }

  endAdoption(): void {
    this.#isAdopting = false;
  }

  #assertNoAdoption(): void {
    assert(!this.#isAdopting, 'the kernel takes over another market at this time');
  }

  /** Address of an empty market. */
  newMarket(capacity: EngineCapacity): number {
    this.assertIdle();
    return this.exports.addMarket(
      capacity.orderCapacity,
      capacity.levelCapacity,
      capacity.sessionCapacity,
      capacity.resultCapacity,
      capacity.matchLimit,
      capacity.triggerLimit,
    );
  }

  /** What another thread reads the events from. */
  get sharedEvents(): SharedEvents {
    assert(this.#isShared, 'this kernel does not share its events');
    return this.#ring;
  }

  /** Memory that the markets, their commands and events have taken. */
  get usedBytes(): number {
    return this.exports.usedPages() * PAGE_BYTES;
  }

  /** Memory for so many commands, which stays theirs. */
  layCommands(count: number): LaidCommands {
    const bytes = count * RECORD_BYTES;
    const address = this.exports.reserveInput(Math.ceil(bytes / PAGE_BYTES)) >>> 0;
    return { bytes: new Uint8Array(this.#memory.buffer, address, bytes), address };
  }

  /**
   * Memory for so many bytes more than is taken now, if the machine gives it, and all that is
   * taken: for one who sees to it that its pages are there before they are used.
   */
  reserve(bytes: number): Uint8Array {
    // What the machine refuses now is asked for again when it is needed.
    this.makeRoom(bytes);
    const { buffer } = this.#memory;
    const wanted = this.usedBytes + bytes;
    this.#present = Math.min(buffer.byteLength, Math.max(this.#present, wanted));
    return new Uint8Array(buffer, 0, this.#present);
  }

  /**
   * Gets memory for so many bytes more than is taken now, which nobody touches for that; false if
   * the machine does not give it. What was given back counts as taken, as not everybody can use it.
   */
  makeRoom(bytes: number): boolean {
    const wanted = Math.ceil((this.usedBytes + bytes) / PAGE_BYTES);
    const missing = Math.min(wanted, this.#mostPages) - this.#memory.buffer.byteLength / PAGE_BYTES;
    try {
      if (missing > 0) this.#memory.grow(missing);
    } catch {
      return false;
    }
    return wanted <= this.#mostPages;
  }

  /**
   * Memory that the next commands will take and that nobody has touched, at most `mostBytes`, and
   * up to `aheadBytes` beyond what is taken; undefined if there is none. It counts as touched then.
   * What is taken is touched by who took it, or, like most results of a new market, never.
   */
  takeUntouched(aheadBytes: number, mostBytes: number): Uint8Array | undefined {
    const first = Math.max(this.#present, this.usedBytes);
    const wanted = this.usedBytes + aheadBytes - first;
    if (wanted <= 0) return undefined;
    const { buffer } = this.#memory;
    const bytes = Math.min(wanted, mostBytes, buffer.byteLength - first);
    if (bytes <= 0) return undefined;
    this.#present = first + bytes;
    return new Uint8Array(buffer, first, bytes);
  }

  /** Runs what writes events, and hands them to a sink. */
  collect(sink: EventSink, run: () => void): void {
    assert(!this.#isShared, 'the events of this kernel are read by another thread');
    this.assertIdle();
    this.#sink = sink;
    run();
    this.exports.flushRest();
    this.#sink = undefined;
  }

  /**
   * The kernel has one place to remember how far a snapshot is: a new one takes it over, as nobody
   * tells when one is dropped. Gives the snapshot's number.
   */
  beginSnapshot(): number {
    this.#snapshot += 1;
    return this.#snapshot;
  }

  /** @throws KernelError if another snapshot was begun since */
  checkSnapshot(number: number): void {
    if (number === this.#snapshot) return;
    const rule = 'a kernel writes one at a time; begin it anew';
    const message = `another snapshot of this kernel was begun before this one ended: ${rule}`;
    throw new KernelError('KERNEL_SNAPSHOT_TAKEN_OVER', message);
  }

  /** Answers to queries are written where commands still wait while a group is applied. */
  assertIdle(): void {
    assert(this.#sink === undefined, 'a call from inside a sink, or after one that threw');
  }

  /** Until there is room in the ring: the reader reads all the time, or is gone. */
  #waitForReader(): void {
    // The value that means full, not the one of now: the reader may have read all by now.
    const full = (Atomics.load(this.#published, 0) - this.#ring.capacity) | 0;
    const isFull = () => Atomics.load(this.#consumed, 0) === full;
    for (let spins = 0; isFull() && spins < READER_SPINS; spins++);
    // Nobody wakes this thread: the reader is not to pay for a writer that is ahead of it.
    for (let ms = 0; isFull(); ms++) {
      if (ms === READER_PATIENCE_MS) {
        const message = 'the event ring is full, and nobody has read it for 10 s';
        throw new KernelError('KERNEL_EVENTS_NOT_READ', message);
      }
      Atomics.wait(this.#consumed, 0, full, 1);
    }
  }

  #flush(count: number): void {
    assert(this.#sink !== undefined);
    this.#sink(this.#events, count);
  }
}
