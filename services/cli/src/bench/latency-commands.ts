/** The commands of `bench latency`: pairs of a sell order that rests and a buy that takes it. */
import {
  Asset,
  type Command,
  CommandKind,
  CommandOffset,
  encodeRecords,
  RECORD_BYTES,
  Side,
  TimeInForce,
} from '@foldbook/protocol';

const MAKER = 2;
const TAKER = 3;
const SESSION = 1;
const FUNDS = 2n ** 50n;
const PRICE = 10_000n;
/** Orders of each side that rest all the time, one a price, so that the book is no empty one. */
const RESTING = 500;
const RESTING_QUANTITY = 10n;

const RECORD_WORDS = RECORD_BYTES >> 2;
const REQUEST_ID = CommandOffset.REQUEST_ID >> 2;
const CLIENT_ORDER_ID = CommandOffset.CLIENT_ORDER_ID >> 2;
/** Ids from here on are of the pairs. */
const FIRST_PAIR = 1_000_000;

const order = (side: Side, id: number, price: bigint, quantity: bigint): Command => ({
  kind: CommandKind.NEW,
  session: SESSION,
  requestId: BigInt(id),
  clientOrderId: BigInt(id),
  timeInForce: TimeInForce.GTC,
  side,
  price,
  quantity,
});

/** Creates the market, funds its two accounts and fills the book around the pairs' price. */
export function setUpCommands(): Uint8Array {
  const head = { session: SESSION, requestId: 1n } as const;
  const commands: (readonly [number, Command])[] = [
    [0, { kind: CommandKind.CREATE_MARKET, ...head, makerFeePpm: 0, takerFeePpm: 0 }],
  ];
  for (const account of [MAKER, TAKER]) {
    for (const asset of [Asset.BASE, Asset.QUOTE]) {
      const requestId = BigInt(commands.length + 1);
      const deposit = { kind: CommandKind.DEPOSIT, session: SESSION, requestId } as const;
      commands.push([0, { ...deposit, account, asset, amount: FUNDS }]);
    }
  }
  for (let id = 1; id <= RESTING; id += 1) {
    const away = BigInt(id);
    commands.push([MAKER, order(Side.SELL, 2 * id, PRICE + away, RESTING_QUANTITY)]);
    commands.push([MAKER, order(Side.BUY, 2 * id + 1, PRICE - away, RESTING_QUANTITY)]);
  }
  return encodeRecords(commands);
}

/** Writes commands of pairs into a block, allocating nothing. */
export class PairWriter {
  readonly bytes: Uint8Array;
  readonly #words: Int32Array;

  /** @param capacity commands of a block; even */
  constructor(capacity: number) {
    const pair = encodeRecords([
      [MAKER, order(Side.SELL, FIRST_PAIR, PRICE, 1n)],
      [TAKER, order(Side.BUY, FIRST_PAIR, PRICE, 1n)],
    ]);
    this.bytes = new Uint8Array(capacity * RECORD_BYTES);
    for (let at = 0; at < this.bytes.length; at += pair.length) this.bytes.set(pair, at);
    this.#words = new Int32Array(this.bytes.buffer);
  }

  /**
   * Makes the block begin with command number `first` and those after it.
   * @returns the slot at which it begins: 1 where that command is the second of its pair
   */
  write(first: number, count: number): number {
    const words = this.#words;
    const start = first & 1;
    for (let index = 0; index < count; index += 1) {
      const at = (start + index) * RECORD_WORDS;
      const id = FIRST_PAIR + ((first + index) >> 1);
      words[at + REQUEST_ID] = id;
      words[at + CLIENT_ORDER_ID] = id;
    }
    return start;
  }
}
