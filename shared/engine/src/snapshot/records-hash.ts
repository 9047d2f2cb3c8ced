/** SHA-256 of records that come one by one or in pieces. */
import { createHash, type Hash } from 'node:crypto';

/** A call of the hash for every 64 bytes would cost more than the hash. */
const BUFFER_BYTES = 65_536;

export class RecordsHash {
  readonly #hash: Hash = createHash('sha256');
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #filled = 0;

  add(bytes: Uint8Array): void {
    if (this.#filled + bytes.byteLength > BUFFER_BYTES) this.#flush();
    if (bytes.byteLength > BUFFER_BYTES) {
      this.#hash.update(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#filled);
    this.#filled += bytes.byteLength;
  }

  /** 32 bytes, of all so far; more may come. */
  digest(): Uint8Array {
    this.#flush();
    return this.#hash.copy().digest();
  }

  #flush(): void {
    this.#hash.update(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }
}
