/**
 * A market that comes from another kernel of the same process, step by step, so that the markets
 * that are here need not wait for it. What it comes from is trusted to be a snapshot, but for a
 * comparison of the state hashes; one from outside goes through `KernelHost.restoreMarket`.
 */
import assert from 'node:assert/strict';
import { RECORD_BYTES } from '@foldbook/protocol';
import { KIND_OFFSET, RESULT_BYTES, SnapshotKind } from '../snapshot/layout.ts';
import { readHeader, type SnapshotHeader } from '../snapshot/market-records.ts';
import { SnapshotCursor } from '../snapshot/snapshot-cursor.ts';
import { checkStateHash } from '../snapshot/snapshot-reader.ts';
import { KernelEngine } from './kernel-engine.ts';
import { INPUT_RECORDS } from './kernel-exports.ts';
import type { KernelHost } from './kernel-host.ts';

/**
 * More than the records of a chunk can take: 32 KiB each. An account that is far from all others
 * takes 6; an order at a price far from all others, and for which a part of the table of names is
 * split, takes some 15.
 */
export const CHUNK_ROOM_BYTES = 32 * 2 ** 20;

export class Adoption {
  readonly #host: KernelHost;
  #header: SnapshotHeader | undefined;
  #market = 0;
  #isWhole = false;
  #isOver = false;

  /** Made by `KernelHost.adopt`. */
  constructor(host: KernelHost) {
    this.#host = host;
  }

  /** Whether the END was there: `step` does the rest. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /**
   * The next chunk, as `Engine.snapshot` gave it. False when the machine has no memory for it:
   * nothing was done with it then, and `drop` takes what came before apart.
   */
  add(chunk: Uint8Array): boolean {
    assert(!this.#isWhole && !this.#isOver, 'a chunk behind the END');
    const { exports, input } = this.#host;
    const records = chunk.byteLength / RECORD_BYTES;
    assert(records > 0 && records <= INPUT_RECORDS, `a chunk of ${records} records`);
    const header = this.#header ?? headerOf(chunk);
    const ringBytes = this.#market === 0 ? header.capacity.resultCapacity * RESULT_BYTES : 0;
    // Between chunks the market is sound, so that it can be taken apart; in one it is not.
    if (!this.#host.makeRoom(CHUNK_ROOM_BYTES + ringBytes)) {
      this.#end();
      return false;
    }
    if (this.#market === 0) this.#market = this.#host.newMarket(header.capacity);
    this.#header = header;
    if (chunk[KIND_OFFSET] === SnapshotKind.END) {
      exports.beginSort(this.#market);
      this.#isWhole = true;
      return true;
    }
    input.set(chunk);
    exports.restoreRecords(this.#market, records);
    return true;
  }

  /**
   * Gives back what a market took for which there was no room, `orders` orders at a time; false
   * when nothing is left of it.
   */
  drop(orders: number): boolean {
    assert(this.#isOver && !this.#isWhole, 'the market comes');
    if (this.#market === 0 || this.#host.exports.dismantle(this.#market, orders) === 0) {
      this.#market = 0;
      return false;
    }
    return true;
  }

  /**
   * Puts the queues of some `orders` orders right; the market once all are.
   * @throws SnapshotError SNAPSHOT_STATE_HASH if this is not the market that was written
   */
  step(orders: number): KernelEngine | undefined {
    assert(this.#isWhole && this.#header !== undefined, 'the market is not whole');
    if (this.#host.exports.continueSort(this.#market, orders) !== 0) return undefined;
    this.#end();
    const engine = new KernelEngine(this.#host, this.#market);
    checkStateHash(this.#header, engine.stateHash());
    return engine;
  }

  #end(): void {
    this.#isOver = true;
    this.#host.endAdoption();
  }
}

function headerOf(chunk: Uint8Array): SnapshotHeader {
  const cursor = new SnapshotCursor([chunk]);
  cursor.advance();
  return readHeader(cursor);
}
