/** Waits until a file may have changed, or a node's next hour may have begun. */
import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Some file systems tell nothing, and some not everything: so somebody looks now and then. */
const LOOK_MS = 100;
const LOOK_WATCHING_MS = 1_000;

export class FileChanges {
  readonly #isWatching: boolean;
  #watchers: FSWatcher[] = [];
  /** Something changed since `next` was called last. */
  #changed = false;
  #wake = () => {};

  constructor(isWatching: boolean) {
    this.#isWatching = isWatching;
  }

  /** The file, its folder, and the folder of that, where the next day's appears. */
  watch(path: string): void {
    this.close();
    // Whoever comes next looks once before he waits.
    this.#changed = true;
    if (!this.#isWatching) return;
    for (const folder of [dirname(path), dirname(dirname(path))]) {
      try {
        const watcher = watch(folder, () => this.#tell());
        watcher.on('error', () => this.close());
        this.#watchers.push(watcher);
      } catch {
        // No watches are left, or the file system has none: then it is looked for.
        this.close();
        return;
      }
    }
  }

  /** Returns at once where something has changed since the last call. */
  async next(signal: AbortSignal): Promise<void> {
    const lookMs = this.#watchers.length > 0 ? LOOK_WATCHING_MS : LOOK_MS;
    if (!this.#changed && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, lookMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', this.#wake, { once: true });
      });
      signal.removeEventListener('abort', this.#wake);
      this.#wake = () => {};
    }
    this.#changed = false;
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  #tell(): void {
    this.#changed = true;
    this.#wake();
  }
}
