/** Rows of numbers from a CSV of expected answers: for checks, which may take their time. */

export type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Lines of text in chunks of bytes, cut wherever they are. */
export async function* linesOf(chunks: Chunks): AsyncGenerator<string> {
  const lines = new PushedLines();
  for await (const chunk of chunks) {
    lines.push(chunk);
    yield* lines.taken();
  }
  lines.end();
  yield* lines.taken();
}

/** Hands out lines one by one to a consumer that cannot wait, from what was fetched for it. */
export class FetchedLines {
  readonly #lines: AsyncGenerator<string>;
  #fetched: string[] = [];
  #next = 0;

  constructor(chunks: Chunks) {
    this.#lines = linesOf(chunks);
  }

  /** Has at least so many lines ready, or all there are. */
  async fetch(count: number): Promise<void> {
    this.#fetched = this.#fetched.slice(this.#next);
    this.#next = 0;
    while (this.#fetched.length < count) {
      const { value, done } = await this.#lines.next();
      if (done === true) return;
      this.#fetched.push(value);
    }
  }

  peek(): string | undefined {
    return this.#fetched[this.#next];
  }

  take(): string | undefined {
    const line = this.#fetched[this.#next];
    this.#next += 1;
    return line;
  }
}

/** Lines of chunks that somebody else reads as well. */
export class PushedLines {
  #lines: string[] = [];
  #next = 0;
  #rest = '';

  push(chunk: Uint8Array): void {
    const lines = (this.#rest + Buffer.from(chunk).toString('latin1')).split('\n');
    this.#rest = lines.pop() ?? '';
    this.#lines = [...this.#lines.slice(this.#next), ...lines];
    this.#next = 0;
  }

  /** What is left is a line, too. */
  end(): void {
    if (this.#rest !== '') this.#lines.push(this.#rest);
    this.#rest = '';
  }

  take(): string | undefined {
    const line = this.#lines[this.#next];
    this.#next += 1;
    return line?.endsWith('\r') === true ? line.slice(0, -1) : line;
  }

  /** All that are there. */
  *taken(): Generator<string> {
    for (let line = this.take(); line !== undefined; line = this.take()) yield line;
  }
}

/** Events that a chunk of lines may give at most. */
export function linesIn(chunk: Uint8Array): number {
  let lines = 1;
  for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) lines += 1;
  return lines;
}
