import { InputFile } from '@foldbook/history';
import type { FeedInput } from './feed.ts';

/** A feed's files. Those that are read again and again stay open, and mapped, in between. */
export class OpenInputs {
  readonly #files = new Map<FeedInput, InputFile>();
  readonly #mapping: boolean;

  constructor(mapping: boolean) {
    this.#mapping = mapping;
  }

  /** @throws InputError, or what the system says of the file */
  async open(input: FeedInput): Promise<InputFile> {
    const open = this.#files.get(input);
    if (open !== undefined) return open;
    const { path, member } = input;
    const isMember = (name: string) => name === member;
    const chosen = member === undefined ? {} : { member: isMember };
    const file = await InputFile.open(path, { ...chosen, mapping: this.#mapping });
    this.#files.set(input, file);
    return file;
  }

  async close(input: FeedInput): Promise<void> {
    const file = this.#files.get(input);
    this.#files.delete(input);
    await file?.close();
  }

  async closeAll(): Promise<void> {
    for (const input of [...this.#files.keys()]) await this.close(input);
  }
}
