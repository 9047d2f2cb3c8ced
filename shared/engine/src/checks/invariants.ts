/** What must hold after every command, whatever it was. */
import {
  Account,
  DeltaOffset,
  EventKind,
  EventOffset,
  LevelBook,
  MAX_AMOUNT,
  RECORD_BYTES,
  readCount,
  Side,
  viewOf,
} from '@foldbook/protocol';
import { concatenate } from '../command-record.ts';
import { type CommandGroup, eventsOf, singly } from '../compare-engines.ts';
import type { Engine } from '../engine.ts';
import { describeCommand } from '../event-words.ts';
import { QueueModel } from './queue-model.ts';

/** A rule of every market does not hold. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

export interface InvariantCounts {
  readonly commands: number;
  readonly trades: number;
}

/**
 * Applies commands one by one and asserts after each: sequences rise by one; per asset all accounts
 * together have what the supply account says; no balance is negative or beyond its width; the book
 * is not crossed, no level is empty, and levels are what the deltas say; trades follow price and
 * time; open orders are those that events tell of.
 * @param accounts - every account that the commands name
 * @throws InvariantError that says which command broke what
 */
export function checkInvariants(
  engine: Engine,
  groups: Iterable<CommandGroup>,
  accounts: readonly number[],
): InvariantCounts {
  const checker = new InvariantChecker(engine, [...new Set([Account.FEES, ...accounts])]);
  for (const group of groups) {
    checker.apply(group);
  }
  return checker.counts;
}

/** The same for an engine whose commands come bit by bit. */
export class InvariantChecker {
  readonly #engine: Engine;
  readonly #accounts: readonly number[];
  readonly #queues = new QueueModel();
  readonly #levels = new LevelBook();
  #commands = 0;
  #trades = 0;

  constructor(engine: Engine, accounts: readonly number[]) {
    this.#engine = engine;
    this.#accounts = accounts;
  }

  get counts(): InvariantCounts {
    return { commands: this.#commands, trades: this.#trades };
  }

  /**
   * Gives the events of the group.
   * @throws InvariantError
   */
  apply(group: CommandGroup): Uint8Array {
    return concatenate([...singly(group)].map((single) => this.#applyOne(single)));
  }

  #applyOne(single: CommandGroup): Uint8Array {
    const sequence = this.#engine.sequence + 1n;
    const events = eventsOf(this.#engine, single);
    const wrong = this.#check(sequence, viewOf(single.records), viewOf(events));
    this.#commands += 1;
    if (wrong === undefined) return events;
    const command = describeCommand(single.records);
    throw new InvariantError(`command ${sequence} (${command}): ${wrong}`);
  }

  #check(sequence: bigint, command: DataView, events: DataView): string | undefined {
    const count = events.byteLength / RECORD_BYTES;
    return (
      this.#checkSequences(sequence, events, count) ??
      this.#queues.take(command, events, count) ??
      this.#checkMoney() ??
      this.#checkBook(events, count) ??
      this.#checkOrders()
    );
  }

  #checkSequences(sequence: bigint, events: DataView, count: number): string | undefined {
    if (this.#engine.sequence !== sequence) return `the sequence is ${this.#engine.sequence}`;
    if (count === 0) return 'it has no event';
    for (let at = 0; at < events.byteLength; at += RECORD_BYTES) {
      const found = events.getBigUint64(at + EventOffset.SEQUENCE, true);
      if (found !== sequence) return `event ${at / RECORD_BYTES} has sequence ${found}`;
      if (events.getUint8(at) === EventKind.TRADE) this.#trades += 1;
    }
    return undefined;
  }

  #checkMoney(): string | undefined {
    let base = 0n;
    let quote = 0n;
    for (const account of this.#accounts) {
      const balance = this.#engine.balance(account);
      const { baseAvailable, baseHeld, quoteAvailable, quoteHeld } = balance;
      for (const amount of [baseAvailable, baseHeld, quoteAvailable, quoteHeld]) {
        // What wrapped around below zero is above the highest amount.
        if (amount > MAX_AMOUNT) return `account ${account} has ${BigInt.asIntN(64, amount)}`;
      }
      base += baseAvailable + baseHeld;
      quote += quoteAvailable + quoteHeld;
    }
    const supply = this.#engine.balance(Account.SUPPLY);
    if (base !== supply.baseAvailable) return `base: ${base} of ${supply.baseAvailable}`;
    return quote === supply.quoteAvailable
      ? undefined
      : `quote: ${quote} of ${supply.quoteAvailable}`;
  }

  #checkBook(events: DataView, count: number): string | undefined {
    for (let index = 0; index < count; index += 1) {
      const at = index * RECORD_BYTES;
      if (events.getUint8(at) === EventKind.BOOK_DELTA) this.#takeDelta(events, at);
    }
    const [bid] = this.#engine.depth(Side.BUY, 1);
    const [ask] = this.#engine.depth(Side.SELL, 1);
    if (bid !== undefined && ask !== undefined && bid.price >= ask.price) {
      return `the book is crossed: ${bid.price} bid, ${ask.price} asked`;
    }
    for (const [side, level] of [[Side.BUY, bid] as const, [Side.SELL, ask] as const]) {
      const told = this.#levels.levels(side, 1)[0];
      const isSame = told?.price === level?.price && told?.quantity === level?.quantity;
      if (!isSame) return `the best level is ${level?.price}, the deltas say ${told?.price}`;
      if (level !== undefined && (level.quantity === 0n || level.orders === 0)) {
        return `level ${level.price} is empty`;
      }
    }
    return undefined;
  }

  #takeDelta(events: DataView, at: number): void {
    const side = events.getUint8(at + EventOffset.SIDE) as Side;
    const price = readCount(events, at + DeltaOffset.PRICE);
    const quantity = events.getBigUint64(at + DeltaOffset.QUANTITY, true);
    this.#levels.set(side, price, quantity, readCount(events, at + DeltaOffset.ORDERS));
  }

  #checkOrders(): string | undefined {
    const open = this.#engine.openOrders();
    if (open === this.#queues.openOrders) return undefined;
    return `${open} orders are open, events tell of ${this.#queues.openOrders}`;
  }
}
