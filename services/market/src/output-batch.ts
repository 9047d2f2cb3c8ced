/**
 * Gathers records of one output subject into batches that a broker takes. Batches end between
 * commands; only a command with more events than fit any batch is cut, and said to be (PARTIAL,
 * CONTINUES). A batch that is cut holds nothing but that command: what is told of the commands
 * before it never depends on whether its rest follows.
 */
import {
  BatchFlag,
  type BatchKind,
  RECORD_BYTES,
  type Slab,
  viewOf,
  writeBatchHeader,
} from '@foldbook/protocol';
import { BatchBuffers } from './batch-buffers.ts';

/** A batch is sent off at the first command's end past this. */
export const SOFT_LIMIT_RECORDS = 4_096;
/** No batch has more: 768 KiB, below a broker's default 1 MiB. */
export const HARD_LIMIT_RECORDS = 12_288;

const NO_BUFFER = new Uint8Array(0);
const NO_VIEW = viewOf(NO_BUFFER);

export type SendBatch = (payload: Uint8Array) => void;

export interface OutputBatchParts {
  readonly kind: BatchKind;
  readonly market: number;
  /** Of the batches to come; may change between them. */
  readonly generation: () => number;
  /** Last market sequence that was sent before, 0 for none. */
  readonly prev: number;
  readonly send: SendBatch;
  /** Where what it sends lies, if that is kept for longer than others' batches are. */
  readonly slab?: Slab;
  readonly buffers: BatchBuffers;
  /** CRC for a batch that ends between commands, asked before the next command's first record. */
  readonly depthCrc?: () => number;
}

/** Of what is durable: a stream says by itself what stands behind what. */
export const noGeneration = () => 0;

/** For every batch of a process. */
export const createBatchBuffers = () => new BatchBuffers((HARD_LIMIT_RECORDS + 1) * RECORD_BYTES);

/** Word by word: a block copy would make a view of the source for each record. */
export function copyRecord(from: DataView, fromOffset: number, to: DataView, toOffset: number) {
  for (let at = 0; at < RECORD_BYTES; at += 8) {
    to.setBigUint64(toOffset + at, from.getBigUint64(fromOffset + at, true), true);
  }
}

export class OutputBatch {
  readonly #parts: OutputBatchParts;
  #buffer: Uint8Array = NO_BUFFER;
  #view = NO_VIEW;
  #count = 0;
  #first = 0;
  #current = 0;
  /** Records in front that belong to commands before the current one, and the last of these. */
  #whole = 0;
  #wholeLast = 0;
  #prev: number;
  #continues = false;

  constructor(parts: OutputBatchParts) {
    this.#parts = parts;
    this.#prev = parts.prev;
  }

  get prev(): number {
    return this.#prev;
  }

  /** Nothing before was sent by this process, or will be. */
  startAfter(sequence: number): void {
    this.#prev = sequence;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Room for one more record of the command `sequence`; write 64 bytes at the offset given. */
  claim(sequence: number): number {
    if (this.#count > 0 && sequence !== this.#current) {
      if (this.#count >= SOFT_LIMIT_RECORDS) this.flush();
      this.#whole = this.#count;
      this.#wholeLast = this.#current;
    }
    if (this.#count >= HARD_LIMIT_RECORDS) {
      if (this.#whole > 0) this.#sendWhole();
      else this.#cut();
    }
    if (this.#count === 0) this.#first = sequence;
    this.#current = sequence;
    this.#reserve();
    this.#count += 1;
    return this.#count * RECORD_BYTES;
  }

  /** Copies a record in. */
  add(source: DataView, offset: number, sequence: number): void {
    const at = this.claim(sequence);
    copyRecord(source, offset, this.#view, at);
  }

  /** Valid until the next `claim` or `flush`. */
  get view(): DataView {
    return this.#view;
  }

  /** Sends what there is, at the end of a command. */
  flush(): void {
    if (this.#count === 0) return;
    this.#sendUpTo(this.#count, this.#current);
    this.#count = 0;
    this.#whole = 0;
    this.#parts.buffers.give(this.#buffer);
    this.#buffer = NO_BUFFER;
    this.#view = NO_VIEW;
  }

  /** Sends the commands before the current one, whose records move to the front. */
  #sendWhole(): void {
    const moved = this.#whole;
    this.#sendUpTo(moved, this.#wholeLast);
    this.#buffer.copyWithin(
      RECORD_BYTES,
      (moved + 1) * RECORD_BYTES,
      (this.#count + 1) * RECORD_BYTES,
    );
    this.#count -= moved;
    this.#whole = 0;
    this.#first = this.#current;
  }

  #sendUpTo(count: number, last: number): void {
    const crc = this.#parts.depthCrc?.() ?? 0;
    this.#emit(count, last, this.#continues ? BatchFlag.CONTINUES : 0, crc);
    this.#prev = last;
    this.#continues = false;
  }

  #cut(): void {
    const flags = BatchFlag.PARTIAL | (this.#continues ? BatchFlag.CONTINUES : 0);
    this.#emit(this.#count, this.#current - 1, flags, 0);
    this.#count = 0;
    this.#continues = true;
  }

  #emit(count: number, last: number, flags: number, depthCrc: number): void {
    const { kind, market, generation, send, buffers, slab = buffers.sent } = this.#parts;
    writeBatchHeader(this.#view, 0, {
      kind,
      market,
      generation: generation(),
      count,
      flags,
      first: this.#first,
      last,
      prev: this.#prev,
      depthCrc,
    });
    send(slab.copy(this.#buffer, 0, (count + 1) * RECORD_BYTES));
  }

  #reserve(): void {
    const neededBytes = (this.#count + 2) * RECORD_BYTES;
    if (neededBytes <= this.#buffer.byteLength) return;
    const { buffers } = this.#parts;
    const grown = buffers.take(neededBytes);
    if (this.#buffer !== NO_BUFFER) {
      grown.set(this.#buffer);
      buffers.give(this.#buffer);
    }
    this.#buffer = grown;
    this.#view = viewOf(grown);
  }
}
