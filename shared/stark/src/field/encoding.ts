/** Field elements on the wire (SPEC section 1): one encoding for each. */
import { PRIME } from './base.ts';
import { DEGREE, type Extension, fromWords } from './extension.ts';

export const WORD_BYTES = 4;
export const EXTENSION_BYTES = DEGREE * WORD_BYTES;

/** Why bytes are refused, and at which of them. */
export interface EncodingError {
  readonly code: 'TOO_SHORT' | 'NOT_CANONICAL';
  readonly message: string;
  readonly offset: number;
}

export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: EncodingError };

/** So many base elements from an offset on. Reads no more than there is. */
export function readWords(bytes: Uint8Array, offset: number, count: number): Read<Uint32Array> {
  const missing = offset + WORD_BYTES * count - bytes.length;
  if (missing > 0) {
    return refuse('TOO_SHORT', `${count} field elements need ${missing} bytes more`, offset);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = new Uint32Array(count);
  for (let index = 0; index < count; index++) {
    const at = offset + WORD_BYTES * index;
    const word = view.getUint32(at, true);
    if (word >= PRIME) {
      return refuse('NOT_CANONICAL', `the field element ${word} is not below ${PRIME}`, at);
    }
    words[index] = word;
  }
  return { ok: true, value: words };
}

/** So many extension elements from an offset on. */
export function readExtensions(
  bytes: Uint8Array,
  offset: number,
  count: number,
): Read<Extension[]> {
  const words = readWords(bytes, offset, DEGREE * count);
  if (!words.ok) return words;
  const value = Array.from({ length: count }, (_, index) => fromWords(words.value, DEGREE * index));
  return { ok: true, value };
}

/** Base elements, and the coefficients of extension elements, one behind the other. */
export function encodeWords(words: Iterable<number>): Uint8Array {
  const values = [...words];
  const bytes = new Uint8Array(WORD_BYTES * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setUint32(WORD_BYTES * index, value, true);
  });
  return bytes;
}

export function encodeExtensions(elements: readonly Extension[]): Uint8Array {
  return encodeWords(elements.flat());
}

function refuse<T>(code: EncodingError['code'], message: string, offset: number): Read<T> {
  return { ok: false, error: { code, message, offset } };
}
