/**
 * A file that is touched while a process is well, for who watches it from outside (a container's
 * health check): old means that it is stuck, has ended, or says itself that it is not well.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { cancelTimer, systemTimers, type Timer, type Timers } from './timers.ts';

const EVERY_MS = 1_000;

export interface HealthFileOptions {
  readonly path: string;
  /** Whether the process can do what it is for; asked every second, on its own thread. */
  readonly isWell: () => boolean;
  /** Told once that the file can't be written: no reason for the process to end. */
  readonly onTrouble: (detail: string) => void;
  readonly timers?: Timers;
}

export class HealthFile {
  readonly #options: HealthFileOptions;
  readonly #timer: Timer;
  #isTroubled = false;

  constructor(options: HealthFileOptions) {
    this.#options = options;
    this.#look();
    this.#timer = (options.timers ?? systemTimers).every(EVERY_MS, () => this.#look());
    this.#timer.unref();
  }

  /** Nobody says any more that the process is well. */
  close(): void {
    cancelTimer(this.#timer);
    rmSync(this.#options.path, { force: true });
  }

  #look(): void {
    const { path, isWell, onTrouble } = this.#options;
    if (!isWell()) return;
    try {
      writeFileSync(path, '');
    } catch (error) {
      if (!this.#isTroubled) onTrouble(String(error));
      this.#isTroubled = true;
    }
  }
}
