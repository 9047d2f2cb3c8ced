import { FIELD_BYTES, fromBigEndian, SCALAR_ORDER } from './field.ts';
import type { ReasonCode } from './reason-codes.ts';

/** What is wrong with some bytes, and where: `offset` counts from the first byte decoded. */
export interface FormatError {
  readonly code: ReasonCode;
  readonly message: string;
  readonly offset: number;
}

export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: FormatError };

/** Thrown by readers, caught by `decode`: it never leaves this package. */
class FormatFault extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Runs a reader over the whole of `bytes`; a byte left over is an error. Never throws. */
export function decode<T>(
  bytes: Uint8Array,
  code: ReasonCode,
  what: string,
  read: (reader: ByteReader) => T,
): Decoded<T> {
  const reader = new ByteReader(bytes);
  try {
    const value = read(reader);
    reader.end();
    return { ok: true, value };
  } catch (fault) {
    if (!(fault instanceof FormatFault)) throw fault;
    const message = `${what}, byte ${fault.offset}: ${fault.message}`;
    return { ok: false, error: { code, message, offset: fault.offset } };
  }
}

/** Reads a fixed layout, little-endian, in order. Every method throws a fault `decode` catches. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    // A copy of its own: a Buffer would share its memory with every slice.
    this.#bytes = new Uint8Array(bytes);
  }

  get offset(): number {
    return this.#offset;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** Stops decoding, blaming the byte at `offset`. */
  refuse(message: string, offset = this.#offset): never {
    throw new FormatFault(message, offset);
  }

  bytes(length: number): Uint8Array {
    const end = this.#offset + length;
    if (end > this.#bytes.length) {
      this.refuse(`needs ${length} more bytes, ${this.#bytes.length - this.#offset} are left`);
    }
    const value = this.#bytes.slice(this.#offset, end);
    this.#offset = end;
    return value;
  }

  unsigned(width: 1 | 2 | 3 | 4): number {
    let value = 0;
    this.bytes(width).forEach((byte, index) => {
      value += byte * 2 ** (8 * index);
    });
    return value;
  }

  unsigned64(): bigint {
    return new DataView(this.bytes(8).buffer).getBigUint64(0, true);
  }

  signed64(): bigint {
    return BigInt.asIntN(64, this.unsigned64());
  }

  /** A four-letter magic and the only version there is. */
  format(magic: string, version: number): void {
    const start = this.#offset;
    const found = String.fromCharCode(...this.bytes(magic.length));
    if (found !== magic) this.refuse(`does not begin with ${magic}: another kind of file`, start);
    const foundVersion = this.unsigned(2);
    if (foundVersion !== version) {
      const reads = `version ${foundVersion}; this verifier reads version ${version}`;
      const older = ': read it with the release that wrote it, and begin a new store';
      this.refuse(`${reads}${foundVersion < version ? older : ''}`, start + 4);
    }
  }

  zero(width: 1 | 2 | 4): void {
    const start = this.#offset;
    const value = this.unsigned(width);
    if (value !== 0) this.refuse(`a reserved field is ${value} and must be 0`, start);
  }

  /** 32 big-endian bytes below `order`: one encoding for each element. */
  fieldElement(order: bigint = SCALAR_ORDER): bigint {
    const start = this.#offset;
    const value = fromBigEndian(this.bytes(FIELD_BYTES));
    if (value >= order) this.refuse('a field element is not below the order of its field', start);
    return value;
  }

  end(): void {
    const left = this.#bytes.length - this.#offset;
    if (left > 0) this.refuse(`${left} bytes follow the end`);
  }
}
