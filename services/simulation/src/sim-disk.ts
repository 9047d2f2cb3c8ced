/** The disk of what a broker keeps beside streams: power takes what is not synced. */
import type { Dice } from '@foldbook/engine';
import type { Plant } from './plants.ts';
import type { DiskOptions } from './sim-stream.ts';

export interface SimDiskParts {
  readonly dice: Dice;
  readonly disk: DiskOptions;
  readonly plant: Plant | undefined;
}

export class SimDisk {
  readonly #parts: SimDiskParts;
  /** How each change that is not synced is taken back, the oldest first. */
  #unsynced: (() => void)[] = [];

  constructor(parts: SimDiskParts) {
    this.#parts = parts;
  }

  /** A change was made. */
  wrote(undo: () => void): void {
    const { disk, plant } = this.#parts;
    const isSynced = disk.sync === 'always' && plant !== 'early-ack';
    if (!isSynced) this.#unsynced.push(undo);
  }

  sync(): void {
    this.#unsynced = [];
  }

  /** Some of what was not synced is on the disk all the same. */
  losePower(): void {
    const kept = this.#parts.dice.below(this.#unsynced.length + 1);
    for (const undo of this.#unsynced.slice(kept).reverse()) undo();
    this.#unsynced = [];
  }
}
