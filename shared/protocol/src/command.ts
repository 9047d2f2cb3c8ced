/** Commands as objects (edges, tests) and as 64-byte records (everywhere else). */
import assert from 'node:assert/strict';
import { decodeBatchHeader, encodeBatch, viewOf } from './batch.ts';
import { assertFitsRecord, checkRecord, type Role } from './command-form.ts';
import {
  type Asset,
  BatchFlag,
  BatchKind,
  CommandKind,
  CommandOffset,
  RECORD_BYTES,
  type Side,
  type TimeInForce,
} from './layout.ts';
import { MAX_COMMANDS_PER_MESSAGE } from './limits.ts';
import { type Decoded, refuse } from './result.ts';

interface Request {
  readonly session: number;
  /** Strictly increasing per account and session. */
  readonly requestId: bigint;
}

export interface NewOrder extends Request {
  readonly kind: typeof CommandKind.NEW;
  readonly clientOrderId: bigint;
  readonly side: Side;
  readonly timeInForce: TimeInForce;
  /** Ticks. */
  readonly price: bigint;
  /** Lots. */
  readonly quantity: bigint;
}

export interface CancelOrder extends Request {
  readonly kind: typeof CommandKind.CANCEL;
  readonly clientOrderId: bigint;
}

export interface ReplaceOrder extends Request {
  readonly kind: typeof CommandKind.REPLACE;
  readonly clientOrderId: bigint;
  readonly timeInForce: TimeInForce;
  readonly price: bigint;
  /** New open quantity. */
  readonly quantity: bigint;
}

export interface MoveFunds extends Request {
  readonly kind: typeof CommandKind.DEPOSIT | typeof CommandKind.WITHDRAW;
  /** The account that is credited or debited; the operator's own identity is the subject. */
  readonly account: number;
  readonly asset: Asset;
  readonly amount: bigint;
}

export interface CreateMarket extends Request {
  readonly kind: typeof CommandKind.CREATE_MARKET;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
}

export interface CloseEpoch extends Request {
  readonly kind: typeof CommandKind.CLOSE_EPOCH;
}

export type OrderCommand = NewOrder | CancelOrder | ReplaceOrder;
export type AdminCommand = MoveFunds | CreateMarket | CloseEpoch;
export type Command = OrderCommand | AdminCommand;

/**
 * Writes one command; `account` is the sender's for orders and ignored for administration. Asserts
 * that every field fits its width.
 */
export function writeCommand(
  view: DataView,
  offset: number,
  command: Command,
  account: number,
): void {
  assertFitsRecord(command);
  for (let at = 0; at < RECORD_BYTES; at += 8) view.setBigUint64(offset + at, 0n, true);
  view.setUint8(offset + CommandOffset.KIND, command.kind);
  view.setUint16(offset + CommandOffset.SESSION, command.session, true);
  view.setBigUint64(offset + CommandOffset.REQUEST_ID, command.requestId, true);
  switch (command.kind) {
    case CommandKind.NEW:
      view.setUint8(offset + CommandOffset.SIDE, command.side);
      writeOrderFields(view, offset, command, account);
      return;
    case CommandKind.REPLACE:
      writeOrderFields(view, offset, command, account);
      return;
    case CommandKind.CANCEL:
      view.setUint32(offset + CommandOffset.ACCOUNT, account, true);
      view.setBigUint64(offset + CommandOffset.CLIENT_ORDER_ID, command.clientOrderId, true);
      return;
    case CommandKind.DEPOSIT:
    case CommandKind.WITHDRAW:
      view.setUint8(offset + CommandOffset.ASSET, command.asset);
      view.setUint32(offset + CommandOffset.ACCOUNT, command.account, true);
      view.setBigUint64(offset + CommandOffset.QUANTITY, command.amount, true);
      return;
    case CommandKind.CREATE_MARKET:
      view.setInt32(offset + CommandOffset.MAKER_FEE_PPM, command.makerFeePpm, true);
      view.setInt32(offset + CommandOffset.TAKER_FEE_PPM, command.takerFeePpm, true);
      return;
    case CommandKind.CLOSE_EPOCH:
      return;
    default: {
      const unknown: never = command;
      assert.fail(`no such command ${String(unknown)}`);
    }
  }
}

function writeOrderFields(
  view: DataView,
  offset: number,
  order: NewOrder | ReplaceOrder,
  account: number,
): void {
  view.setUint8(offset + CommandOffset.TIME_IN_FORCE, order.timeInForce);
  view.setUint32(offset + CommandOffset.ACCOUNT, account, true);
  view.setBigUint64(offset + CommandOffset.CLIENT_ORDER_ID, order.clientOrderId, true);
  view.setBigUint64(offset + CommandOffset.PRICE, order.price, true);
  view.setBigUint64(offset + CommandOffset.QUANTITY, order.quantity, true);
}

/** A binary message for `cmd.<market>.<account>` (or `adm.<market>`). */
export function encodeCommands(commands: readonly Command[], flags = 0): Uint8Array {
  const records = new Uint8Array(commands.length * RECORD_BYTES);
  const view = viewOf(records);
  commands.forEach((command, index) => {
    writeCommand(view, index * RECORD_BYTES, command, 0);
  });
  return encodeBatch({ kind: BatchKind.COMMANDS, flags }, records);
}

/** Commands of one message, checked and stamped with the sender: ready for the log. */
export interface CommandBatch {
  readonly count: number;
  /** `count` records of 64 bytes. */
  readonly records: Uint8Array;
  readonly replyWhenReceived: boolean;
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
  if ((flags & ~BatchFlag.REPLY_WHEN_RECEIVED) !== 0) {
    return refuse('UNKNOWN_KIND', 12, `header flags ${flags}`);
  }
  // A copy, even of a Buffer (whose own slice shares memory): the sender is written into it.
  const records = new Uint8Array(bytes.subarray(RECORD_BYTES));
  const view = viewOf(records);
  for (let index = 0; index < count; index += 1) {
    const offset = index * RECORD_BYTES;
    const refusal = checkRecord(view, offset, role, account, offset + RECORD_BYTES);
    if (refusal !== undefined) return refusal;
  }
  const replyWhenReceived = (flags & BatchFlag.REPLY_WHEN_RECEIVED) !== 0;
  return { ok: true, value: { count, records, replyWhenReceived } };
}
