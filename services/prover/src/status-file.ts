// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What a prover or a supervisor is at, in a file that is written anew every second, for people and
 * commands on the same machine (`foldbook prover status`). No record: it goes with its process.
 */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { thisOwner } from '@foldbook/runtime';

const EVERY_MS = 1_000;

export interface StatusFileOptions {
  readonly path: string;
  /** Of the process, for who reads it. */
  readonly name: string;
  /** Plain data. */
  readonly facts: () => Readonly<Record<string, unknown>>;
  /** Told once that the file can't be written: no reason for the process to end. */
  readonly onTrouble: (detail: string) => void;
}

export class StatusFile {
  readonly #options: StatusFileOptions;
  readonly #owner: ReturnType<typeof thisOwner>;
  readonly #timer: NodeJS.Timeout;
  #isTroubled = false;

  constructor(options: StatusFileOptions) {
    this.#options = options;
    this.#owner = thisOwner(options.name, Date.now());
    this.#write();
    this.#timer = setInterval(() => this.#write(), EVERY_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    rmSync(this.#options.path, { force: true });
  }

  /** Whole at any time: who reads it finds this one or the one before. */
  #write(): void {
    const { path, facts, onTrouble } = this.#options;
    const text = JSON.stringify({ owner: this.#owner, atMs: Date.now(), ...facts() });
    const draft = `${path}.${this.#owner.pid}`;
    try {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(draft, text);
      renameSync(draft, path);
    } catch (error) {
      if (!this.#isTroubled) onTrouble(String(error));
      this.#isTroubled = true;
    }
  }
}
