import {
  type InputFile,
  LobsterDayDecoder,
  type MarketDecoder,
  RowSupply,
} from '@foldbook/history';

/** The rows that an input's messages need, brought to its decoder; nothing of other inputs. */
export class InputRows {
  readonly #supply: RowSupply | undefined;

  constructor(decoder: MarketDecoder, rows: InputFile | undefined) {
    if (rows === undefined || !(decoder instanceof LobsterDayDecoder)) return;
    this.#supply = new RowSupply(decoder, rows.chunks());
  }

  /** Before a chunk of messages is pushed; without one, before their end is. */
  async before(chunk?: Uint8Array): Promise<void> {
    await this.#supply?.before(chunk);
  }

  async close(): Promise<void> {
    await this.#supply?.close();
  }
}
