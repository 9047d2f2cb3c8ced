/** Drives the platform's decompressors a piece at a time: bounded memory, and nothing lost. */
import type { Transform } from 'node:stream';
import { InputError, truncated } from './input-error.ts';

/** For what engines give: not smaller than what a stream buffers, so that each is waited for. */
export const UNPACKED_CHUNK_BYTES = 256 * 1_024;

/** Waits for whatever an engine says next. */
export class EngineDriver {
  readonly #engine: Transform;
  #failure: Error | undefined;
  #wake = () => {};

  constructor(engine: Transform) {
    this.#engine = engine;
    engine.on('readable', () => this.#wake());
    engine.on('error', (error) => {
      this.#failure ??= error;
      this.#wake();
    });
  }

  /**
   * Everything that the engine gives until it is done with what `start` asks of it.
   * @throws InputError TRUNCATED, CORRUPT
   */
  async *drain(start: (done: (error?: Error | null) => void) => void): AsyncGenerator<Uint8Array> {
    let isDone = false;
    start((error) => {
      if (error instanceof Error) this.#failure ??= error;
      isDone = true;
      this.#wake();
    });
    for (;;) {
      const chunk: unknown = this.#engine.read();
      if (chunk instanceof Uint8Array) {
        yield chunk;
        continue;
      }
      if (this.#failure !== undefined) throw inputError(this.#failure);
      if (isDone) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function inputError(failure: Error): InputError {
  if ('code' in failure && failure.code === 'Z_BUF_ERROR') return truncated(failure);
  const message = `the packed data is not valid (${failure.message})`;
  return new InputError('CORRUPT', message, { cause: failure });
}
