import type { TransportStatus } from './transport.ts';

type StatusListener = (status: TransportStatus, detail: string) => void;

/** A transport's status and who wants to hear of its changes. */
export class StatusFeed {
  readonly #listeners = new Set<StatusListener>();
  #status: TransportStatus;

  constructor(status: TransportStatus) {
    this.#status = status;
  }

  get status(): TransportStatus {
    return this.#status;
  }

  /** Tells the listeners if it changes; `closed` is final. */
  set(status: TransportStatus, detail: string): void {
    if (status === this.#status || this.#status === 'closed') return;
    this.#status = status;
    for (const listener of [...this.#listeners]) listener(status, detail);
  }

  listen(listener: StatusListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
