/** Bytes in a row, added at the end and compared from the beginning. */
const FIRST_BYTES = 64 * 1024;

export class ByteTape {
  #bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;
  #compared = 0;

  get length(): number {
    return this.#length;
  }

  /** What was compared so far. */
  get compared(): number {
    return this.#compared;
  }

  push(bytes: Uint8Array): void {
    const length = this.#length + bytes.byteLength;
    if (length > this.#bytes.byteLength) {
      const grown = new Uint8Array(2 * length);
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }

  /** Whether these bytes come next; what was compared is passed over. */
  isNext(bytes: Uint8Array): boolean {
    const end = this.#compared + bytes.byteLength;
    const own = this.#bytes.subarray(this.#compared, Math.min(end, this.#length));
    this.#compared = end;
    return Buffer.compare(own, bytes) === 0;
  }
}
