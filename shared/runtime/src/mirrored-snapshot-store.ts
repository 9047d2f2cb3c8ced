/** Snapshots in several places at once: one of them is enough to write and to read. */
import assert from 'node:assert/strict';
import { byName } from './memory-snapshot-store.ts';
import {
  checkSnapshot,
  noSnapshot,
  type SnapshotDraft,
  SnapshotError,
  type SnapshotInfo,
  type SnapshotStore,
} from './snapshot-store.ts';

type OnNotice = (text: string) => void;

export class MirroredSnapshotStore implements SnapshotStore {
  readonly description: string;
  readonly #places: readonly SnapshotStore[];
  readonly #onNotice: OnNotice;

  /**
   * @param places the nearest first: it is the first to be read
   * @param onNotice told when a place failed where another served
   */
  constructor(places: readonly SnapshotStore[], onNotice: OnNotice) {
    assert(places.length > 0, 'there is a place at least');
    this.#places = places;
    this.#onNotice = onNotice;
    this.description = places.map(({ description }) => description).join(' and ');
  }

  async draft(name: string): Promise<SnapshotDraft> {
    const copies: Copy[] = [];
    await anyOf(this.#places, this.#onNotice, async (place) => {
      copies.push({ place, draft: await place.draft(name) });
    });
    return new MirroredDraft(copies, this.#onNotice);
  }

  async list(prefix: string): Promise<SnapshotInfo[]> {
    const found = new Map<string, SnapshotInfo>();
    const lists = await anyOf(this.#places, this.#onNotice, (place) => place.list(prefix));
    for (const info of lists.flat()) {
      if (found.get(info.name)?.isWhole !== true) found.set(info.name, info);
    }
    return [...found.values()].sort(byName);
  }

  /**
   * Reads a place's copy through before it hands anything out, so that another can serve instead.
   */
  async *read(name: string): AsyncGenerator<Uint8Array> {
    let failure: SnapshotError | undefined;
    for (const place of this.#places) {
      try {
        await checkSnapshot(place, name);
      } catch (error) {
        const isAbsent = error instanceof SnapshotError && error.code === 'NO_SNAPSHOT';
        failure = isAbsent ? failure : told(error, this.#onNotice);
        continue;
      }
      yield* place.read(name);
      return;
    }
    throw failure ?? noSnapshot(name, this.description);
  }

  /** Rejects when one place failed: what it has would be found again. */
  async remove(name: string): Promise<void> {
    const removals = await Promise.allSettled(this.#places.map((place) => place.remove(name)));
    for (const removal of removals) if (removal.status === 'rejected') throw removal.reason;
  }

  async removeLeftovers(): Promise<void> {
    const places = this.#places.map((place) => place.removeLeftovers?.());
    for (const place of await Promise.allSettled(places)) {
      if (place.status === 'rejected') throw place.reason;
    }
  }
}

interface Copy {
  readonly place: SnapshotStore;
  readonly draft: SnapshotDraft;
}

class MirroredDraft implements SnapshotDraft {
  readonly #onNotice: OnNotice;
  #copies: readonly Copy[];

  constructor(copies: readonly Copy[], onNotice: OnNotice) {
    this.#copies = copies;
    this.#onNotice = onNotice;
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#each(({ draft }) => draft.write(chunk));
  }

  async finish(): Promise<SnapshotInfo> {
    const infos = await this.#each(({ draft }) => draft.finish());
    const [info] = infos;
    assert(info !== undefined, 'a copy was finished');
    return info;
  }

  async abort(): Promise<void> {
    await Promise.all(this.#copies.map(({ draft }) => draft.abort()));
  }

  /** Goes on with those copies where it went well; rejects if there is none left. */
  async #each<T>(act: (copy: Copy) => Promise<T>): Promise<T[]> {
    const left: Copy[] = [];
    const attempt = async (copy: Copy) => {
      try {
        const done = await act(copy);
        left.push(copy);
        return done;
      } catch (error) {
        await copy.draft.abort();
        throw error;
      }
    };
    const results = await anyOf(this.#copies, this.#onNotice, attempt);
    this.#copies = left;
    return results;
  }
}

/**
 * What came of those that went well, in their order; rejects with the first failure if none did.
 */
async function anyOf<Item, T>(
  items: readonly Item[],
  onNotice: OnNotice,
  act: (item: Item) => Promise<T>,
): Promise<T[]> {
  const results = await Promise.allSettled(items.map(act));
  const done: T[] = [];
  const failures: unknown[] = [];
  for (const result of results) {
    if (result.status === 'fulfilled') done.push(result.value);
    else failures.push(result.reason);
  }
  if (done.length === 0) throw failures[0];
  for (const failure of failures) told(failure, onNotice);
  return done;
}

/** An error of a snapshot store, told; others are none to go on from. */
function told(error: unknown, onNotice: OnNotice): SnapshotError {
  if (!(error instanceof SnapshotError)) throw error;
  onNotice(error.message);
  return error;
}
