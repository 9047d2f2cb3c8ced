/**
 * Settlement records in columns: a records file (.fbr). STATEMENT.md, section 12, says what
 * each column holds. Only records that keep the rules of their kinds can be packed.
 */
import { ColumnReader, ColumnWriter, unzigzag, zigzag } from '@foldbook/protocol/columns';
import { assert, at } from './assert.ts';
import { ByteWriter } from './bytes.ts';
import { type ByteReader, type Decoded, decode } from './decoding.ts';
import { PackingState, type Side } from './packing-state.ts';
import { RecordList } from './record-list.ts';
import {
  ACCOUNT_LIMIT,
  AMOUNT_LIMIT,
  checkRecord,
  FEE_ACCOUNT,
  LOTS_LIMIT,
  PRICE_LIMIT,
  RecordKind,
  type SettlementRecord,
  SUPPLY_ACCOUNT,
} from './settlement-record.ts';

const MAGIC = 'FBPR';
const VERSION = 2;
/** What a reader makes of a file unless it is told otherwise: 64 MiB of them. */
export const DEFAULT_RECORDS_MAX = 2 ** 21;

/** In the order of the file. */
const COLUMNS = [
  'kinds',
  'accounts',
  'sellers',
  'buyers',
  'prices',
  'lots',
  'firstParties',
  'secondParties',
  'firstFees',
  'secondFees',
  'otherAccounts',
  'otherAmounts',
] as const;
type ColumnName = (typeof COLUMNS)[number];
const HEADER_BYTES = 16 + 4 * COLUMNS.length;
/** Values of account columns below it are no account. */
const TRADER = 1;
const PARTY = 2;

/**
 * A records file of the records of one epoch, in order.
 * @throws Error for a record that breaks the rules of its kind, which has no form in such a file
 */
export function packRecords(records: Iterable<SettlementRecord>): Uint8Array {
  const packer = new Packer();
  for (const record of records) packer.push(record);
  return packer.finish();
}

class Packer {
  readonly #state = new PackingState();
  readonly #columns = newColumns(() => new ColumnWriter());
  /** Columns of accounts, as long as their places in the dictionary are not known. */
  readonly #named = {
    sellers: new NamedAccounts(TRADER),
    buyers: new NamedAccounts(TRADER),
    firstParties: new NamedAccounts(PARTY),
    secondParties: new NamedAccounts(PARTY),
    otherAccounts: new NamedAccounts(0),
  };
  #count = 0;

  push(record: SettlementRecord): void {
    const wrong = checkRecord(record);
    assert(wrong === undefined, `record ${this.#count} cannot be packed: ${wrong}`);
    const { kind } = record;
    const state = this.#state;
    this.#columns.kinds.push(kind === state.expectedKind ? 0 : kind);
    const place = state.begin(kind);
    if (kind === RecordKind.TRADE) this.#trade(record);
    else if (place === 0) this.#other(record);
    else this.#fee(record, place);
    this.#count += 1;
  }

  finish(): Uint8Array {
    const named = Object.values(this.#named);
    const accounts = [...new Set(named.flatMap((column) => column.accounts()))];
    accounts.sort((left, right) => left - right);
    const places = new Map(accounts.map((account, place) => [account, place]));
    let next = 0;
    for (const account of accounts) {
      this.#columns.accounts.push(account - next);
      next = account + 1;
    }
    for (const name of ['sellers', 'buyers', 'firstParties', 'secondParties'] as const) {
      this.#named[name].write(this.#columns[name], places);
    }
    this.#named.otherAccounts.writeSteps(this.#columns.otherAccounts, places);
    const columns = COLUMNS.map((name) => this.#columns[name].finish());
    const length = columns.reduce((sum, column) => sum + column.length, HEADER_BYTES);
    const file = new ByteWriter(length).ascii(MAGIC).unsigned(VERSION, 2).unsigned(0, 2);
    file.unsigned(this.#count, 4).unsigned(accounts.length, 4);
    for (const column of columns) file.unsigned(column.length, 4);
    for (const column of columns) file.bytes(column, column.length);
    return file.finish();
  }

  #trade(record: SettlementRecord): void {
    const { a, b, price, dBase } = record;
    const { trade } = this.#state;
    this.#named.sellers.push(a === trade.a ? 0 : undefined, a);
    this.#named.buyers.push(b === trade.b ? 0 : undefined, b);
    this.#columns.prices.push(zigzag(Number(price) - trade.price));
    this.#columns.lots.push(Number(dBase));
    this.#state.traded(record);
  }

  #fee({ kind, a, b, dQuote }: SettlementRecord, place: 1 | 2): void {
    const account = kind === RecordKind.FEE ? b : a;
    const state = this.#state;
    const expected = state.expectedParty(place);
    const party = state.partyOf(expected) === account ? 0 : 1;
    const isParty = party === 0 || state.partyOf(otherSide(expected)) === account;
    const parties = place === 1 ? this.#named.firstParties : this.#named.secondParties;
    parties.push(isParty ? party : undefined, account);
    if (isParty) state.paid(place, party === 0 ? expected : otherSide(expected));
    const fees = place === 1 ? this.#columns.firstFees : this.#columns.secondFees;
    const isExpected = state.fee(place, kind, account) === dQuote;
    fees.pushBig(isExpected ? 0n : dQuote + 1n);
    if (!isExpected) state.learnFee(place, kind, account, dQuote);
  }

  #other(record: SettlementRecord): void {
    const { kind, a, b, dBase, dQuote } = record;
    this.#named.otherAccounts.push(undefined, SIDES[kind]?.isUserA === true ? a : b);
    const amount = SIDES[kind]?.isBase === true ? dBase : dQuote;
    const isSame = amount === this.#state.lastAmount(kind);
    this.#columns.otherAmounts.pushBig(isSame ? 0n : amount + 1n);
    this.#state.moved(kind, amount);
  }
}

interface KindSides {
  /** Whether the user is a; the other side is `fixed`. */
  readonly isUserA: boolean;
  readonly fixed: number;
  readonly isBase: boolean;
}

/** Of each kind but trades. */
const SIDES: { readonly [kind: number]: KindSides } = {
  [RecordKind.FEE]: { isUserA: false, fixed: FEE_ACCOUNT, isBase: false },
  [RecordKind.REBATE]: { isUserA: true, fixed: FEE_ACCOUNT, isBase: false },
  [RecordKind.DEPOSIT_BASE]: { isUserA: false, fixed: SUPPLY_ACCOUNT, isBase: true },
  [RecordKind.DEPOSIT_QUOTE]: { isUserA: true, fixed: SUPPLY_ACCOUNT, isBase: false },
  [RecordKind.WITHDRAW_BASE]: { isUserA: true, fixed: SUPPLY_ACCOUNT, isBase: true },
  [RecordKind.WITHDRAW_QUOTE]: { isUserA: false, fixed: SUPPLY_ACCOUNT, isBase: false },
};

const otherSide = (side: Side): Side => (side === 'buyer' ? 'seller' : 'buyer');

function newColumns<T>(create: (name: ColumnName) => T): Record<ColumnName, T> {
  const entries = COLUMNS.map((name) => [name, create(name)]);
  return Object.fromEntries(entries) as Record<ColumnName, T>;
}

/** A column of codes below `first`, and of accounts, which follow by place in the dictionary. */
class NamedAccounts {
  readonly #first: number;
  /** A code, or an account as -1 - account. */
  readonly #values: number[] = [];

  constructor(first: number) {
    this.#first = first;
  }

  push(code: number | undefined, account: number): void {
    this.#values.push(code ?? -1 - account);
  }

  accounts(): number[] {
    return this.#values.filter((value) => value < 0).map((value) => -1 - value);
  }

  write(column: ColumnWriter, places: ReadonlyMap<number, number>): void {
    for (const value of this.#values) {
      column.push(value < 0 ? this.#first + (places.get(-1 - value) ?? 0) : value);
    }
  }

  /** The accounts alone, each by its distance from the one before. */
  writeSteps(column: ColumnWriter, places: ReadonlyMap<number, number>): void {
    let last = 0;
    for (const account of this.accounts()) {
      const place = places.get(account) ?? 0;
      column.push(zigzag(place - last));
      last = place;
    }
  }
}

/**
 * Reads a records file. What it gives keeps the rules of its kinds.
 * @param recordsMax - refuses files of more records before it has memory for them: a few bytes may
 *   stand for billions
 */
export function unpackRecords(
  bytes: Uint8Array,
  recordsMax: number = DEFAULT_RECORDS_MAX,
): Decoded<RecordList> {
  return decode(bytes, 'RECORDS_FORMAT', 'records file', (reader) => {
    reader.format(MAGIC, VERSION);
    reader.zero(2);
    const count = reader.unsigned(4);
    if (count > recordsMax) reader.refuse(`${count} records; this reader takes ${recordsMax}`, 8);
    const accounts = reader.unsigned(4);
    // Each record names two accounts at most.
    if (accounts > 2 * count || accounts > ACCOUNT_LIMIT) {
      reader.refuse(`${accounts} accounts in ${count} records`, 12);
    }
    const lengths = newColumns(() => reader.unsigned(4));
    const columns = newColumns((name) => columnOf(reader, lengths[name]));
    const unpacker = new Unpacker(columns, accounts);
    const records = new RecordList();
    for (let index = 0; index < count; index++) records.push(unpacker.next());
    unpacker.end();
    return records;
  });
}

function columnOf(reader: ByteReader, length: number): ColumnReader {
  const start = reader.offset;
  const bytes = reader.bytes(length);
  return new ColumnReader(bytes, 0, length, (what, offset) => reader.refuse(what, start + offset));
}

class Unpacker {
  readonly #state = new PackingState();
  readonly #columns: Readonly<Record<ColumnName, ColumnReader>>;
  readonly #accounts: Uint32Array;
  readonly #isUsed: Uint8Array;
  /** Place of the account in the column of others that was read last. */
  #place = 0;

  constructor(columns: Readonly<Record<ColumnName, ColumnReader>>, accounts: number) {
    this.#columns = columns;
    this.#accounts = new Uint32Array(accounts);
    this.#isUsed = new Uint8Array(accounts);
    let next = 0;
    for (let place = 0; place < accounts; place++) {
      const account = next + columns.accounts.next(ACCOUNT_LIMIT);
      if (account >= ACCOUNT_LIMIT) columns.accounts.refuse(`there is no account ${account}`);
      this.#accounts[place] = account;
      next = account + 1;
    }
    columns.accounts.end();
  }

  next(): SettlementRecord {
    const state = this.#state;
    const { kinds } = this.#columns;
    const code = kinds.next(RecordKind.WITHDRAW_QUOTE + 1);
    const kind = code === 0 ? state.expectedKind : code;
    if (kind === 0) kinds.refuse('no kind is expected here');
    if (code !== 0 && code === state.expectedKind) kinds.refuse('the kind is the expected one');
    const place = state.begin(kind);
    if (kind === RecordKind.TRADE) return this.#trade();
    return place === 0 ? this.#other(kind) : this.#fee(kind, place);
  }

  /** Refuses what no record has used: a file has one form. */
  end(): void {
    for (const name of COLUMNS) this.#columns[name].end();
    const unused = this.#isUsed.indexOf(0);
    if (unused >= 0) {
      this.#columns.accounts.refuse(`account ${at(this.#accounts, unused)} is in no record`);
    }
  }

  #trade(): SettlementRecord {
    const { trade } = this.#state;
    const { sellers, buyers, prices, lots } = this.#columns;
    const a = this.#trader(sellers, trade.a);
    const b = this.#trader(buyers, trade.b);
    const price = trade.price + unzigzag(prices.next());
    if (price < 1 || price >= PRICE_LIMIT) prices.refuse(`price ${price}`);
    const dBase = lots.nextBig(LOTS_LIMIT);
    const dQuote = BigInt(price) * dBase;
    if (dBase === 0n || dQuote >= AMOUNT_LIMIT) lots.refuse(`${dBase} lots at price ${price}`);
    const kind = RecordKind.TRADE;
    return this.#state.traded({ kind, a, b, price: BigInt(price), dBase, dQuote });
  }

  #trader(column: ColumnReader, last: number): number {
    const code = column.next();
    // Before the first trade there is none, and 0 is nobody's.
    const account = code === 0 ? last : this.#named(column, code - TRADER);
    if (code !== 0 && account === last) column.refuse(`account ${account} is the expected one`);
    return this.#user(column, account);
  }

  #fee(kind: number, place: 1 | 2): SettlementRecord {
    const state = this.#state;
    const parties = place === 1 ? this.#columns.firstParties : this.#columns.secondParties;
    const fees = place === 1 ? this.#columns.firstFees : this.#columns.secondFees;
    const expected = state.expectedParty(place);
    const sides = [expected, otherSide(expected)] as const;
    const code = parties.next();
    const side = sides[code];
    const account = side === undefined ? this.#named(parties, code - PARTY) : state.partyOf(side);
    const isFirst = code === sides.findIndex((each) => state.partyOf(each) === account);
    if (side === undefined ? sides.some((each) => state.partyOf(each) === account) : !isFirst) {
      parties.refuse(`account ${account} has a shorter code`);
    }
    this.#user(parties, account);
    if (side !== undefined) state.paid(place, side);
    const amount = fees.nextBig(AMOUNT_LIMIT + 1n);
    const forecast = state.fee(place, kind, account);
    if (amount !== 0n && amount - 1n === forecast) fees.refuse(`${forecast} is the expected fee`);
    if (amount === 0n && forecast >= AMOUNT_LIMIT) fees.refuse(`a fee of ${forecast}`);
    const dQuote = amount === 0n ? forecast : amount - 1n;
    if (amount !== 0n) state.learnFee(place, kind, account, dQuote);
    return moveOf(kind, account, dQuote);
  }

  #other(kind: number): SettlementRecord {
    const { otherAccounts, otherAmounts } = this.#columns;
    const place = this.#place + unzigzag(otherAccounts.next());
    this.#place = place;
    const account = this.#user(otherAccounts, this.#named(otherAccounts, place));
    const code = otherAmounts.nextBig(AMOUNT_LIMIT + 1n);
    const last = this.#state.lastAmount(kind);
    if (code !== 0n && code - 1n === last) otherAmounts.refuse(`${last} is the expected amount`);
    const amount = code === 0n ? last : code - 1n;
    this.#state.moved(kind, amount);
    return moveOf(kind, account, amount);
  }

  #named(column: ColumnReader, place: number): number {
    const account = this.#accounts[place];
    if (account === undefined) {
      return column.refuse(`account ${place} of the ${this.#accounts.length} of the file`);
    }
    this.#isUsed[place] = 1;
    return account;
  }

  #user(column: ColumnReader, account: number): number {
    return account > FEE_ACCOUNT ? account : column.refuse(`account ${account} is no user's`);
  }
}

function moveOf(kind: number, account: number, amount: bigint): SettlementRecord {
  const { isUserA, fixed, isBase } = SIDES[kind] ?? { isUserA: false, fixed: 0, isBase: false };
  const [a, b] = isUserA ? [account, fixed] : [fixed, account];
  return { kind, a, b, price: 0n, dBase: isBase ? amount : 0n, dQuote: isBase ? 0n : amount };
}
