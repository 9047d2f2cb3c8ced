/**
 * Whether a stream of several copies has another leader than before. An append that was on its way
 * to the one before is not answered any more, and need not be waited for.
 */
import type { JetStreamApi } from './jetstream-api.ts';

export class LeaderWatch {
  readonly #api: Pick<JetStreamApi, 'findStream'>;
  readonly #stream: string;
  #leader: string | undefined;
  #isAsking = false;
  #wasAnswered = false;

  /** @param api - asks once, and does not wait for long */
  constructor(api: Pick<JetStreamApi, 'findStream'>, stream: string) {
    this.#api = api;
    this.#stream = stream;
  }

  /** There has been an answer, so that the next one can be compared. */
  get wasAnswered(): boolean {
    return this.#wasAnswered;
  }

  /**
   * Asks, unless it does so already. False while nobody answers (copies elect, a broker is slow),
   * and of a stream of one copy.
   */
  async hasChanged(): Promise<boolean> {
    if (this.#isAsking) return false;
    this.#isAsking = true;
    try {
      const before = this.#leader;
      const leader = (await this.#api.findStream(this.#stream))?.leader;
      this.#wasAnswered = true;
      // None is elected yet: the next one is compared with the last.
      if (leader === undefined) return false;
      this.#leader = leader;
      return before !== undefined && leader !== before;
    } catch {
      return false;
    } finally {
      this.#isAsking = false;
    }
  }
}
