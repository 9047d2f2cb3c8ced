/**
 * The same commands in msgpack, for any client in any language:
 *
 * `{ v: 1, ack?: "received" | "executed", commands: [ { type: "new", session?: 0, requestId: 1,
 *    clientOrderId: 7, side: "buy", price: 100, quantity: 5, timeInForce?: "gtc" }, ... ] }`
 *
 * or one command's own map with `v: 1` (and `ack`) in it. Integers may be any msgpack integer, or a
 * 64-bit float with an exact integer below 2^53; a 64-bit one may also be a decimal string, for
 * languages whose numbers end at 2^53. A key that a map does not know is refused, not ignored.
 */
import { encode } from '@msgpack/msgpack';
import { viewOf } from './batch.ts';
import type { Command, CreateMarket, MoveFunds, NewOrder, ReplaceOrder } from './command.ts';
import { type CommandBatch, writeCommand } from './command.ts';
import { assertFitsRecord, isOrderKind, type Role } from './command-form.ts';
import { CommandKind, PROTOCOL_VERSION, RECORD_BYTES, TimeInForce } from './layout.ts';
import { MAX_ACCOUNT, MAX_COMMANDS_PER_MESSAGE, MAX_MESSAGE_BYTES, MAX_SESSION } from './limits.ts';
import {
  isMsgpackMap,
  type MsgpackMap,
  readMsgpack,
  showMsgpack,
  startsMap,
} from './msgpack-reader.ts';
import {
  ASSET_NAMES,
  COMMAND_NAMES,
  type Names,
  nameOf,
  numberOf,
  SIDE_NAMES,
  TIME_IN_FORCE_NAMES,
} from './names.ts';
import { type Decoded, type Refusal, refuse } from './result.ts';

const U64_LIMIT = 2n ** 64n;
/** A message is a map, an array in it, a map in that. */
const LIMITS = {
  depth: 3,
  arrayLength: MAX_COMMANDS_PER_MESSAGE,
  mapLength: 16,
  stringBytes: 64,
};
const MESSAGE_KEYS: readonly string[] = ['v', 'ack'];
const REQUEST_KEYS: readonly string[] = ['type', 'session', 'requestId'];
const KEYS: Readonly<Record<CommandKind, readonly string[]>> = {
  [CommandKind.NEW]: ['clientOrderId', 'side', 'price', 'quantity', 'timeInForce'],
  [CommandKind.CANCEL]: ['clientOrderId'],
  [CommandKind.REPLACE]: ['clientOrderId', 'price', 'quantity', 'timeInForce'],
  [CommandKind.DEPOSIT]: ['account', 'asset', 'amount'],
  [CommandKind.WITHDRAW]: ['account', 'asset', 'amount'],
  [CommandKind.CREATE_MARKET]: ['makerFeePpm', 'takerFeePpm'],
  [CommandKind.CLOSE_EPOCH]: [],
};

/** Raised and caught inside this file only: a field that can't be read. */
class FieldError extends Error {}

/** Decodes a msgpack message into records, as `decodeCommandBatch` does. Never throws. */
export function decodeCommandMap(
  bytes: Uint8Array,
  role: Role,
  account: number,
): Decoded<CommandBatch> {
  if (bytes.byteLength > MAX_MESSAGE_BYTES) {
    return refuse('TOO_LARGE', 0, `${bytes.byteLength} bytes`);
  }
  // Before anything else, or JSON would be told about bytes that follow its first character.
  if (!startsMap(bytes)) return refuse('MALFORMED', 0, 'the message does not start a msgpack map');
  const message = readMsgpack(bytes, LIMITS);
  if (!message.ok) return message;
  if (!isMsgpackMap(message.value)) return refuse('MALFORMED', 0, 'not a msgpack map');
  return decodeMessageMap(message.value, role, account);
}

function decodeMessageMap(message: MsgpackMap, role: Role, account: number): Decoded<CommandBatch> {
  const version = message.get('v');
  if (version !== PROTOCOL_VERSION) {
    return refuse('UNSUPPORTED_VERSION', 0, `v is ${showMsgpack(version)}, expected 1`);
  }
  const ack = message.get('ack');
  if (ack !== undefined && ack !== 'received' && ack !== 'executed') {
    return refuse('FIELD_RANGE', 0, 'ack is neither "received" nor "executed"');
  }
  const isList = message.has('commands');
  const stray = isList ? strayKey(message, [...MESSAGE_KEYS, 'commands']) : undefined;
  if (stray !== undefined) {
    return refuse('FIELD_RANGE', 0, `"${stray}" beside "commands": it belongs into a command`);
  }
  const list = isList ? message.get('commands') : [message];
  if (!Array.isArray(list)) return refuse('FIELD_RANGE', 0, 'commands is not an array');
  if (list.length === 0) return refuse('EMPTY_BATCH', 0, 'commands is empty');
  const records = new Uint8Array(list.length * RECORD_BYTES);
  const view = viewOf(records);
  for (const [index, fields] of list.entries()) {
    if (!isMsgpackMap(fields)) return refuse('MALFORMED', index, `command ${index} is not a map`);
    const command = readCommand(fields, role, index, isList ? [] : MESSAGE_KEYS);
    if (!command.ok) return command;
    writeCommand(view, index * RECORD_BYTES, command.value, account);
  }
  const value = { count: list.length, records, replyWhenReceived: ack === 'received' };
  return { ok: true, value };
}

/** A msgpack message of one or more commands. */
export function encodeCommandMap(
  commands: readonly Command[],
  ack: 'received' | 'executed' = 'executed',
): Uint8Array {
  const maps = commands.map(commandMap);
  return encode({ v: PROTOCOL_VERSION, ack, commands: maps }, { useBigInt64: true });
}

function readCommand(
  fields: MsgpackMap,
  role: Role,
  index: number,
  alsoAllowed: readonly string[],
): Decoded<Command> {
  const type = fields.get('type');
  const kind = numberOf(COMMAND_NAMES, type);
  if (kind === undefined) {
    return refuse('UNKNOWN_KIND', index, `command ${index}: type is ${showMsgpack(type)}`);
  }
  if (isOrderKind(kind) !== (role === 'client')) {
    return refuse('NOT_PERMITTED', index, `command ${index}: ${type} from a ${role}`);
  }
  const stray = strayKey(fields, [...REQUEST_KEYS, ...KEYS[kind], ...alsoAllowed]);
  if (stray !== undefined) {
    return refuse('FIELD_RANGE', index, `command ${index}: ${type} has no field "${stray}"`);
  }
  try {
    return { ok: true, value: readFields(kind, fields) };
  } catch (error) {
    return fieldRefusal(error, index);
  }
}

function strayKey(fields: MsgpackMap, allowed: readonly string[]): string | undefined {
  return fields.keys().find((key) => !allowed.includes(key));
}

function fieldRefusal(error: unknown, index: number): Refusal {
  if (!(error instanceof FieldError)) throw error;
  return refuse('FIELD_RANGE', index, `command ${index}: ${error.message}`);
}

function readFields(kind: CommandKind, fields: MsgpackMap): Command {
  const session = integer(fields, 'session', 0, MAX_SESSION, 0);
  const requestId = u64(fields, 'requestId');
  const request = { session, requestId };
  switch (kind) {
    case CommandKind.NEW: {
      const side = choice(fields, 'side', SIDE_NAMES, undefined);
      return { kind, ...request, side, ...orderFields(fields) } satisfies NewOrder;
    }
    case CommandKind.REPLACE:
      return { kind, ...request, ...orderFields(fields) } satisfies ReplaceOrder;
    case CommandKind.CANCEL:
      return { kind, ...request, clientOrderId: u64(fields, 'clientOrderId') };
    case CommandKind.DEPOSIT:
    case CommandKind.WITHDRAW:
      return {
        kind,
        ...request,
        account: integer(fields, 'account', 0, MAX_ACCOUNT, undefined),
        asset: choice(fields, 'asset', ASSET_NAMES, undefined),
        amount: u64(fields, 'amount'),
      } satisfies MoveFunds;
    case CommandKind.CREATE_MARKET:
      return {
        kind,
        ...request,
        makerFeePpm: feePpm(fields, 'makerFeePpm'),
        takerFeePpm: feePpm(fields, 'takerFeePpm'),
      } satisfies CreateMarket;
    case CommandKind.CLOSE_EPOCH:
      return { kind, ...request };
    default: {
      const unknown: never = kind;
      throw new FieldError(`kind ${String(unknown)}`);
    }
  }
}

function orderFields(fields: MsgpackMap) {
  return {
    clientOrderId: u64(fields, 'clientOrderId'),
    timeInForce: choice(fields, 'timeInForce', TIME_IN_FORCE_NAMES, TimeInForce.GTC),
    price: u64(fields, 'price'),
    quantity: u64(fields, 'quantity'),
  };
}

/** What fits the record; the rates themselves are judged by the engine, as in binary. */
function feePpm(fields: MsgpackMap, key: string): number {
  return integer(fields, key, -(2 ** 31), 2 ** 31 - 1, 0);
}

function u64(fields: MsgpackMap, key: string): bigint {
  const value = fields.get(key);
  let whole: bigint | undefined;
  if (typeof value === 'bigint') whole = value;
  else if (typeof value === 'number' && Number.isSafeInteger(value)) whole = BigInt(value);
  else if (typeof value === 'string' && /^[0-9]{1,20}$/.test(value)) whole = BigInt(value);
  if (whole === undefined || whole < 0n || whole >= U64_LIMIT) {
    throw new FieldError(
      `"${key}" is ${showMsgpack(value)}, expected an unsigned 64-bit integer or its digits`,
    );
  }
  return whole;
}

function integer(
  fields: MsgpackMap,
  key: string,
  least: number,
  most: number,
  otherwise: number | undefined,
): number {
  const value = fields.get(key);
  if (value === undefined && otherwise !== undefined) return otherwise;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    throw new FieldError(
      `"${key}" is ${showMsgpack(value)}, expected an integer from ${least} to ${most}`,
    );
  }
  return value;
}

function choice<Value extends number>(
  fields: MsgpackMap,
  key: string,
  names: Names<Value>,
  otherwise: Value | undefined,
): Value {
  const value = fields.get(key);
  if (value === undefined && otherwise !== undefined) return otherwise;
  const chosen = numberOf(names, value);
  if (chosen === undefined) {
    const known = Object.keys(names).join(', ');
    throw new FieldError(`"${key}" is ${showMsgpack(value)}, expected one of ${known}`);
  }
  return chosen;
}

function commandMap(command: Command): Record<string, unknown> {
  assertFitsRecord(command);
  const request = {
    type: nameOf(COMMAND_NAMES, command.kind),
    session: command.session,
    requestId: command.requestId,
  };
  switch (command.kind) {
    case CommandKind.NEW:
    case CommandKind.REPLACE:
      return {
        ...request,
        clientOrderId: command.clientOrderId,
        ...(command.kind === CommandKind.NEW ? { side: nameOf(SIDE_NAMES, command.side) } : {}),
        price: command.price,
        quantity: command.quantity,
        timeInForce: nameOf(TIME_IN_FORCE_NAMES, command.timeInForce),
      };
    case CommandKind.CANCEL:
      return { ...request, clientOrderId: command.clientOrderId };
    case CommandKind.DEPOSIT:
    case CommandKind.WITHDRAW:
      return {
        ...request,
        account: command.account,
        asset: nameOf(ASSET_NAMES, command.asset),
        amount: command.amount,
      };
    case CommandKind.CREATE_MARKET:
      return { ...request, makerFeePpm: command.makerFeePpm, takerFeePpm: command.takerFeePpm };
    case CommandKind.CLOSE_EPOCH:
      return request;
    default: {
      const unknown: never = command;
      throw new TypeError(`no such command ${String(unknown)}`);
    }
  }
}
