/** Commands as objects (edges, tests) and as 64-byte records (everywhere else). */
import { type AdminCommand, writeAdminFields } from './admin-command.ts';
import { decodeBatchHeader, encodeBatch, viewOf } from './batch.ts';
import { checkRecord, type Role } from './command-form.ts';
import {
  BatchFlag,
  BatchKind,
  CommandKind,
  CommandOffset,
  type OrderType,
  RECORD_BYTES,
  type SelfTrade,
  type Side,
  type TimeInForce,
} from './layout.ts';
import { MAX_COMMANDS_PER_MESSAGE } from './limits.ts';
import type { AnySide } from './names.ts';
import { putI64, putU8, putU16, putU32, putU64 } from './record-writer.ts';
import { type Decoded, refuse } from './result.ts';
import { Slab } from './slab.ts';

export interface Request {
  readonly session: number;
  /** Strictly increasing per account and session. */
  readonly requestId: bigint;
}

/** What NEW, REPLACE and QUOTE say of an order. What is optional is 0 where it is left out. */
interface OrderTerms extends Request {
  readonly clientOrderId: bigint;
  readonly timeInForce: TimeInForce;
  /** Ticks: the limit, or the protection price of a market or stop order. */
  readonly price: bigint;
  /** Lots. */
  readonly quantity: bigint;
  readonly orderType?: OrderType;
  readonly selfTrade?: SelfTrade;
  /** A mask of `OrderFlag`. */
  readonly flags?: number;
  /** Lots of an iceberg that are seen at a time. */
  readonly displayQuantity?: bigint;
  /** Ticks; stop orders. */
  readonly stopPrice?: bigint;
  /** Seconds since 1970; GTT orders. */
  readonly expireTime?: number;
}

export interface NewOrder extends OrderTerms {
  readonly kind: typeof CommandKind.NEW;
  readonly side: Side;
}

export interface CancelOrder extends Request {
  readonly kind: typeof CommandKind.CANCEL;
  readonly clientOrderId: bigint;
}

/** `quantity` is the new open quantity; the side stays. */
export interface ReplaceOrder extends OrderTerms {
  readonly kind: typeof CommandKind.REPLACE;
}

export interface AmendOrder extends Request {
  readonly kind: typeof CommandKind.AMEND;
  readonly clientOrderId: bigint;
  /** Lots that the open quantity grows by; negative: shrinks. */
  readonly delta: bigint;
}

export interface CancelOrderById extends Request {
  readonly kind: typeof CommandKind.CANCEL_ORDER;
  /** Public order id: the market sequence that placed the order. */
  readonly orderId: bigint;
}

export interface CancelAll extends Request {
  readonly kind: typeof CommandKind.CANCEL_ALL;
  readonly side: AnySide;
}

export interface CancelAfter extends Request {
  readonly kind: typeof CommandKind.CANCEL_AFTER;
  /** From engine time; 0 stops the timer. */
  readonly timeoutSeconds: number;
}

/** One side of a quote: new, replaced, or with quantity and price 0 cancelled. */
export interface QuoteOrder extends OrderTerms {
  readonly kind: typeof CommandKind.QUOTE;
  readonly side: Side;
}

/** What clients command. */
export type OrderCommand =
  | NewOrder
  | CancelOrder
  | ReplaceOrder
  | AmendOrder
  | CancelOrderById
  | CancelAll
  | CancelAfter
  | QuoteOrder;
export type Command = OrderCommand | AdminCommand;

/**
 * Writes one command; `account` is the sender's for client kinds and ignored for administration.
 * Asserts that every field fits its width.
 */
export function writeCommand(
  view: DataView,
  offset: number,
  command: Command,
  account: number,
): void {
  for (let at = 0; at < RECORD_BYTES; at += 8) view.setBigUint64(offset + at, 0n, true);
  view.setUint8(offset + CommandOffset.KIND, command.kind);
  putU16(view, offset + CommandOffset.SESSION, 'session', command.session);
  putU64(view, offset + CommandOffset.REQUEST_ID, 'requestId', command.requestId);
  switch (command.kind) {
    case CommandKind.NEW:
    case CommandKind.QUOTE:
      putU8(view, offset + CommandOffset.SIDE, 'side', command.side);
      writeTerms(view, offset, command);
      break;
    case CommandKind.REPLACE:
      writeTerms(view, offset, command);
      break;
    case CommandKind.CANCEL:
      putU64(view, offset + CommandOffset.CLIENT_ORDER_ID, 'clientOrderId', command.clientOrderId);
      break;
    case CommandKind.AMEND:
      putU64(view, offset + CommandOffset.CLIENT_ORDER_ID, 'clientOrderId', command.clientOrderId);
      putI64(view, offset + CommandOffset.QUANTITY, 'delta', command.delta);
      break;
    case CommandKind.CANCEL_ORDER:
      putU64(view, offset + CommandOffset.ORDER_ID, 'orderId', command.orderId);
      break;
    case CommandKind.CANCEL_ALL:
      putU8(view, offset + CommandOffset.SIDE, 'side', command.side);
      break;
    case CommandKind.CANCEL_AFTER:
      putU32(view, offset + CommandOffset.TIMEOUT, 'timeoutSeconds', command.timeoutSeconds);
      break;
    default:
      writeAdminFields(view, offset, command);
      return;
  }
  view.setUint32(offset + CommandOffset.ACCOUNT, account, true);
}

function writeTerms(view: DataView, offset: number, order: OrderTerms): void {
  const { orderType = 0, selfTrade = 0, flags = 0, expireTime = 0 } = order;
  putU8(view, offset + CommandOffset.TIME_IN_FORCE, 'timeInForce', order.timeInForce);
  putU8(view, offset + CommandOffset.ORDER_TYPE, 'orderType', orderType);
  putU8(view, offset + CommandOffset.SELF_TRADE, 'selfTrade', selfTrade);
  putU8(view, offset + CommandOffset.FLAGS, 'flags', flags);
  putU32(view, offset + CommandOffset.EXPIRE_TIME, 'expireTime', expireTime);
  putU64(view, offset + CommandOffset.CLIENT_ORDER_ID, 'clientOrderId', order.clientOrderId);
  putU64(view, offset + CommandOffset.PRICE, 'price', order.price);
  putU64(view, offset + CommandOffset.QUANTITY, 'quantity', order.quantity);
  const { displayQuantity = 0n, stopPrice = 0n } = order;
  putU64(view, offset + CommandOffset.DISPLAY_QUANTITY, 'displayQuantity', displayQuantity);
  putU64(view, offset + CommandOffset.STOP_PRICE, 'stopPrice', stopPrice);
}

/** The records of commands and their senders, as a group of the log has them. */
export function encodeRecords(
  sent: readonly (readonly [account: number, command: Command])[],
): Uint8Array {
  const records = new Uint8Array(sent.length * RECORD_BYTES);
  const view = viewOf(records);
  sent.forEach(([account, command], index) => {
    writeCommand(view, index * RECORD_BYTES, command, account);
  });
  return records;
}

/** A binary message for `cmd.<market>.<account>` (or `adm.<market>`), which names the sender. */
export function encodeCommands(commands: readonly Command[], flags = 0): Uint8Array {
  const records = encodeRecords(commands.map((command) => [0, command]));
  return encodeBatch({ kind: BatchKind.COMMANDS, flags }, records);
}

const slab = new Slab();

/** What a sender wants to be told, beside a refusal: nothing, if that is all. */
export type ReplyWhen = 'executed' | 'received' | 'refused';

const REPLY_FLAGS: ReadonlyMap<number, ReplyWhen> = new Map([
  [0, 'executed'],
  [BatchFlag.REPLY_WHEN_RECEIVED, 'received'],
  [BatchFlag.REPLY_WHEN_REFUSED, 'refused'],
]);

/** Commands of one message, checked and stamped with the sender: ready for the log. */
export interface CommandBatch {
  readonly count: number;
  /** `count` records of 64 bytes. */
  readonly records: Uint8Array;
  readonly replyWhen: ReplyWhen;
  /** The answer is to hold a signed receipt. */
  readonly wantsReceipt: boolean;
}

/**
 * Decodes a binary message. `account` is the identity of the subject and is written into each
 * order record; a record may leave it zero or repeat it. Never throws.
 */
export function decodeCommandBatch(
  bytes: Uint8Array,
  role: Role,
  account: number,
): Decoded<CommandBatch> {
  const header = decodeBatchHeader(bytes, BatchKind.COMMANDS, MAX_COMMANDS_PER_MESSAGE);
  if (!header.ok) return header;
  const { count, flags } = header.value;
  if (count === 0) return refuse('EMPTY_BATCH', 0, 'the header counts no records');
  const wantsReceipt = (flags & BatchFlag.RECEIPT) !== 0;
  const replyWhen = REPLY_FLAGS.get(flags & ~BatchFlag.RECEIPT);
  // A receipt is an answer, and `refused` asks for none.
  if (replyWhen === undefined || (wantsReceipt && replyWhen === 'refused')) {
    return refuse('UNKNOWN_KIND', 12, `header flags ${flags}`);
  }
  // A copy, even of a Buffer (whose own slice shares memory): the sender is written into it.
  const records = slab.copy(bytes, RECORD_BYTES);
  const view = viewOf(records);
  for (let index = 0; index < count; index += 1) {
    const offset = index * RECORD_BYTES;
    const refusal = checkRecord(view, offset, role, account, offset + RECORD_BYTES);
    if (refusal !== undefined) return refusal;
  }
  return { ok: true, value: { count, records, replyWhen, wantsReceipt } };
}
