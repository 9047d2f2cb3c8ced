/** Reads what others wrote: statements and proofs. Nothing is taken that is not canonical. */
import { PRIME } from '../field/base.ts';
import type { Extension } from '../field/extension.ts';

export type FormatCode =
  | 'TRUNCATED'
  | 'TOO_LONG'
  | 'NOT_CANONICAL'
  | 'OTHER_FORMAT'
  | 'OUT_OF_RANGE';

/** Ends the reading of bytes; `decode` turns it into a result. */
export class FormatError extends Error {
  readonly code: FormatCode;
  /** Of the byte that it is about. */
  readonly offset: number;

  constructor(code: FormatCode, offset: number, message: string) {
    super(message);
    this.code = code;
    this.offset = offset;
  }
}

export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: FormatCode; readonly message: string };

/** What `read` makes of the bytes, all of them. Never throws for what the bytes are. */
export function decode<T>(bytes: Uint8Array, read: (reader: ByteReader) => T): Decoded<T> {
  const reader = new ByteReader(bytes);
  try {
    const value = read(reader);
    const left = bytes.length - reader.offset;
    if (left > 0) reader.refuse('TOO_LONG', `${left} bytes follow its end`);
    return { ok: true, value };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { ok: false, code: error.code, message: `byte ${error.offset}: ${error.message}` };
  }
}

const EXTENSION_BYTES = 20;

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#offset;
  }

  refuse(code: FormatCode, message: string, offset = this.#offset): never {
    throw new FormatError(code, offset, message);
  }

  /** A view, not a copy. */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  zeros(length: number): void {
    const start = this.#offset;
    const isZero = this.bytes(length).every((byte) => byte === 0);
    if (!isZero) this.refuse('OTHER_FORMAT', 'bytes that are kept for later are not 0', start);
  }

  /** @param magic - ASCII */
  format(magic: string, version: number): void {
    const found = String.fromCharCode(...this.bytes(magic.length));
    if (found !== magic) this.refuse('OTHER_FORMAT', `it does not begin with ${magic}`, 0);
    const at = this.#offset;
    const other = this.u16();
    if (other === version) return;
    this.refuse('OTHER_FORMAT', `version ${other}; version ${version} is known`, at);
  }

  /** A base element. */
  element(): number {
    const value = this.u32();
    if (value >= PRIME) this.refuse('NOT_CANONICAL', `${value} is not below p`, this.#offset - 4);
    return value;
  }

  elements(count: number): Uint32Array {
    this.#need(4 * count);
    return Uint32Array.from({ length: count }, () => this.element());
  }

  extension(): Extension {
    this.#need(EXTENSION_BYTES);
    return [this.element(), this.element(), this.element(), this.element(), this.element()];
  }

  extensions(count: number): Extension[] {
    this.#need(EXTENSION_BYTES * count);
    return Array.from({ length: count }, () => this.extension());
  }

  #advance(length: number): number {
    this.#need(length);
    const start = this.#offset;
    this.#offset += length;
    return start;
  }

  #need(length: number): void {
    const left = this.#bytes.length - this.#offset;
    if (left >= length) return;
    this.refuse('TRUNCATED', `${length} bytes are needed, ${left} are left`);
  }
}
