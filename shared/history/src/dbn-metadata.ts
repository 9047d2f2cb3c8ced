/** What stands before the records of a Databento file, versions 1 to 3. */
import { DecodeError } from './decode-error.ts';

export interface DbnMetadata {
  readonly version: number;
  /** For example `GLBX.MDP3`. */
  readonly dataset: string;
  /** As the encoding numbers them: 0 is market by order; undefined where they are mixed. */
  readonly schema: number | undefined;
  /** Since 1970. */
  readonly startNs: bigint;
  /** Undefined where the request had no end. */
  readonly endNs: bigint | undefined;
  /** Undefined where the number of records was not limited. */
  readonly limit: bigint | undefined;
  /** How the request named instruments, as the encoding numbers it; undefined where mixed. */
  readonly symbolTypeIn: number | undefined;
  /** What the mappings' intervals name: 0 for the numbers that records have. */
  readonly symbolTypeOut: number;
  /** Records have a time of sending behind them. */
  readonly hasTsOut: boolean;
  readonly symbols: readonly string[];
  /** Symbols that did not exist the whole time. */
  readonly partial: readonly string[];
  readonly notFound: readonly string[];
  readonly mappings: readonly DbnMapping[];
}

export interface DbnMapping {
  readonly symbol: string;
  readonly intervals: readonly {
    /** Days as numbers, 20231225; the end is not part of it. */
    readonly startDate: number;
    readonly endDate: number;
    readonly symbol: string;
  }[];
}

/** The prelude: "DBN", version, bytes of what follows (u32). */
export const DBN_PRELUDE_BYTES = 8;
/** Many times what all symbols of an exchange take. */
const MOST_BYTES = 64 << 20;
const LAST_VERSION = 3;
const SYMBOL_BYTES_V1 = 22;
const FIXED_BYTES = 100;
/** What follows them, with nothing in it: length of a definition, four counts. */
const LEAST_BYTES = FIXED_BYTES + 20;
const NO_SCHEMA = 0xffff;
const NO_SYMBOL_TYPE = 0xff;
const NO_TIME = 0xffff_ffff_ffff_ffffn;
const MAGIC = [0x44, 0x42, 0x4e];

/**
 * @param bytes the input's first, as many as there are
 * @returns bytes of prelude and metadata; undefined where there are too few to tell
 * @throws DecodeError BAD_MAGIC, BAD_VERSION, BAD_LENGTH
 */
export function dbnMetadataBytes(bytes: Uint8Array): number | undefined {
  const differs = MAGIC.findIndex((letter, at) => at < bytes.length && bytes[at] !== letter);
  if (differs !== -1) throw new DecodeError('BAD_MAGIC', 0, 'this is no DBN');
  const version = bytes[3];
  if (version === undefined) return undefined;
  if (version < 1 || version > LAST_VERSION) {
    throw new DecodeError('BAD_VERSION', 3, `DBN of version ${version}`);
  }
  if (bytes.length < DBN_PRELUDE_BYTES) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  if (length < LEAST_BYTES || length > MOST_BYTES) {
    throw new DecodeError('BAD_LENGTH', 4, `metadata of ${length} bytes`);
  }
  return DBN_PRELUDE_BYTES + length;
}

/**
 * @param bytes prelude and metadata, whole
 * @throws DecodeError
 */
export function parseDbnMetadata(bytes: Uint8Array): DbnMetadata {
  const version = bytes[3] ?? 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dataset = textAt(bytes, 8, 16);
  const schema = view.getUint16(24, true);
  // Version 1 has a count of records behind the limit.
  const types = version === 1 ? 58 : 50;
  const symbolTypeIn = view.getUint8(types);
  const symbolBytes = version === 1 ? SYMBOL_BYTES_V1 : view.getUint16(types + 3, true);
  if (symbolBytes < SYMBOL_BYTES_V1) {
    throw new DecodeError('BAD_FIELD', types + 3, `symbols of ${symbolBytes} bytes`);
  }
  const endNs = view.getBigUint64(34, true);
  const limit = view.getBigUint64(42, true);
  const definitionBytes = view.getUint32(DBN_PRELUDE_BYTES + FIXED_BYTES, true);
  const lists = new ListReader(bytes, symbolBytes, DBN_PRELUDE_BYTES + FIXED_BYTES + 4);
  lists.passOver(definitionBytes);
  return {
    version,
    dataset,
    schema: schema === NO_SCHEMA ? undefined : schema,
    startNs: view.getBigUint64(26, true),
    endNs: endNs === NO_TIME ? undefined : endNs,
    limit: limit === 0n ? undefined : limit,
    symbolTypeIn: symbolTypeIn === NO_SYMBOL_TYPE ? undefined : symbolTypeIn,
    symbolTypeOut: view.getUint8(types + 1),
    hasTsOut: view.getUint8(types + 2) !== 0,
    symbols: lists.list(symbolBytes, () => lists.symbol()),
    partial: lists.list(symbolBytes, () => lists.symbol()),
    notFound: lists.list(symbolBytes, () => lists.symbol()),
    mappings: lists.list(symbolBytes + 4, () => ({
      symbol: lists.symbol(),
      intervals: lists.list(symbolBytes + 8, () => ({
        startDate: lists.u32(),
        endDate: lists.u32(),
        symbol: lists.symbol(),
      })),
    })),
  };
}

/** Lists behind their counts; what is too long is refused before it is read. */
class ListReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #symbolBytes: number;
  #at: number;

  constructor(bytes: Uint8Array, symbolBytes: number, at: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#symbolBytes = symbolBytes;
    this.#at = at;
  }

  list<T>(leastBytes: number, read: () => T): T[] {
    const at = this.#at;
    const count = this.u32();
    const isTooMany = count * leastBytes > this.#bytes.length - this.#at;
    if (isTooMany) throw new DecodeError('BAD_LENGTH', at, `a list of ${count}`);
    return Array.from({ length: count }, read);
  }

  symbol(): string {
    const at = this.#at;
    this.passOver(this.#symbolBytes);
    return textAt(this.#bytes, at, this.#symbolBytes);
  }

  u32(): number {
    const at = this.#at;
    this.passOver(4);
    return this.#view.getUint32(at, true);
  }

  passOver(bytes: number): void {
    if (bytes > this.#bytes.length - this.#at) {
      throw new DecodeError('BAD_LENGTH', this.#at, 'more than the metadata has');
    }
    this.#at += bytes;
  }
}

/** Text that ends at a zero, or with its field. */
function textAt(bytes: Uint8Array, at: number, length: number): string {
  const field = Buffer.from(bytes.buffer, bytes.byteOffset + at, length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? length : end);
}
