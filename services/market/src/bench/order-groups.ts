/** Groups as they come out of the log: to set markets up, and to keep them busy. */
import {
  Asset,
  BatchKind,
  type Command,
  CommandKind,
  CommandOffset,
  encodeBatch,
  encodeRecords,
  RECORD_BYTES,
  Side,
  TimeInForce,
} from '@foldbook/protocol';

export const GROUP_COMMANDS = 4_096;

const OPERATOR = 0;
const FIRST_ACCOUNT = 2;
/** Accounts of pairs, beyond those of what rests. */
const MAKER = 100_000;
const TAKER = 100_001;
const SESSION = 1;
const FUNDS = 2n ** 50n;
const TIME_NS = 1n;
const PRICE = 1_000_000n;
/** Ids from here on are of pairs. */
const FIRST_PAIR = 2 ** 30;

type Sent = readonly [account: number, command: Command];

function groupOf(market: number, commands: readonly Sent[]): Uint8Array {
  const header = { kind: BatchKind.GROUP, market, timeNs: TIME_NS } as const;
  return encodeBatch(header, encodeRecords(commands));
}

const order = (side: Side, id: number, price: bigint): Command => ({
  kind: CommandKind.NEW,
  session: SESSION,
  requestId: BigInt(id),
  clientOrderId: BigInt(id),
  timeInForce: TimeInForce.GTC,
  side,
  price,
  quantity: 1n,
});

function* setUp(accounts: number): Generator<Sent> {
  let requestId = 1n;
  const head = { session: SESSION, requestId };
  yield [OPERATOR, { kind: CommandKind.CREATE_MARKET, ...head, makerFeePpm: 0, takerFeePpm: 0 }];
  const resting = Array.from({ length: accounts }, (_, index) => FIRST_ACCOUNT + index);
  for (const account of [...resting, MAKER, TAKER]) {
    for (const asset of [Asset.BASE, Asset.QUOTE]) {
      requestId += 1n;
      const kind = CommandKind.DEPOSIT;
      yield [OPERATOR, { kind, session: SESSION, requestId, account, asset, amount: FUNDS }];
    }
  }
}

function* resting({ orders, accounts, levels }: Filling): Generator<Sent> {
  for (let index = 0; index < orders; index += 1) {
    const away = BigInt(1 + (Math.floor(index / 2) % levels));
    const side = index % 2 === 0 ? Side.SELL : Side.BUY;
    const price = side === Side.SELL ? PRICE + away : PRICE - away;
    yield [FIRST_ACCOUNT + (index % accounts), order(side, index + 1, price)];
  }
}

export interface Filling {
  /** Orders that rest, half of them on each side. */
  readonly orders: number;
  /** That they are of. */
  readonly accounts: number;
  /** Prices of each side that they are spread over. */
  readonly levels: number;
}

/** Creates a market, and lets orders rest on both sides of where pairs trade. */
export function* fillingGroups(market: number, filling: Filling): Generator<Uint8Array> {
  let group: Sent[] = [];
  for (const commands of [setUp(filling.accounts), resting(filling)]) {
    for (const command of commands) {
      group.push(command);
      if (group.length < GROUP_COMMANDS) continue;
      yield groupOf(market, group);
      group = [];
    }
  }
  if (group.length > 0) yield groupOf(market, group);
}

/** Endless groups of orders by twos: one rests, the next one takes it. */
export class PairGroups {
  readonly commands: number;
  /** Where groups are of odd sizes, every second one begins with the taker. */
  readonly #groups: readonly Uint8Array[];
  #next = FIRST_PAIR;

  constructor(market: number, commands: number) {
    this.commands = commands;
    const from = (first: number) =>
      Array.from({ length: commands }, (_, index): Sent => {
        const isMaker = (first + index) % 2 === 0;
        return isMaker ? [MAKER, order(Side.SELL, 1, PRICE)] : [TAKER, order(Side.BUY, 1, PRICE)];
      });
    const starts = commands % 2 === 0 ? [0] : [0, 1];
    this.#groups = starts.map((first) => groupOf(market, from(first)));
  }

  get records(): number {
    return this.commands + 1;
  }

  /** The next group; valid until the one after it, and the same again unless `sent` is told. */
  peek(): Uint8Array {
    const group = this.#groups[this.#next % this.#groups.length] ?? new Uint8Array(0);
    const words = new Int32Array(group.buffer, group.byteOffset, group.byteLength >> 2);
    for (let index = 0; index < this.commands; index += 1) {
      const at = ((index + 1) * RECORD_BYTES) >> 2;
      words[at + (CommandOffset.REQUEST_ID >> 2)] = this.#next + index;
      words[at + (CommandOffset.CLIENT_ORDER_ID >> 2)] = this.#next + index;
    }
    return group;
  }

  sent(): void {
    this.#next += this.commands;
  }
}
