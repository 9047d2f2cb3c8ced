/** A disk of a few megabytes that a test can fill, and make room on again. Linux, root. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PIECE_BYTES = 64 * 1024;

export class SmallDisk {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** Why this process can't have one; undefined if it can. */
  static async unavailable(): Promise<string | undefined> {
    try {
      await (await SmallDisk.mount(1)).unmount();
      return undefined;
    } catch (error) {
      const [words] = String(error instanceof Error ? error.message : error).split('\n');
      return `a disk of its own can't be mounted, which needs root: ${words}`;
    }
  }

  static async mount(sizeMb: number): Promise<SmallDisk> {
    const dir = await mkdtemp(join(tmpdir(), 'foldbook-disk-'));
    try {
      run('mount', '-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'foldbook-test', dir);
    } catch (error) {
      await rm(dir, { recursive: true });
      throw error;
    }
    return new SmallDisk(dir);
  }

  /** Not a byte more goes onto it. */
  fill(): void {
    const file = openSync(this.#filler, 'a');
    let sizeBytes = PIECE_BYTES;
    try {
      while (sizeBytes > 0) sizeBytes = write(file, sizeBytes);
    } finally {
      closeSync(file);
    }
  }

  /** There is room again. */
  clear(): void {
    rmSync(this.#filler);
  }

  async unmount(): Promise<void> {
    // Whoever has a file of it open may end later than this.
    run('umount', '--lazy', this.dir);
    await rm(this.dir, { recursive: true, force: true });
  }

  get #filler(): string {
    return join(this.dir, 'filler');
  }
}

/** Writes a piece; answers how large the next one may be, 0 where nothing more fits. */
function write(file: number, sizeBytes: number): number {
  try {
    writeSync(file, Buffer.alloc(sizeBytes));
    return sizeBytes;
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
    if (!isFull) throw error;
    return Math.floor(sizeBytes / 2);
  }
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
