/**
 * The form of a command record: which bytes each kind uses and how wide its fields are. That is all
 * the edge checks; values (is there such a side, is the price in range) are judged by the engine,
 * so that a rejection is in the log.
 */
import assert from 'node:assert/strict';
import type { Command, NewOrder, ReplaceOrder } from './command.ts';
import { CommandKind, CommandOffset, RECORD_BYTES } from './layout.ts';
import { MAX_ACCOUNT } from './limits.ts';
import { type Refusal, refuse } from './result.ts';

const U64_LIMIT = 2n ** 64n;

/** Who may publish: clients on `cmd.*`, operators on `adm.*`. */
export type Role = 'client' | 'operator';

export function isOrderKind(kind: number): boolean {
  return kind === CommandKind.NEW || kind === CommandKind.CANCEL || kind === CommandKind.REPLACE;
}

export function isAdminKind(kind: number): boolean {
  return (
    kind === CommandKind.DEPOSIT ||
    kind === CommandKind.WITHDRAW ||
    kind === CommandKind.CREATE_MARKET ||
    kind === CommandKind.CLOSE_EPOCH
  );
}

type Field = readonly [offset: number, widthBytes: number];

const KIND: Field = [CommandOffset.KIND, 1];
const SIDE: Field = [CommandOffset.SIDE, 1];
const TIME_IN_FORCE: Field = [CommandOffset.TIME_IN_FORCE, 1];
const ASSET: Field = [CommandOffset.ASSET, 1];
const ACCOUNT: Field = [CommandOffset.ACCOUNT, 4];
const SESSION: Field = [CommandOffset.SESSION, 2];
const REQUEST_ID: Field = [CommandOffset.REQUEST_ID, 8];
const CLIENT_ORDER_ID: Field = [CommandOffset.CLIENT_ORDER_ID, 8];
const PRICE: Field = [CommandOffset.PRICE, 8];
const QUANTITY: Field = [CommandOffset.QUANTITY, 8];
const FEES: Field = [CommandOffset.MAKER_FEE_PPM, 8];

const REQUEST: readonly Field[] = [KIND, SESSION, REQUEST_ID];
const CANCEL: readonly Field[] = [...REQUEST, ACCOUNT, CLIENT_ORDER_ID];
const REPLACE: readonly Field[] = [...CANCEL, TIME_IN_FORCE, PRICE, QUANTITY];
const FUNDS: readonly Field[] = [...REQUEST, ACCOUNT, ASSET, QUANTITY];

const FIELDS: Readonly<Record<CommandKind, readonly Field[]>> = {
  [CommandKind.NEW]: [...REPLACE, SIDE],
  [CommandKind.CANCEL]: CANCEL,
  [CommandKind.REPLACE]: REPLACE,
  [CommandKind.DEPOSIT]: FUNDS,
  [CommandKind.WITHDRAW]: FUNDS,
  [CommandKind.CREATE_MARKET]: [...REQUEST, FEES],
  [CommandKind.CLOSE_EPOCH]: REQUEST,
};

interface UnusedBits {
  readonly offset: number;
  /** Of the little-endian u32 at `offset`. */
  readonly mask: number;
}

const UNUSED: ReadonlyMap<number, readonly UnusedBits[]> = new Map(
  Object.entries(FIELDS).map(([kind, fields]) => [Number(kind), unusedBits(fields)]),
);

function unusedBits(fields: readonly Field[]): UnusedBits[] {
  const bytes = new Uint8Array(RECORD_BYTES).fill(0xff);
  for (const [offset, width] of fields) bytes.fill(0, offset, offset + width);
  const view = new DataView(bytes.buffer);
  const words = Array.from({ length: RECORD_BYTES / 4 }, (_, index) => index * 4);
  return words
    .map((offset) => ({ offset, mask: view.getUint32(offset, true) }))
    .filter(({ mask }) => mask !== 0);
}

/**
 * Checks the record at `offset` and writes the sender into it where it is an order. Bytes that its
 * kind does not use must be zero, so that later versions can give them a meaning and one command
 * has one record. `place` is where the record starts in the message.
 */
export function checkRecord(
  view: DataView,
  offset: number,
  role: Role,
  account: number,
  place: number,
): Refusal | undefined {
  const kind = view.getUint8(offset + CommandOffset.KIND);
  const unused = UNUSED.get(kind);
  if (unused === undefined) return refuse('UNKNOWN_KIND', place, `command kind ${kind}`);
  const isOrder = isOrderKind(kind);
  if (isOrder !== (role === 'client')) {
    return refuse('NOT_PERMITTED', place, `command kind ${kind} from a ${role}`);
  }
  for (const { offset: at, mask } of unused) {
    if ((view.getUint32(offset + at, true) & mask) !== 0) {
      const detail = `command kind ${kind} does not use all of bytes ${at} to ${at + 3}`;
      return refuse('RESERVED_NOT_ZERO', place + at, detail);
    }
  }
  const named = view.getUint32(offset + CommandOffset.ACCOUNT, true);
  if (named > MAX_ACCOUNT) {
    return refuse('FIELD_RANGE', place + CommandOffset.ACCOUNT, `account ${named}`);
  }
  if (!isOrder) return undefined;
  if (named !== 0 && named !== account) {
    return refuse('ACCOUNT_MISMATCH', place + CommandOffset.ACCOUNT, `account ${named}`);
  }
  view.setUint32(offset + CommandOffset.ACCOUNT, account, true);
  return undefined;
}

/**
 * Asserts that every field of a command fits its width in the record: a DataView would cut what
 * does not, and send a different order than the one that was meant.
 */
export function assertFitsRecord(command: Command): void {
  fits('session', command.session, 0, 2 ** 16 - 1);
  fitsU64('requestId', command.requestId);
  switch (command.kind) {
    case CommandKind.NEW:
      fits('side', command.side, 0, 255);
      assertOrderFits(command);
      return;
    case CommandKind.REPLACE:
      assertOrderFits(command);
      return;
    case CommandKind.CANCEL:
      fitsU64('clientOrderId', command.clientOrderId);
      return;
    case CommandKind.DEPOSIT:
    case CommandKind.WITHDRAW:
      fits('account', command.account, 0, 2 ** 32 - 1);
      fits('asset', command.asset, 0, 255);
      fitsU64('amount', command.amount);
      return;
    case CommandKind.CREATE_MARKET:
      fits('makerFeePpm', command.makerFeePpm, -(2 ** 31), 2 ** 31 - 1);
      fits('takerFeePpm', command.takerFeePpm, -(2 ** 31), 2 ** 31 - 1);
      return;
    case CommandKind.CLOSE_EPOCH:
      return;
    default: {
      const unknown: never = command;
      assert.fail(`no such command ${String(unknown)}`);
    }
  }
}

function assertOrderFits(order: NewOrder | ReplaceOrder): void {
  fits('timeInForce', order.timeInForce, 0, 255);
  fitsU64('clientOrderId', order.clientOrderId);
  fitsU64('price', order.price);
  fitsU64('quantity', order.quantity);
}

// The messages are built only where a field does not fit: clients encode many orders a second.
function fits(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  assert.fail(`${name} is ${value}, expected an integer from ${least} to ${most}`);
}

function fitsU64(name: string, value: bigint): void {
  if (value >= 0n && value < U64_LIMIT) return;
  assert.fail(`${name} is ${value}, expected an unsigned 64-bit integer`);
}
