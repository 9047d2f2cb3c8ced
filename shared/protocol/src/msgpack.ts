/**
 * The same commands in msgpack, for any client in any language:
 *
 * `{ v: 1, ack?: "received" | "executed", commands: [ { type: "new", session?: 0, requestId: 1,
 *    clientOrderId: 7, side: "buy", price: 100, quantity: 5, timeInForce?: "gtc" }, ... ] }`
 *
 * or one command's own map with `v: 1` in it. Integers may be any msgpack integer; a 64-bit one
 * may also be a decimal string, for languages whose numbers end at 2^53.
 */
import { decode, encode } from '@msgpack/msgpack';
import { viewOf } from './batch.ts';
import type { Command, CreateMarket, MoveFunds, NewOrder, ReplaceOrder } from './command.ts';
import { type CommandBatch, type Role, writeCommand } from './command.ts';
import { Asset, CommandKind, PROTOCOL_VERSION, RECORD_BYTES, Side, TimeInForce } from './layout.ts';
import {
  MAX_ACCOUNT,
  MAX_COMMANDS_PER_MESSAGE,
  MAX_FEE_PPM,
  MAX_MESSAGE_BYTES,
  MAX_SESSION,
} from './limits.ts';
import { type Decoded, type Refusal, refuse } from './result.ts';

type Fields = Readonly<Record<string, unknown>>;

const U64_LIMIT = 2n ** 64n;
const SIDES = { buy: Side.BUY, sell: Side.SELL } as const;
const TIMES = {
  gtc: TimeInForce.GTC,
  ioc: TimeInForce.IOC,
  post_only: TimeInForce.POST_ONLY,
} as const;
const ASSETS = { base: Asset.BASE, quote: Asset.QUOTE } as const;
const COMMON = ['v', 'ack', 'type', 'session', 'requestId'];
const KEYS: Readonly<Record<string, readonly string[]>> = {
  new: ['clientOrderId', 'side', 'price', 'quantity', 'timeInForce'],
  cancel: ['clientOrderId'],
  replace: ['clientOrderId', 'price', 'quantity', 'timeInForce'],
  deposit: ['account', 'asset', 'amount'],
  withdraw: ['account', 'asset', 'amount'],
  create_market: ['makerFeePpm', 'takerFeePpm'],
  close_epoch: [],
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
  const message = readMap(bytes);
  if (!message.ok) return message;
  const { v: version, ack, commands } = message.value;
  if (version !== PROTOCOL_VERSION) {
    return refuse('UNSUPPORTED_VERSION', 0, `v is ${String(version)}, expected 1`);
  }
  if (ack !== undefined && ack !== 'received' && ack !== 'executed') {
    return refuse('FIELD_RANGE', 0, 'ack is neither "received" nor "executed"');
  }
  const list = commands === undefined ? [message.value] : commands;
  if (!Array.isArray(list)) return refuse('FIELD_RANGE', 0, 'commands is not an array');
  if (list.length === 0) return refuse('EMPTY_BATCH', 0, 'commands is empty');
  if (list.length > MAX_COMMANDS_PER_MESSAGE) {
    return refuse('TOO_LARGE', 0, `${list.length} commands`);
  }
  const records = new Uint8Array(list.length * RECORD_BYTES);
  const view = viewOf(records);
  for (const [index, fields] of list.entries()) {
    const command = readCommand(fields, role, index);
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

function readMap(bytes: Uint8Array): Decoded<Fields> {
  let value: unknown;
  try {
    value = decode(bytes, {
      useBigInt64: true,
      maxStrLength: 64,
      maxBinLength: 0,
      maxArrayLength: MAX_COMMANDS_PER_MESSAGE + 1,
      maxMapLength: 16,
      maxExtLength: 0,
    });
  } catch (error) {
    return refuse('MALFORMED', 0, error instanceof Error ? error.message : 'not msgpack');
  }
  return isMap(value) ? { ok: true, value } : refuse('MALFORMED', 0, 'not a msgpack map');
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readCommand(value: unknown, role: Role, index: number): Decoded<Command> {
  if (!isMap(value)) return refuse('MALFORMED', index, `command ${index} is not a map`);
  const type = value['type'];
  const keys = typeof type === 'string' && Object.hasOwn(KEYS, type) ? KEYS[type] : undefined;
  if (typeof type !== 'string' || keys === undefined) {
    return refuse('UNKNOWN_KIND', index, `command ${index}: type ${JSON.stringify(String(type))}`);
  }
  const isOrder = type === 'new' || type === 'cancel' || type === 'replace';
  if (isOrder !== (role === 'client')) {
    return refuse('NOT_PERMITTED', index, `command ${index}: ${type} from a ${role}`);
  }
  const stray = Object.keys(value).find((key) => !keys.includes(key) && !COMMON.includes(key));
  if (stray !== undefined) {
    return refuse('FIELD_RANGE', index, `command ${index}: ${type} has no field "${stray}"`);
  }
  try {
    return { ok: true, value: readFields(type, value) };
  } catch (error) {
    return fieldRefusal(error, index);
  }
}

function fieldRefusal(error: unknown, index: number): Refusal {
  if (!(error instanceof FieldError)) throw error;
  return refuse('FIELD_RANGE', index, `command ${index}: ${error.message}`);
}

function readFields(type: string, fields: Fields): Command {
  const session = integer(fields, 'session', 0, MAX_SESSION, 0);
  const requestId = u64(fields, 'requestId');
  const request = { session, requestId };
  switch (type) {
    case 'new':
      return {
        kind: CommandKind.NEW,
        ...request,
        side: choice(fields, 'side', SIDES, undefined),
        ...orderFields(fields),
      } satisfies NewOrder;
    case 'replace':
      return {
        kind: CommandKind.REPLACE,
        ...request,
        ...orderFields(fields),
      } satisfies ReplaceOrder;
    case 'cancel':
      return {
        kind: CommandKind.CANCEL,
        ...request,
        clientOrderId: u64(fields, 'clientOrderId'),
      };
    case 'deposit':
    case 'withdraw':
      return {
        kind: type === 'deposit' ? CommandKind.DEPOSIT : CommandKind.WITHDRAW,
        ...request,
        account: integer(fields, 'account', 0, MAX_ACCOUNT, undefined),
        asset: choice(fields, 'asset', ASSETS, undefined),
        amount: u64(fields, 'amount'),
      } satisfies MoveFunds;
    case 'create_market':
      return {
        kind: CommandKind.CREATE_MARKET,
        ...request,
        makerFeePpm: integer(fields, 'makerFeePpm', -MAX_FEE_PPM, MAX_FEE_PPM, 0),
        takerFeePpm: integer(fields, 'takerFeePpm', -MAX_FEE_PPM, MAX_FEE_PPM, 0),
      } satisfies CreateMarket;
    case 'close_epoch':
      return { kind: CommandKind.CLOSE_EPOCH, ...request };
    default:
      throw new FieldError(`type ${type}`);
  }
}

function orderFields(fields: Fields) {
  return {
    clientOrderId: u64(fields, 'clientOrderId'),
    timeInForce: choice(fields, 'timeInForce', TIMES, TimeInForce.GTC),
    price: u64(fields, 'price'),
    quantity: u64(fields, 'quantity'),
  };
}

function u64(fields: Fields, key: string): bigint {
  const value = fields[key];
  let whole: bigint | undefined;
  if (typeof value === 'bigint') whole = value;
  else if (typeof value === 'number' && Number.isSafeInteger(value)) whole = BigInt(value);
  else if (typeof value === 'string' && /^[0-9]{1,20}$/.test(value)) whole = BigInt(value);
  if (whole === undefined || whole < 0n || whole >= U64_LIMIT) {
    throw new FieldError(`"${key}" is not an unsigned 64-bit integer`);
  }
  return whole;
}

function integer(
  fields: Fields,
  key: string,
  least: number,
  most: number,
  otherwise: number | undefined,
): number {
  const value = fields[key] ?? otherwise;
  const whole = typeof value === 'bigint' ? Number(value) : value;
  if (typeof whole !== 'number' || !Number.isInteger(whole) || whole < least || whole > most) {
    throw new FieldError(`"${key}" is not an integer from ${least} to ${most}`);
  }
  return whole;
}

function choice<Value extends number>(
  fields: Fields,
  key: string,
  names: Readonly<Record<string, Value>>,
  otherwise: Value | undefined,
): Value {
  const value = fields[key];
  if (value === undefined && otherwise !== undefined) return otherwise;
  const chosen =
    typeof value === 'string' && Object.hasOwn(names, value) ? names[value] : undefined;
  if (chosen === undefined) {
    throw new FieldError(`"${key}" is not one of ${Object.keys(names).join(', ')}`);
  }
  return chosen;
}

function nameOf(names: Readonly<Record<string, number>>, value: number): string {
  return Object.keys(names).find((name) => names[name] === value) ?? String(value);
}

function commandMap(command: Command): Fields {
  const request = { session: command.session, requestId: command.requestId };
  switch (command.kind) {
    case CommandKind.NEW:
    case CommandKind.REPLACE:
      return {
        type: command.kind === CommandKind.NEW ? 'new' : 'replace',
        ...request,
        clientOrderId: command.clientOrderId,
        ...(command.kind === CommandKind.NEW ? { side: nameOf(SIDES, command.side) } : {}),
        price: command.price,
        quantity: command.quantity,
        timeInForce: nameOf(TIMES, command.timeInForce),
      };
    case CommandKind.CANCEL:
      return { type: 'cancel', ...request, clientOrderId: command.clientOrderId };
    case CommandKind.DEPOSIT:
    case CommandKind.WITHDRAW:
      return {
        type: command.kind === CommandKind.DEPOSIT ? 'deposit' : 'withdraw',
        ...request,
        account: command.account,
        asset: nameOf(ASSETS, command.asset),
        amount: command.amount,
      };
    case CommandKind.CREATE_MARKET:
      return {
        type: 'create_market',
        ...request,
        makerFeePpm: command.makerFeePpm,
        takerFeePpm: command.takerFeePpm,
      };
    case CommandKind.CLOSE_EPOCH:
      return { type: 'close_epoch', ...request };
    default: {
      const unknown: never = command;
      throw new TypeError(`no such command ${String(unknown)}`);
    }
  }
}
