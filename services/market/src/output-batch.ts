/**
 * Gathers records of one output subject into batches that a broker takes. Batches end between
 * commands; a command with more events than fit is cut, and said to be (PARTIAL, CONTINUES).
 */
import assert from 'node:assert/strict';
import {
  BatchFlag,
  type BatchKind,
  RECORD_BYTES,
  viewOf,
  writeBatchHeader,
} from '@foldbook/protocol';

/** A batch is sent off at the first command's end past this. */
export const SOFT_LIMIT_RECORDS = 4_096;
/** A batch is cut inside a command here: 768 KiB, below a broker's default 1 MiB. */
export const HARD_LIMIT_RECORDS = 12_288;

const FIRST_CAPACITY_RECORDS = 64;

export interface BatchContext {
  readonly kind: BatchKind;
  readonly market: number;
  readonly generation: number;
}

export type SendBatch = (payload: Uint8Array) => void;

export class OutputBatch {
  readonly #context: BatchContext;
  readonly #send: SendBatch;
  /** CRC to put into a batch that ends between commands. */
  readonly #depthCrc: () => number;
  #buffer = new Uint8Array((FIRST_CAPACITY_RECORDS + 1) * RECORD_BYTES);
  #view = viewOf(this.#buffer);
  #count = 0;
  #first = 0;
  #current = 0;
  #prev: number;
  #continues = false;

  /** `prev`: last market sequence that was sent before, 0 for none. */
  constructor(context: BatchContext, prev: number, send: SendBatch, depthCrc: () => number) {
    this.#context = context;
    this.#prev = prev;
    this.#send = send;
    this.#depthCrc = depthCrc;
  }

  get prev(): number {
    return this.#prev;
  }

  /** Room for one more record of the command `sequence`; write 64 bytes at the offset given. */
  claim(sequence: number): number {
    if (this.#count > 0 && sequence !== this.#current && this.#count >= SOFT_LIMIT_RECORDS) {
      this.flush();
    }
    if (this.#count >= HARD_LIMIT_RECORDS) this.#cut();
    if (this.#count === 0) this.#first = sequence;
    this.#current = sequence;
    this.#grow();
    this.#count += 1;
    return this.#count * RECORD_BYTES;
  }

  /** Copies a record in. */
  add(source: Uint8Array, offset: number, sequence: number): void {
    const at = this.claim(sequence);
    this.#buffer.set(source.subarray(offset, offset + RECORD_BYTES), at);
  }

  /** Valid until the next `claim`. */
  get view(): DataView {
    return this.#view;
  }

  /** Sends what there is, at the end of a command. */
  flush(): void {
    if (this.#count === 0) return;
    this.#emit(this.#current, this.#continues ? BatchFlag.CONTINUES : 0, this.#depthCrc());
    this.#prev = this.#current;
    this.#continues = false;
  }

  #cut(): void {
    const flags = BatchFlag.PARTIAL | (this.#continues ? BatchFlag.CONTINUES : 0);
    this.#emit(this.#current - 1, flags, 0);
    this.#continues = true;
  }

  #emit(last: number, flags: number, depthCrc: number): void {
    writeBatchHeader(this.#view, 0, {
      ...this.#context,
      count: this.#count,
      flags,
      first: this.#first,
      last,
      prev: this.#prev,
      depthCrc,
    });
    this.#send(this.#buffer.slice(0, (this.#count + 1) * RECORD_BYTES));
    this.#count = 0;
  }

  #grow(): void {
    const needed = (this.#count + 2) * RECORD_BYTES;
    if (needed <= this.#buffer.byteLength) return;
    const limit = (HARD_LIMIT_RECORDS + 1) * RECORD_BYTES;
    assert(needed <= limit, 'a batch is cut before it outgrows its limit');
    const grown = new Uint8Array(Math.min(limit, this.#buffer.byteLength * 2));
    grown.set(this.#buffer);
    this.#buffer = grown;
    this.#view = viewOf(grown);
  }
}
