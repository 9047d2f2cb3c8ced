/** Profiles of the service's threads, begun and ended by SIGUSR2 while it goes on. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, ThreadProfiler } from '@foldbook/runtime';

/** A thousand samples a second of each thread. */
const INTERVAL_US = 1_000;
/** Samples are kept in memory: one that is forgotten ends by itself. */
const LONGEST_MS = 300_000;

export interface ProfilingParts {
  /** Where they go; undefined: none are taken. */
  readonly dir: string | undefined;
  readonly logger: Logger;
}

export class Profiling {
  readonly #dir: string | undefined;
  readonly #logger: Logger;
  #running: { readonly profiler: ThreadProfiler; readonly timer: NodeJS.Timeout } | undefined;
  /** Told twice in a row, it does one after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor({ dir, logger }: ProfilingParts) {
    this.#dir = dir;
    this.#logger = logger;
  }

  /** Begins one, or ends the one that runs and writes it; resolves when that is done. */
  toggle(): Promise<void> {
    this.#turn = this.#turn.then(() =>
      this.#toggle().catch((error: Error) => this.#logger.warn(`no profile: ${error.message}`)),
    );
    return this.#turn;
  }

  async #toggle(): Promise<void> {
    const dir = this.#dir;
    if (dir === undefined) {
      this.#logger.warn('no profile: the configuration names no profileDir');
      return;
    }
    if (this.#running === undefined) {
      const profiler = await ThreadProfiler.start(INTERVAL_US);
      const timer = setTimeout(() => void this.toggle(), LONGEST_MS);
      timer.unref();
      this.#running = { profiler, timer };
      this.#logger.info('profile begun; SIGUSR2 ends it');
      return;
    }
    const { profiler, timer } = this.#running;
    this.#running = undefined;
    clearTimeout(timer);
    const profiles = await profiler.stop();
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const time = new Date().toISOString().replaceAll(/[:.]/g, '-');
    const files = profiles.map(({ thread, cpuProfile }) => {
      const file = join(dir, `${time}-${thread.replaceAll(/\W+/g, '-')}.cpuprofile`);
      writeFileSync(file, cpuProfile);
      return file;
    });
    this.#logger.info('profile written', { files });
  }
}
