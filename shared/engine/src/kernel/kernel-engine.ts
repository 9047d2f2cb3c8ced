/** A market of the kernel as an engine. */
import assert from 'node:assert/strict';
import { MAX_ACCOUNT, RECORD_BYTES, ResultCode, type Side } from '@foldbook/protocol';
import {
  assertGroup,
  BALANCE_WORDS,
  type Balances,
  DEPTH_WORDS,
  type DepthLevel,
  type Engine,
  type EngineOptions,
  type EventSink,
  type RequestOutcome,
} from '../engine.ts';
import { sealSnapshot } from '../snapshot/snapshot-writer.ts';
import { INPUT_RECORDS } from './kernel-exports.ts';
import { KernelHost, type KernelHostOptions, type LaidCommands } from './kernel-host.ts';

const DEPTH_BYTES = 24;
const DEPTH_LEVELS = Math.floor((INPUT_RECORDS * RECORD_BYTES) / DEPTH_BYTES);
const NO_DEADLINE = 2n ** 64n - 1n;

/** What `outcome` of the kernel gives: codes, and 1 for what it has not seen. */
const OUTCOME_KINDS: ReadonlyMap<number, RequestOutcome['kind']> = new Map([
  [ResultCode.OK, 'executed'],
  [ResultCode.SUPERSEDED, 'superseded'],
  [ResultCode.UNKNOWN_EXPIRED, 'expired'],
  [1, 'not_seen'],
]);

const unsigned = (value: bigint) => BigInt.asUintN(64, value);

export class KernelEngine implements Engine {
  readonly #host: KernelHost;
  readonly #market: number;
  #state: 'here' | 'leaving' | 'gone' = 'here';

  /** Made by a host; `market` is an address in its memory. */
  constructor(host: KernelHost, market: number) {
    this.#host = host;
    this.#market = market;
  }

  /** The market's address; what was there may belong to another one when it is gone. */
  get #here(): number {
    if (this.#state !== 'here') assert.fail('the market is elsewhere');
    return this.#market;
  }

  get sequence(): bigint {
    return unsigned(this.#host.exports.sequence(this.#here));
  }

  apply(commands: Uint8Array, count: number, timeNs: bigint, sink: EventSink): void {
    assertGroup(commands, count, timeNs);
    const { exports, input } = this.#host;
    // Before the host is busy with it: what fails while it is leaves it so.
    const market = this.#here;
    this.#host.collect(sink, () => {
      let done = 0;
      do {
        const block = Math.min(count - done, INPUT_RECORDS);
        const end = (done + block) * RECORD_BYTES;
        input.set(commands.subarray(done * RECORD_BYTES, end));
        exports.applyCommands(market, block, timeNs);
        done += block;
      } while (done < count);
    });
  }

  /**
   * Applies `count` commands that lie in the kernel's memory, from number `first` on, and publishes
   * their events after every `publishEvery` of them, to the thread that reads them.
   */
  applyLaid(
    laid: LaidCommands,
    first: number,
    count: number,
    timeNs: bigint,
    publishEvery: number,
  ): void {
    if (first < 0) assert.fail(`laid commands from number ${first} on`);
    assertGroup(laid.bytes, first + count, timeNs);
    if (!Number.isInteger(publishEvery) || publishEvery <= 0) {
      assert.fail(`every ${publishEvery} commands`);
    }
    const address = laid.address + first * RECORD_BYTES;
    this.#host.exports.applyAt(this.#here, address, count, timeNs, publishEvery);
  }

  stateHash(): bigint {
    return unsigned(this.#host.exports.stateHash(this.#here));
  }

  balance(account: number): Balances {
    this.#askBalance(account);
    const read = (index: number) => this.#host.inputView.getBigUint64(index * 8, true);
    return {
      baseAvailable: read(0),
      baseHeld: read(1),
      quoteAvailable: read(2),
      quoteHeld: read(3),
    };
  }

  writeBalance(account: number, into: Int32Array, at: number): void {
    this.#askBalance(account);
    const { inputWords } = this.#host;
    for (let word = 0; word < BALANCE_WORDS; word += 1) into[at + word] = inputWords[word] ?? 0;
  }

  #askBalance(account: number): void {
    this.#host.assertIdle();
    // Words are put together only when they are needed: this is asked after every group.
    if (!Number.isInteger(account) || account < 0) {
      assert.fail(`an account has the number ${account}`);
    }
    // Numbers above 2^32 would wrap around on their way into the kernel.
    this.#host.exports.balance(this.#here, Math.min(account, MAX_ACCOUNT + 1));
  }

  openRecords(): number {
    return Number(this.#host.exports.openRecords(this.#here));
  }

  depth(side: Side, maxLevels: number): DepthLevel[] {
    this.#host.assertIdle();
    const { exports, inputView } = this.#host;
    const levels: DepthLevel[] = [];
    while (levels.length < maxLevels) {
      const limit = Math.min(maxLevels - levels.length, DEPTH_LEVELS);
      const count = exports.depth(this.#here, side, levels.at(-1)?.price ?? 0n, limit);
      for (let index = 0; index < count; index += 1) {
        const at = index * DEPTH_BYTES;
        levels.push({
          price: inputView.getBigUint64(at, true),
          quantity: inputView.getBigUint64(at + 8, true),
          orders: Number(inputView.getBigUint64(at + 16, true)),
        });
      }
      if (count < limit) break;
    }
    return levels;
  }

  writeDepth(side: Side, maxLevels: number, into: Int32Array, at: number): number {
    this.#host.assertIdle();
    const { exports, inputWords } = this.#host;
    const limit = Math.min(maxLevels, DEPTH_LEVELS);
    const count = exports.depth(this.#here, side, 0n, limit);
    for (let word = 0; word < count * DEPTH_WORDS; word += 1) {
      into[at + word] = inputWords[word] ?? 0;
    }
    return count;
  }

  openOrders(): number {
    return this.#host.exports.openOrders(this.#here);
  }

  openOrdersOf(account: number, after: bigint, limit: number): Uint8Array {
    this.#host.assertIdle();
    assert(Number.isInteger(account) && account >= 0, `an account has the number ${account}`);
    assert(Number.isInteger(limit) && limit >= 0, `a limit of ${limit} orders`);
    const records = new Uint8Array(Math.min(limit, this.openOrders()) * RECORD_BYTES);
    const id = Math.min(account, MAX_ACCOUNT + 1);
    let filled = 0;
    let last = after;
    while (filled < records.length) {
      const wanted = Math.min(records.length / RECORD_BYTES - filled / RECORD_BYTES, INPUT_RECORDS);
      const found = this.#host.exports.openOrdersOf(this.#here, id, last, wanted);
      records.set(this.#host.input.subarray(0, found * RECORD_BYTES), filled);
      filled += found * RECORD_BYTES;
      if (found < wanted) break;
      last = this.#host.inputView.getBigUint64((found - 1) * RECORD_BYTES + 16, true);
    }
    return records.subarray(0, filled);
  }

  outcomeOf(account: number, session: number, requestId: bigint): RequestOutcome {
    this.#host.assertIdle();
    assert(Number.isInteger(account) && account >= 0, `an account has the number ${account}`);
    const { exports, inputView } = this.#host;
    const id = Math.min(account, MAX_ACCOUNT + 1);
    const found = exports.outcome(this.#here, id, session, requestId);
    const kind = OUTCOME_KINDS.get(found);
    assert(kind !== undefined, `the kernel tells ${found} of a request`);
    const isKnown = kind === 'executed';
    return {
      kind,
      sequence: isKnown ? inputView.getBigUint64(0, true) : 0n,
      code: isKnown ? Number(inputView.getBigUint64(8, true)) : 0,
      lastRequestId: inputView.getBigUint64(16, true),
    };
  }

  nextTimerNs(): bigint | undefined {
    const deadline = unsigned(this.#host.exports.nextTimerNs(this.#here));
    return deadline === NO_DEADLINE ? undefined : deadline;
  }

  lastPrice(): bigint {
    return unsigned(this.#host.exports.lastPrice(this.#here));
  }

  snapshot(): Generator<Uint8Array, void, undefined> {
    return sealSnapshot(this.#snapshotRecords());
  }

  /**
   * Gives back the memory of a market that goes on elsewhere, `orders` orders at a time, or as many
   * accounts as take as long. False when nothing is left. After the first call the market must not
   * be used.
   */
  dismantle(orders: number): boolean {
    if (this.#state === 'gone') return false;
    this.#host.assertIdle();
    this.#state = 'leaving';
    if (this.#host.exports.dismantle(this.#market, orders) !== 0) return true;
    this.#state = 'gone';
    return false;
  }

  *#snapshotRecords(): Generator<Uint8Array, void, undefined> {
    const { exports, input } = this.#host;
    const { sequence } = this;
    const snapshot = this.#host.beginSnapshot();
    exports.openSnapshot(this.#here);
    for (;;) {
      this.#host.checkSnapshot(snapshot);
      this.#host.assertIdle();
      assert.equal(this.sequence, sequence, 'commands came in the middle of a snapshot');
      const count = exports.continueSnapshot(this.#here);
      if (count === 0) return;
      // A copy: another market of the host may be asked before the next part is.
      yield input.slice(0, count * RECORD_BYTES);
    }
  }
}

/** A market with a kernel of its own. */
export function createKernelEngine(
  module: WebAssembly.Module,
  options: EngineOptions & KernelHostOptions = {},
): Engine {
  return new KernelHost(module, options).addMarket(options);
}

/** A market with a kernel of its own, from a snapshot: see `KernelHost.restoreMarket`. */
export function restoreKernelEngine(
  module: WebAssembly.Module,
  chunks: Iterable<Uint8Array>,
  options: EngineOptions & KernelHostOptions = {},
): Engine {
  return new KernelHost(module, options).restoreMarket(chunks, options);
}
