/** The kernel as an engine: one WebAssembly instance, with a memory of its own, a market. */
import assert from 'node:assert/strict';
import { MAX_ACCOUNT, RECORD_BYTES, type Side } from '@foldbook/protocol';
import {
  assertGroup,
  type Balances,
  type DepthLevel,
  type Engine,
  type EngineOptions,
  type EventSink,
  engineCapacity,
} from '../engine.ts';
import { KernelError } from './kernel-error.ts';

/** See assembly/index.ts; 64-bit integers cross as signed BigInts, addresses as signed numbers. */
interface KernelExports {
  readonly memory: WebAssembly.Memory;
  setUp(orders: number, levels: number, sessions: number): void;
  inputAddress(): number;
  eventAddress(): number;
  applyCommands(count: number, stampNs: bigint): void;
  flushRest(): void;
  sequence(): bigint;
  stateHash(): bigint;
  openRecords(): bigint;
  openOrders(): number;
  balance(account: number): void;
  depth(side: number, after: bigint, limit: number): number;
}

const INPUT_RECORDS = 1_024;
const EVENT_RECORDS = 2_048;
const DEPTH_BYTES = 24;
const DEPTH_LEVELS = Math.floor((INPUT_RECORDS * RECORD_BYTES) / DEPTH_BYTES);

const unsigned = (value: bigint) => BigInt.asUintN(64, value);

class KernelEngine implements Engine {
  readonly #kernel: KernelExports;
  readonly #inputAddress: number;
  readonly #eventAddress: number;
  // Views of the memory; a memory that grew needs new ones.
  #input: Uint8Array;
  #inputView: DataView;
  #events: Uint8Array;
  /** Set while `apply` runs, and left so when it throws: the state is then half a command old. */
  #sink: EventSink | undefined;

  constructor(module: WebAssembly.Module, options: EngineOptions) {
    const { orderCapacity, levelCapacity, sessionCapacity } = engineCapacity(options);
    const instance = new WebAssembly.Instance(module, {
      host: {
        flushEvents: (count: number) => this.#flush(count),
        outOfMemory: () => {
          const message = 'this machine gives the market no more memory; restart it with more room';
          throw new KernelError('KERNEL_OUT_OF_MEMORY', message);
        },
      },
    });
    // The boundary to compiled code: nothing but build.ts writes what loadKernel loads.
    this.#kernel = instance.exports as unknown as KernelExports;
    this.#kernel.setUp(orderCapacity, levelCapacity, sessionCapacity);
    this.#inputAddress = this.#kernel.inputAddress() >>> 0;
    this.#eventAddress = this.#kernel.eventAddress() >>> 0;
    const { buffer } = this.#kernel.memory;
    this.#input = new Uint8Array(buffer, this.#inputAddress, INPUT_RECORDS * RECORD_BYTES);
    this.#inputView = new DataView(buffer, this.#inputAddress, INPUT_RECORDS * RECORD_BYTES);
    this.#events = new Uint8Array(buffer, this.#eventAddress, EVENT_RECORDS * RECORD_BYTES);
  }

  get sequence(): bigint {
    return unsigned(this.#kernel.sequence());
  }

  apply(commands: Uint8Array, count: number, timeNs: bigint, sink: EventSink): void {
    assertGroup(commands, count, timeNs);
    this.#assertIdle();
    this.#sink = sink;
    let done = 0;
    do {
      const block = Math.min(count - done, INPUT_RECORDS);
      const end = (done + block) * RECORD_BYTES;
      this.#refreshViews();
      this.#input.set(commands.subarray(done * RECORD_BYTES, end));
      this.#kernel.applyCommands(block, timeNs);
      done += block;
    } while (done < count);
    this.#kernel.flushRest();
    this.#sink = undefined;
  }

  stateHash(): bigint {
    return unsigned(this.#kernel.stateHash());
  }

  balance(account: number): Balances {
    this.#assertIdle();
    assert(Number.isInteger(account) && account >= 0, `an account has the number ${account}`);
    // Numbers above 2^32 would wrap around on their way into the kernel.
    this.#kernel.balance(Math.min(account, MAX_ACCOUNT + 1));
    this.#refreshViews();
    const read = (index: number) => this.#inputView.getBigUint64(index * 8, true);
    return {
      baseAvailable: read(0),
      baseHeld: read(1),
      quoteAvailable: read(2),
      quoteHeld: read(3),
    };
  }

  openRecords(): number {
    return Number(this.#kernel.openRecords());
  }

  depth(side: Side, maxLevels: number): DepthLevel[] {
    this.#assertIdle();
    const levels: DepthLevel[] = [];
    while (levels.length < maxLevels) {
      const limit = Math.min(maxLevels - levels.length, DEPTH_LEVELS);
      const count = this.#kernel.depth(side, levels.at(-1)?.price ?? 0n, limit);
      this.#refreshViews();
      for (let index = 0; index < count; index += 1) {
        const at = index * DEPTH_BYTES;
        levels.push({
          price: this.#inputView.getBigUint64(at, true),
          quantity: this.#inputView.getBigUint64(at + 8, true),
          orders: Number(this.#inputView.getBigUint64(at + 16, true)),
        });
      }
      if (count < limit) break;
    }
    return levels;
  }

  openOrders(): number {
    return this.#kernel.openOrders();
  }

  /** Answers to queries are written where commands still wait while `apply` runs. */
  #assertIdle(): void {
    assert(this.#sink === undefined, 'a call from inside a sink, or after one that threw');
  }

  #flush(count: number): void {
    assert(this.#sink !== undefined);
    this.#refreshViews();
    this.#sink(this.#events, count);
  }

  #refreshViews(): void {
    const { buffer } = this.#kernel.memory;
    if (this.#input.buffer === buffer) return;
    this.#input = new Uint8Array(buffer, this.#inputAddress, INPUT_RECORDS * RECORD_BYTES);
    this.#inputView = new DataView(buffer, this.#inputAddress, INPUT_RECORDS * RECORD_BYTES);
    this.#events = new Uint8Array(buffer, this.#eventAddress, EVENT_RECORDS * RECORD_BYTES);
  }
}

export function createKernelEngine(
  module: WebAssembly.Module,
  options: EngineOptions = {},
): Engine {
  return new KernelEngine(module, options);
}
