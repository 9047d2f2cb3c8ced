/** Command flows made from a seed: the same seed gives the same bytes on every machine. */
import {
  CommandKind,
  CommandOffset,
  MAX_ACCOUNT,
  MAX_AMOUNT,
  MAX_PRICE,
  MAX_QUANTITY,
  RECORD_BYTES,
  Side,
  viewOf,
} from '@foldbook/protocol';
import type { CommandGroup } from './compare-engines.ts';

/** Accounts that a flow deposits to. */
export const FLOW_ACCOUNTS: readonly number[] = [2, 3, 4, 700, MAX_ACCOUNT];

const MAX_GROUP = 64;
const START_NS = 1_700_000_000_000_000_000n;
const FEE_RATES: readonly (readonly [maker: number, taker: number])[] = [
  [0, 0],
  [1_000, 2_500],
  [-200, 300],
  [450, -450],
  [100_000, 100_000],
];

/** Small, well-known and good enough for tests: "mulberry32". */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return Math.floor((((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  oneIn(chances: number): boolean {
    return this.below(chances) === 0;
  }

  pick<Value>(values: readonly [Value, ...Value[]]): Value;
  pick<Value>(values: readonly Value[]): Value | undefined;
  pick<Value>(values: readonly Value[]): Value | undefined {
    return values[this.below(values.length)];
  }
}

/**
 * A market's life: creation, money, then orders that cluster around a price which wanders and at
 * times jumps far away, with a few commands in a hundred that make no sense.
 */
export class RandomFlow {
  readonly #dice: Dice;
  /** Ticks; moves over the whole domain in the course of a long flow. */
  #center = 10_000;
  #requestId = 0n;
  #timeNs = START_NS;

  constructor(seed: number) {
    this.#dice = new Dice(seed);
  }

  /** Groups of at most 64 commands, `commands` in all. */
  *groups(commands: number): Generator<CommandGroup> {
    const opening = this.#opening().slice(0, commands);
    yield { records: concatenate(opening), count: opening.length, timeNs: this.#timeNs };
    for (let left = commands - opening.length; left > 0; ) {
      const count = Math.min(left, 1 + this.#dice.below(MAX_GROUP));
      const records = new Uint8Array(count * RECORD_BYTES);
      for (let index = 0; index < count; index += 1) {
        records.set(this.#command(), index * RECORD_BYTES);
      }
      // Stamps mostly rise; the engine has to cope when they don't.
      this.#timeNs += BigInt(this.#dice.below(1_000) - 100);
      yield { records, count, timeNs: this.#timeNs };
      left -= count;
    }
  }

  /**
   * A market that runs away, `legs` times: thousands of bids, each the best so far, hundreds of
   * thousands of ticks from where the last ones were, towards offers that lay there before. Part of
   * them is cancelled, some are sold to. About 9,000 commands a leg.
   */
  *runaway(legs: number): Generator<CommandGroup> {
    const opening = this.#opening();
    yield { records: concatenate(opening), count: opening.length, timeNs: this.#timeNs };
    for (let leg = 1; leg <= legs; leg += 1) {
      // A multiple of the kernel's window apart, so that new prices meet the slots of old ones.
      const start = leg * 7 * 65_536 + this.#dice.below(1_000);
      const offers = Array.from({ length: 200 }, (_, index) =>
        this.#limitOrder(
          Side.SELL,
          leg * 100_000 + index,
          start + 9_000 + this.#dice.below(90_000),
        ),
      );
      yield { records: concatenate(offers), count: offers.length, timeNs: this.#timeNs };
      for (let first = 0; first < 6_000; first += 60) {
        const bids: Uint8Array[] = [];
        for (let index = first; index < first + 60; index += 1) {
          const id = leg * 100_000 + 1_000 + index;
          bids.push(this.#limitOrder(Side.BUY, id, start + index));
          if (!this.#dice.oneIn(3)) bids.push(this.#limitOrder(Side.BUY, id, 0));
          if (this.#dice.oneIn(20)) bids.push(this.#limitOrder(Side.SELL, 1, start));
        }
        yield { records: concatenate(bids), count: bids.length, timeNs: this.#timeNs };
      }
    }
  }

  /** One lot; a price of 0 stands for the order's cancellation. */
  #limitOrder(side: Side, clientOrderId: number, price: number): Uint8Array {
    const record = this.#record(price === 0 ? CommandKind.CANCEL : CommandKind.NEW, side + 2);
    const view = viewOf(record);
    view.setUint8(CommandOffset.SIDE, side);
    view.setBigUint64(CommandOffset.CLIENT_ORDER_ID, BigInt(clientOrderId), true);
    view.setBigUint64(CommandOffset.PRICE, BigInt(price), true);
    view.setBigUint64(CommandOffset.QUANTITY, 1n, true);
    return record;
  }

  #opening(): Uint8Array[] {
    const [maker, taker] = this.#dice.pick(FEE_RATES) ?? [0, 0];
    const create = this.#record(CommandKind.CREATE_MARKET, 0);
    viewOf(create).setInt32(CommandOffset.MAKER_FEE_PPM, maker, true);
    viewOf(create).setInt32(CommandOffset.TAKER_FEE_PPM, taker, true);
    const deposits = FLOW_ACCOUNTS.flatMap((account) => [
      this.#funds(CommandKind.DEPOSIT, account, 0, 1_000_000n),
      this.#funds(CommandKind.DEPOSIT, account, 1, 2n ** 50n),
    ]);
    return [create, ...deposits];
  }

  #command(): Uint8Array {
    const dice = this.#dice;
    if (dice.oneIn(4_000)) this.#center = 1 + dice.below(2 ** (6 + dice.below(30)));
    if (dice.oneIn(4)) this.#center = Math.max(1, this.#center + dice.below(7) - 3);
    const account = dice.pick(FLOW_ACCOUNTS) ?? 2;
    const roll = dice.below(100);
    if (roll < 52) return this.#order(CommandKind.NEW, account);
    if (roll < 74) return this.#order(CommandKind.CANCEL, account);
    if (roll < 90) return this.#order(CommandKind.REPLACE, account);
    const amount = BigInt(dice.below(100_000));
    if (roll < 94) return this.#funds(CommandKind.DEPOSIT, account, dice.below(2), amount);
    if (roll < 96) return this.#funds(CommandKind.WITHDRAW, account, dice.below(2), amount);
    if (roll < 97) return this.#record(CommandKind.CLOSE_EPOCH, 0);
    return this.#garbage();
  }

  #order(kind: number, account: number): Uint8Array {
    const dice = this.#dice;
    const record = this.#record(kind, account);
    const view = viewOf(record);
    const side = dice.below(2);
    // Buyers a little below the center, sellers a little above it; now and then across it.
    const away = dice.below(40) - (dice.oneIn(3) ? 25 : 2);
    const price = Math.max(1, this.#center + (side === Side.BUY ? -away : away));
    view.setUint8(CommandOffset.SIDE, side);
    view.setUint8(CommandOffset.TIME_IN_FORCE, dice.pick([0, 0, 0, 0, 1, 2]));
    view.setBigUint64(CommandOffset.CLIENT_ORDER_ID, BigInt(dice.below(400)), true);
    view.setBigUint64(CommandOffset.PRICE, BigInt(price), true);
    view.setBigUint64(CommandOffset.QUANTITY, BigInt(1 + dice.below(50)), true);
    return record;
  }

  #funds(kind: number, account: number, asset: number, amount: bigint): Uint8Array {
    const record = this.#record(kind, account);
    viewOf(record).setUint8(CommandOffset.ASSET, asset);
    viewOf(record).setBigUint64(CommandOffset.QUANTITY, amount, true);
    return record;
  }

  /** A command that would make sense, with one field that does not, or that is extreme. */
  #garbage(): Uint8Array {
    const dice = this.#dice;
    const kinds = [CommandKind.NEW, CommandKind.REPLACE, CommandKind.DEPOSIT] as const;
    const record = this.#order(dice.pick(kinds), dice.pick(FLOW_ACCOUNTS) ?? 2);
    const view = viewOf(record);
    const wide = dice.pick([
      0n,
      MAX_PRICE,
      MAX_PRICE + 1n,
      MAX_QUANTITY,
      MAX_AMOUNT,
      2n ** 64n - 1n,
    ]);
    switch (dice.below(7)) {
      case 0:
        record[CommandOffset.KIND] = dice.below(256);
        break;
      case 1:
        record[dice.pick([1, 2, 3])] = dice.below(256);
        break;
      case 2:
        view.setUint32(
          CommandOffset.ACCOUNT,
          dice.pick([0, 1, MAX_ACCOUNT + 1, 2 ** 32 - 1]),
          true,
        );
        break;
      case 3:
        view.setBigUint64(CommandOffset.REQUEST_ID, this.#requestId - 5n, true);
        break;
      case 4:
        view.setBigUint64(CommandOffset.PRICE, wide, true);
        break;
      case 5:
        view.setBigUint64(CommandOffset.QUANTITY, wide, true);
        break;
      default:
        view.setBigUint64(CommandOffset.CLIENT_ORDER_ID, wide, true);
    }
    return record;
  }

  #record(kind: number, account: number): Uint8Array {
    this.#requestId += 1n;
    const record = new Uint8Array(RECORD_BYTES);
    const view = viewOf(record);
    view.setUint8(CommandOffset.KIND, kind);
    view.setUint32(CommandOffset.ACCOUNT, account, true);
    view.setUint16(CommandOffset.SESSION, this.#dice.below(3), true);
    view.setBigUint64(CommandOffset.REQUEST_ID, this.#requestId, true);
    return record;
  }
}

function concatenate(records: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(records.length * RECORD_BYTES);
  records.forEach((record, index) => {
    all.set(record, index * RECORD_BYTES);
  });
  return all;
}
