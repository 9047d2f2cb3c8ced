/** What every format's decoder is: bytes in, blocks of events out. */
import type { DecoderOptions, EventBlock } from './decoder.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import type { Scale } from './scale.ts';

export type DecodingOptions = Pick<DecoderOptions, 'inputBytes' | 'blockEvents' | 'lenient'>;

export interface MarketDecoder {
  /** Of a format whose file says it: once that was read. */
  readonly scale: Scale;
  /** Lines, records or packets taken so far. */
  readonly units: bigint;
  /** Faulty ones among them, which a lenient decoder went past. */
  readonly faults: bigint;
  /** Whole ones among them that say nothing of the book. */
  readonly skipped: bigint;
  /** Bytes taken so far. */
  readonly consumed: number;
  /** Levels of a side that the feed tells of; undefined: all, or nobody has said. */
  readonly levels?: number | undefined;
  /** Instruments that events have named so far. */
  readonly instrumentCount: number;
  /** Their names by the numbers that events have. */
  instruments(): string[];
  /**
   * Decodes as far as bytes last, wherever they are cut. A block is only valid during the call.
   * @throws DecodeError after what came before the fault was handed over
   */
  push(bytes: Uint8Array, onBlock: (block: EventBlock) => void): void;
  /**
   * The input has ended.
   * @throws DecodeError TRUNCATED where it ended inside something
   */
  end(onBlock: (block: EventBlock) => void): void;
  /**
   * Another input begins, as if there had been none before it; instruments that events have named
   * keep their numbers. Those of the compact format are the file's own.
   */
  restart(): void;
}

/** Where the names of a kernel's table lie in its memory, in the order of their numbers. */
export function namesIn({ exports, memory }: HistoryKernel, table: number): Uint8Array[] {
  const view = new DataView(memory.buffer);
  return Array.from({ length: exports.instrumentCount(table) }, (_, number) => {
    const entry = exports.instrumentAt(table, number) >>> 0;
    // Copied, as no decoder of the platform reads shared memory.
    return new Uint8Array(memory.buffer, entry + NAME, view.getUint32(entry, true)).slice();
  });
}

/** As assembly/instruments.ts has it. */
const NAME = 8;
