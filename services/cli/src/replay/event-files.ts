/** Events as they come written to files: of this project, or of binary order records. */
import { closeSync, openSync, writeSync } from 'node:fs';
import {
  Action,
  Bin38Writer,
  CompactWriter,
  EVENT_BYTES,
  type EventBlock,
  EventFlag,
  EventOffset,
  EventSide,
  type HistoryKernel,
  type MarketDecoder,
} from '@foldbook/history';
import { UsageError } from '../cli-error.ts';
import { cannotWrite, OutputError, writingTo } from './fault.ts';

export interface EventFile {
  readonly path: string;
  /** It could not be written, which was told: it is no file of what was asked for. */
  readonly hasFailed: boolean;
  /** Events that are in the file. */
  readonly written: number;
  /** Those that its format cannot tell, and does not have. */
  readonly leftOut: number;
  /** @throws OutputError */
  append(block: EventBlock): void;
  /** Nothing follows. @throws OutputError, unless it was thrown before */
  close(): void;
}

/** What writes where, from one decoder. */
interface Parts {
  readonly kernel: HistoryKernel;
  readonly decoder: MarketDecoder;
}

class OutputFile {
  readonly path: string;
  readonly #file: number;
  hasFailed = false;

  constructor(path: string) {
    this.path = path;
    try {
      this.#file = openSync(path, 'w');
    } catch (error) {
      throw cannotWrite(path, error);
    }
  }

  readonly write = (bytes: Uint8Array): void => {
    // Copied, as no call of the system takes shared memory.
    try {
      for (let rest = bytes.slice(); rest.length > 0; ) {
        rest = rest.subarray(writingTo(this.path, () => writeSync(this.#file, rest)));
      }
    } catch (error) {
      this.hasFailed = error instanceof OutputError;
      throw error;
    }
  };

  close(): void {
    closeSync(this.#file);
  }
}

export class CompactFile implements EventFile {
  written = 0;
  readonly leftOut = 0;
  readonly #parts: Parts;
  readonly #file: OutputFile;
  /** Made with the first events: then the units are known. */
  #writer: CompactWriter | undefined;
  #known = 0;

  constructor(path: string, parts: Parts) {
    this.#parts = parts;
    this.#file = new OutputFile(path);
  }

  get path(): string {
    return this.#file.path;
  }

  get hasFailed(): boolean {
    return this.#file.hasFailed;
  }

  append(block: EventBlock): void {
    const { decoder } = this.#parts;
    const writer = this.#opened();
    if (decoder.instrumentCount !== this.#known) {
      this.#known = decoder.instrumentCount;
      writer.nameInstruments(decoder.instruments());
    }
    writer.append(block);
    this.written += block.count;
  }

  close(): void {
    try {
      if (!this.hasFailed) this.#opened().end();
    } finally {
      this.#file.close();
    }
  }

  #opened(): CompactWriter {
    const { kernel, decoder } = this.#parts;
    const { write } = this.#file;
    this.#writer ??= new CompactWriter({ kernel, scale: decoder.scale, write });
    return this.#writer;
  }
}

const EXPONENT = -8;
const WRITABLE: readonly number[] = [Action.ADD, Action.EXECUTE, Action.DELETE];
const MARKET = /^\d{1,9}$/;

/**
 * The format has orders that are open, filled or cancelled, and no others. A market's number is
 * the instrument's name where that is one, else the instrument's place among those of the feed.
 */
export class Bin38File implements EventFile {
  written = 0;
  leftOut = 0;
  readonly #parts: Parts;
  readonly #file: OutputFile;
  #writer: Bin38Writer | undefined;
  #known = 0;

  constructor(path: string, parts: Parts) {
    this.#parts = parts;
    this.#file = new OutputFile(path);
  }

  get path(): string {
    return this.#file.path;
  }

  get hasFailed(): boolean {
    return this.#file.hasFailed;
  }

  append({ address, count }: EventBlock): void {
    const writer = this.#current();
    const view = new DataView(this.#parts.kernel.memory.buffer, address, count * EVENT_BYTES);
    for (let from = 0; from < count; ) {
      let to = from;
      while (to < count && isWritable(view, to * EVENT_BYTES)) to += 1;
      if (to > from) writer.append({ address: address + from * EVENT_BYTES, count: to - from });
      this.written += to - from;
      if (to < count) this.leftOut += 1;
      from = to + 1;
    }
  }

  close(): void {
    this.#file.close();
  }

  /** Knows the markets of all instruments that there are by now. */
  #current(): Bin38Writer {
    const { kernel, decoder } = this.#parts;
    if (this.#writer !== undefined && this.#known === decoder.instrumentCount) return this.#writer;
    const { priceExponent, quantityExponent } = decoder.scale;
    if (priceExponent !== EXPONENT || quantityExponent !== EXPONENT) {
      throw new UsageError('--write-bin38 is for feeds in units of 1e-8, as Hyperliquid has them');
    }
    this.#known = decoder.instrumentCount;
    const names = decoder.instruments();
    const areNumbers = names.every((name) => MARKET.test(name));
    const markets = names.map((name, number) => (areNumbers ? Number(name) : number));
    this.#writer = new Bin38Writer({ kernel, markets, write: this.#file.write });
    return this.#writer;
  }
}

function isWritable(view: DataView, at: number): boolean {
  return (
    WRITABLE.includes(view.getUint8(at + EventOffset.ACTION)) &&
    view.getUint8(at + EventOffset.SIDE) !== EventSide.NONE &&
    (view.getUint16(at + EventOffset.FLAGS, true) & EventFlag.NO_PRICE) === 0
  );
}
