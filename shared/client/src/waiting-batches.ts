/** Batches of deltas that came while a mirror could not apply them. */
export interface WaitingLimits {
  readonly batches: number;
  readonly bytes: number;
}

/** The server's window of past deltas is 8 MiB: what is older than that is not asked for again. */
const DEFAULT_LIMITS: WaitingLimits = { batches: 16_384, bytes: 16 * 1024 * 1024 };

/** Oldest first. Beyond a limit the oldest go, which the mirror meets as a gap later. */
export class WaitingBatches {
  readonly #limits: WaitingLimits;
  #batches: Uint8Array[] = [];
  #sizeBytes = 0;

  constructor(limits: WaitingLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#batches.length;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  push(payload: Uint8Array): void {
    // A copy: a message may be a small part of a large buffer, which would stay as long as it.
    this.#batches.push(new Uint8Array(payload));
    this.#sizeBytes += payload.byteLength;
    while (this.#batches.length > this.#limits.batches || this.#sizeBytes > this.#limits.bytes) {
      this.#sizeBytes -= this.#batches.shift()?.byteLength ?? 0;
    }
  }

  /** Gives all of them away. */
  take(): Uint8Array[] {
    const batches = this.#batches;
    this.clear();
    return batches;
  }

  clear(): void {
    this.#batches = [];
    this.#sizeBytes = 0;
  }
}
