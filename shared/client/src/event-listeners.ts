/** Who hears an account's reports; what one of them throws is kept from everybody else. */
import type { MarketEvent } from '@foldbook/protocol';

export type EventListener = (event: MarketEvent) => void;

export class EventListeners {
  readonly #all = new Set<EventListener>();
  readonly #onError: (error: unknown) => void;

  /** `onError`: told what a listener threw; default: a warning of the process. */
  constructor(onError: (error: unknown) => void = warn) {
    this.#onError = onError;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Returns the way to stop. */
  add(listener: EventListener): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  tell(event: MarketEvent): void {
    for (const listener of this.#all) {
      try {
        listener(event);
      } catch (error) {
        // Not from here: what it throws itself must not end the feed.
        queueMicrotask(() => this.#onError(error));
      }
    }
  }
}

function warn(error: unknown): void {
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.emitWarning(`a listener of an account's reports threw: ${words}`);
}
