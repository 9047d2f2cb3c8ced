/**
 * A market that comes from another kernel of the same process, step by step, so that the markets
 * that are here need not wait for it. What it comes from is trusted to be a snapshot, but for a
 * comparison of the state hashes; one from outside goes through `KernelHost.restoreMarket`.
 */
import assert from 'node:assert/strict';
import { RECORD_BYTES } from '@foldbook/protocol';
import { KIND_OFFSET, SnapshotKind } from '../snapshot/layout.ts';
import { readHeader, type SnapshotHeader } from '../snapshot/market-records.ts';
import { SnapshotCursor } from '../snapshot/snapshot-cursor.ts';
import { checkStateHash } from '../snapshot/snapshot-reader.ts';
import { KernelEngine } from './kernel-engine.ts';
import { INPUT_RECORDS } from './kernel-exports.ts';
import type { KernelHost } from './kernel-host.ts';

export class Adoption {
  readonly #host: KernelHost;
  #header: SnapshotHeader | undefined;
  #market = 0;
  #isWhole = false;

  /** Made by `KernelHost.adopt`. */
  constructor(host: KernelHost) {
    this.#host = host;
  }

  /** Whether the END was there: `step` does the rest. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** The next chunk, as `Engine.snapshot` gave it. */
  add(chunk: Uint8Array): void {
    assert(!this.#isWhole, 'a chunk behind the END');
    const { exports, input } = this.#host;
    const records = chunk.byteLength / RECORD_BYTES;
    assert(records > 0 && records <= INPUT_RECORDS, `a chunk of ${records} records`);
    if (this.#header === undefined) this.#begin(chunk);
    if (chunk[KIND_OFFSET] === SnapshotKind.END) {
      exports.beginSort(this.#market);
      this.#isWhole = true;
      return;
    }
    input.set(chunk);
    exports.restoreRecords(this.#market, records);
  }

  /**
   * Puts the queues of some `orders` orders right; the market once all are.
   * @throws SnapshotError SNAPSHOT_STATE_HASH if this is not the market that was written
   */
  step(orders: number): KernelEngine | undefined {
    assert(this.#isWhole && this.#header !== undefined, 'the market is not whole');
    if (this.#host.exports.continueSort(this.#market, orders) !== 0) return undefined;
    this.#host.endAdoption();
    const engine = new KernelEngine(this.#host, this.#market);
    checkStateHash(this.#header, engine.stateHash());
    return engine;
  }

  #begin(chunk: Uint8Array): void {
    const cursor = new SnapshotCursor([chunk]);
    cursor.advance();
    this.#header = readHeader(cursor);
    this.#market = this.#host.newMarket(this.#header.capacity);
  }
}
