import { Knock, type Offered } from './shared-memory-knock.ts';

export interface EntranceOptions {
  /** The account's socket. */
  readonly path: string;
  /** The user whom the market runs as. */
  readonly marketUid?: number | undefined;
}

/** A client's way in, which takes several looks. */
export class Entrance {
  readonly #options: EntranceOptions;
  #knock: Knock | undefined;

  constructor(options: EntranceOptions) {
    this.#options = options;
  }

  /**
   * Undefined if the market has not answered yet.
   * @throws SharedMemoryError as Knock does
   */
  tryOnce(): Offered | undefined {
    this.#knock ??= Knock.at(this.#options.path, this.#options.marketUid);
    try {
      const offered = this.#knock.poll();
      if (offered !== undefined) this.#knock = undefined;
      return offered;
    } catch (error) {
      this.#knock = undefined;
      throw error;
    }
  }

  giveUp(): void {
    this.#knock?.close();
    this.#knock = undefined;
  }
}
