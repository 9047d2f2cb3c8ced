import {
  type InputFile,
  LobsterDayDecoder,
  type MarketDecoder,
  RowSupply,
} from '@foldbook/history';

/** The rows that an input's messages need, brought to its decoder; nothing of other inputs. */
export class InputRows {
  readonly #supply: RowSupply | undefined;

  /** @param open - the orderbook file, which is read when its first rows are needed */
  constructor(decoder: MarketDecoder, open: (() => Promise<InputFile>) | undefined) {
    if (open === undefined || !(decoder instanceof LobsterDayDecoder)) return;
    this.#supply = new RowSupply(decoder, chunksOf(open));
  }

  /** Before a chunk of messages is pushed; without one, before their end is. */
  async before(chunk?: Uint8Array): Promise<void> {
    await this.#supply?.before(chunk);
  }

  async close(): Promise<void> {
    await this.#supply?.close();
  }
}

async function* chunksOf(open: () => Promise<InputFile>): AsyncGenerator<Uint8Array> {
  const file = await open();
  yield* file.chunks();
}
