/** One durable output stream (reports or diffs), and how far each of its subjects reaches. */
import { BatchOffset, readCount, viewOf } from '@foldbook/protocol';
import type { StreamReader, StreamWriter } from '@foldbook/runtime';

/** The last market sequence that each subject of a stream covers, from the last batch of each. */
export async function coveredSequences(
  reader: StreamReader,
  filter: string,
): Promise<Map<string, number>> {
  const covered = new Map<string, number>();
  for (const record of await reader.lastOfEach(filter)) {
    covered.set(record.subject, readCount(viewOf(record.payload), BatchOffset.LAST));
  }
  return covered;
}

export class DurableOutput {
  readonly #writer: StreamWriter;
  readonly #covered: ReadonlyMap<string, number>;
  readonly #echo: ((subject: string, payload: Uint8Array) => void) | undefined;
  readonly #onFailure: (error: Error) => void;

  /** `echo`: set where the store itself doesn't deliver to live subscribers. */
  constructor(
    writer: StreamWriter,
    covered: ReadonlyMap<string, number>,
    echo: ((subject: string, payload: Uint8Array) => void) | undefined,
    onFailure: (error: Error) => void,
  ) {
    this.#writer = writer;
    this.#covered = covered;
    this.#echo = echo;
    this.#onFailure = onFailure;
  }

  /** Market sequence up to which `subject` was written before this process started. */
  covered(subject: string): number {
    return this.#covered.get(subject) ?? 0;
  }

  inFlight(): number {
    return this.#writer.inFlight();
  }

  send(subject: string, payload: Uint8Array): void {
    this.#writer.append(subject, payload).catch((error: unknown) => {
      this.#onFailure(error instanceof Error ? error : new Error(String(error)));
    });
    this.#echo?.(subject, payload);
  }
}
