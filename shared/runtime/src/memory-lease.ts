/** Leases in this process's memory: for nodes of one process, tests and simulations. */
import type { LeaseEntry, LeaseStore } from './lease-store.ts';

const NOTHING: LeaseEntry = { revision: 0, value: undefined };

export class MemoryLeaseStore implements LeaseStore {
  readonly description = 'leases in memory';
  readonly #entries = new Map<string, LeaseEntry>();
  readonly #listeners = new Map<string, Set<() => void>>();
  /** Of all keys together, as a broker counts. */
  #revision = 0;

  async read(key: string): Promise<LeaseEntry> {
    return this.#entries.get(key) ?? NOTHING;
  }

  async replace(key: string, value: string, revision: number): Promise<number | undefined> {
    const entry = this.#entries.get(key) ?? NOTHING;
    if (entry.revision !== revision) return undefined;
    this.#revision += 1;
    this.#entries.set(key, { revision: this.#revision, value });
    for (const listener of [...(this.#listeners.get(key) ?? [])]) listener();
    return this.#revision;
  }

  onChange(key: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }
}
