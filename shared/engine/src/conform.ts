/**
 * Plays a message file of the public Matching Engine Algorithm Performance Challenge on an engine
 * and gives the digest of the report stream, to be compared with the published one.
 *
 * ```
 * file    +0    +8      +12    +16
 *         magic version count  messages
 * message +0   +1   +2  +4        +8        +16      +24    +32
 *         type side ioc quantity  sequence  orderId  price  reserved
 * ```
 */
import assert from 'node:assert/strict';
import { createHash, type Hash } from 'node:crypto';
import {
  Asset,
  CommandKind,
  CommandOffset,
  EventKind,
  EventOffset,
  encodeRecords,
  MAX_PRICE,
  MAX_QUANTITY,
  RECORD_BYTES,
  ResultCode,
  resultName,
  TimeInForce,
  TradeOffset,
  viewOf,
} from '@foldbook/protocol';
import type { Engine } from './engine.ts';

export interface Conformance {
  readonly messages: number;
  readonly reports: number;
  /** Of the report stream, hexadecimal. */
  readonly sha256: string;
}

/** A message file that is damaged, or that asks for more than an engine's widths. */
export class ConformError extends Error {
  override readonly name = 'ConformError';
}

/** A u64 whose bytes spell "MEBW_001" from the highest down. */
const MAGIC = 0x4d4542575f303031n;
const VERSION = 1;
const HEADER_BYTES = 16;
const MESSAGE_BYTES = 40;
const MessageOffset = {
  TYPE: 0,
  SIDE: 1,
  IOC: 2,
  QUANTITY: 4,
  SEQUENCE: 8,
  ORDER_ID: 16,
  PRICE: 24,
} as const;
const MessageType = { NEW: 0, CANCEL: 1, MODIFY: 2 } as const;

/** Also the order within a message: reports are sorted by (sequence, type). */
const Report = {
  ACCEPTED: 0,
  TRADE: 1,
  CANCELLED: 2,
  MODIFIED: 3,
  CANCEL_REJECTED: 4,
  MODIFY_REJECTED: 5,
} as const;

/** One account trades with itself: the challenge has neither owners nor money. */
const ACCOUNT = 2;
const SESSION = 1;
const DEPOSIT = 2n ** 62n;
const GROUP_MESSAGES = 1_024;

/**
 * @param bytes - the file, decompressed
 * @param engine - one that has seen no command yet
 * @throws ConformError for a file that is not what it should be
 */
export function conformFile(bytes: Uint8Array, engine: Engine): Conformance {
  assert.equal(engine.sequence, 0n, 'conformance needs a market that is not created yet');
  const view = viewOf(bytes);
  const messages = checkHeader(view);
  const setUp = setUpRecords();
  engine.apply(setUp, setUp.byteLength / RECORD_BYTES, 0n, () => {});
  const reports = new ReportStream(view, Number(engine.sequence) + 1);
  const group = new Uint8Array(GROUP_MESSAGES * RECORD_BYTES);
  const groupView = viewOf(group);
  for (let first = 0; first < messages; first += GROUP_MESSAGES) {
    const count = Math.min(GROUP_MESSAGES, messages - first);
    for (let index = 0; index < count; index += 1) {
      const at = HEADER_BYTES + (first + index) * MESSAGE_BYTES;
      writeMessage(view, at, groupView, index * RECORD_BYTES, first + index);
    }
    engine.apply(group, count, 0n, (block, events) => reports.add(block, events));
  }
  return { messages, ...reports.finish() };
}

export interface ConformCommands {
  /** Creates the market and gives its one account money. */
  readonly setUp: Uint8Array;
  readonly messages: number;
  /** Writes the messages as commands, one after the other; `to` has room for all. */
  write(to: Uint8Array): void;
}

/**
 * What `conformFile` gives an engine, for those who measure it.
 * @throws ConformError for a file that is not what it should be
 */
export function conformCommands(bytes: Uint8Array): ConformCommands {
  const source = viewOf(bytes);
  const messages = checkHeader(source);
  return {
    setUp: setUpRecords(),
    messages,
    write(to) {
      const target = viewOf(to);
      for (let place = 0; place < messages; place += 1) {
        const from = HEADER_BYTES + place * MESSAGE_BYTES;
        writeMessage(source, from, target, place * RECORD_BYTES, place);
      }
    },
  };
}

function checkHeader(view: DataView): number {
  if (view.byteLength < HEADER_BYTES || view.getBigUint64(0, true) !== MAGIC) {
    throw new ConformError('this is no message file, as it is or within zstd: check its name');
  }
  const version = view.getUint32(8, true);
  if (version !== VERSION) {
    throw new ConformError(`message file of version ${version}; only version ${VERSION} is known`);
  }
  const messages = view.getUint32(12, true);
  const expected = HEADER_BYTES + messages * MESSAGE_BYTES;
  if (view.byteLength !== expected) {
    const found = `${view.byteLength} bytes long, but ${messages} messages need ${expected}`;
    throw new ConformError(`the message file is ${found}: fetch it again`);
  }
  return messages;
}

/** A market without fees, with enough money for any message file. */
function setUpRecords(): Uint8Array {
  const set = { session: SESSION };
  const commands = [
    { kind: CommandKind.CREATE_MARKET, requestId: 1n, makerFeePpm: 0, takerFeePpm: 0, ...set },
    ...[Asset.BASE, Asset.QUOTE].map((asset) => ({
      kind: CommandKind.DEPOSIT,
      requestId: BigInt(asset) + 2n,
      account: ACCOUNT,
      asset,
      amount: DEPOSIT,
      ...set,
    })),
  ];
  return encodeRecords(commands.map((command) => [0, command]));
}

/** The message at `from` as a command at `to`; its request id is its place in the file. */
function writeMessage(
  source: DataView,
  from: number,
  target: DataView,
  to: number,
  place: number,
): void {
  const kind = commandKind(source.getUint8(from + MessageOffset.TYPE), place);
  const ioc = kind === CommandKind.NEW && source.getUint8(from + MessageOffset.IOC) !== 0;
  const price = source.getBigInt64(from + MessageOffset.PRICE, true);
  const quantity = BigInt(source.getUint32(from + MessageOffset.QUANTITY, true));
  if (kind !== CommandKind.CANCEL) {
    if (price < 1n || price > MAX_PRICE) {
      throw new ConformError(`message ${place}: price ${price} is not from 1 to ${MAX_PRICE}`);
    }
    if (quantity < 1n || quantity > MAX_QUANTITY) {
      throw new ConformError(`message ${place}: quantity ${quantity} is not positive`);
    }
  }
  for (let at = 0; at < RECORD_BYTES; at += 8) target.setBigUint64(to + at, 0n, true);
  target.setUint8(to + CommandOffset.KIND, kind);
  target.setUint8(to + CommandOffset.SIDE, source.getUint8(from + MessageOffset.SIDE));
  target.setUint8(to + CommandOffset.TIME_IN_FORCE, ioc ? TimeInForce.IOC : TimeInForce.GTC);
  target.setUint32(to + CommandOffset.ACCOUNT, ACCOUNT, true);
  target.setUint16(to + CommandOffset.SESSION, SESSION, true);
  target.setBigUint64(to + CommandOffset.REQUEST_ID, BigInt(place + 1), true);
  const orderId = source.getBigUint64(from + MessageOffset.ORDER_ID, true);
  target.setBigUint64(to + CommandOffset.CLIENT_ORDER_ID, orderId, true);
  target.setBigUint64(to + CommandOffset.PRICE, price, true);
  target.setBigUint64(to + CommandOffset.QUANTITY, quantity, true);
}

function commandKind(type: number, place: number): number {
  switch (type) {
    case MessageType.NEW:
      return CommandKind.NEW;
    case MessageType.CANCEL:
      return CommandKind.CANCEL;
    case MessageType.MODIFY:
      return CommandKind.REPLACE;
    default:
      throw new ConformError(`message ${place}: type ${type} is not new, cancel or modify`);
  }
}

/** Events -> report lines, in order of (sequence, type), hashed as they come. */
class ReportStream {
  readonly #messages: DataView;
  /** Market sequence of the first message. */
  readonly #firstSequence: number;
  readonly #hash: Hash = createHash('sha256');
  #lines = 0;
  #text = '';
  /** Reports of the message that is under way, by type. */
  readonly #pending: string[][] = Object.values(Report).map(() => []);
  #sequence = 0;
  /** The message's own sequence number, and the id that it names. */
  #messageSequence = -1n;
  #messageOrderId = 0n;

  constructor(messages: DataView, firstSequence: number) {
    this.#messages = messages;
    this.#firstSequence = firstSequence;
  }

  add(block: Uint8Array, count: number): void {
    const view = viewOf(block);
    for (let index = 0; index < count; index += 1) this.#addEvent(view, index * RECORD_BYTES);
  }

  finish(): { reports: number; sha256: string } {
    this.#endMessage();
    this.#hash.update(this.#text);
    return { reports: this.#lines, sha256: this.#hash.digest('hex') };
  }

  #addEvent(view: DataView, at: number): void {
    const sequence = Number(view.getBigUint64(at + EventOffset.SEQUENCE, true));
    if (sequence !== this.#sequence) this.#beginMessage(sequence);
    const kind = view.getUint8(at + EventOffset.KIND);
    switch (kind) {
      case EventKind.ACCEPTED:
        this.#put(Report.ACCEPTED, `${this.#order(view, at)},${quantityOf(view, at)}`);
        return;
      case EventKind.REPLACED:
        this.#put(Report.MODIFIED, `${this.#order(view, at)},${quantityOf(view, at)}`);
        return;
      case EventKind.CANCELLED:
        this.#put(Report.CANCELLED, this.#order(view, at));
        return;
      case EventKind.TRADE: {
        const maker = view.getBigUint64(at + TradeOffset.MAKER_CLIENT_ORDER_ID, true);
        const terms = `${priceOf(view, at)},${quantityOf(view, at)}`;
        this.#put(Report.TRADE, `${terms},${maker},${this.#messageOrderId}`);
        return;
      }
      case EventKind.REJECTED:
        this.#putRejection(view, at);
        return;
      case EventKind.BOOK_DELTA:
        return;
      default:
        throw new ConformError(`the engine wrote an event of kind ${kind}`);
    }
  }

  #putRejection(view: DataView, at: number): void {
    const command = view.getUint8(at + EventOffset.SIDE);
    const code = view.getUint16(at + EventOffset.CODE, true);
    if (code !== ResultCode.UNKNOWN_ORDER) {
      const place = this.#sequence - this.#firstSequence;
      throw new ConformError(`message ${place} was refused: ${resultName(code)}`);
    }
    const type = command === CommandKind.CANCEL ? Report.CANCEL_REJECTED : Report.MODIFY_REJECTED;
    this.#put(type, `${this.#messageOrderId}`);
  }

  /** "side,order id,price". */
  #order(view: DataView, at: number): string {
    return `${view.getUint8(at + EventOffset.SIDE)},${this.#messageOrderId},${priceOf(view, at)}`;
  }

  #put(type: number, fields: string): void {
    this.#pending[type]?.push(`${type},${this.#messageSequence},${fields}`);
  }

  #beginMessage(sequence: number): void {
    this.#endMessage();
    this.#sequence = sequence;
    const at = HEADER_BYTES + (sequence - this.#firstSequence) * MESSAGE_BYTES;
    const messageSequence = this.#messages.getBigUint64(at + MessageOffset.SEQUENCE, true);
    // Sorting message by message is sorting the whole only where the file itself is in order.
    if (messageSequence <= this.#messageSequence) {
      throw new ConformError(`sequence number ${messageSequence} comes too late in the file`);
    }
    this.#messageSequence = messageSequence;
    this.#messageOrderId = this.#messages.getBigUint64(at + MessageOffset.ORDER_ID, true);
  }

  #endMessage(): void {
    for (const lines of this.#pending) {
      for (const line of lines) {
        this.#text += this.#lines === 0 ? line : `\n${line}`;
        this.#lines += 1;
      }
      lines.length = 0;
    }
    if (this.#text.length < 65_536) return;
    this.#hash.update(this.#text);
    this.#text = '';
  }
}

const priceOf = (view: DataView, at: number) => view.getBigUint64(at + EventOffset.PRICE, true);
const quantityOf = (view: DataView, at: number) =>
  view.getBigUint64(at + EventOffset.QUANTITY, true);
