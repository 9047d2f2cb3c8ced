import type { Frame } from '@foldbook/history';
import { FrameParquet, type FrameParquetOptions } from '@foldbook/history/parquet';
import { OutputError, writingTo } from './fault.ts';

/** Frames as a Parquet file; once it cannot be written, which is told, no more of it is. */
export class ParquetFile {
  readonly #path: string;
  readonly #parquet: FrameParquet;
  hasFailed = false;

  /** @throws OutputError */
  constructor(options: FrameParquetOptions) {
    this.#path = options.path;
    this.#parquet = writingTo(options.path, () => new FrameParquet(options));
  }

  /** @throws OutputError */
  add(frame: Frame, instruments: readonly string[]): void {
    if (this.hasFailed) return;
    try {
      writingTo(this.#path, () => this.#parquet.add(frame, instruments));
    } catch (error) {
      this.hasFailed = error instanceof OutputError;
      throw error;
    }
  }

  /** Writes what is left, and the file's end. @throws OutputError, unless it was thrown before */
  async finish(): Promise<void> {
    if (this.hasFailed) return;
    const path = this.#path;
    await this.#parquet.finish().catch((error: unknown) => {
      writingTo(path, () => {
        throw error;
      });
    });
  }
}
