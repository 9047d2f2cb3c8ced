/** One command as a msgpack map: `{ type, session, requestId, ...fields }`. */
import assert from 'node:assert/strict';
import type { Command } from './command.ts';
import { type CommandField, FIELD_RANGE, fieldsOf } from './command-fields.ts';
import { isOrderKind, type Role } from './command-form.ts';
import type { CommandKind } from './layout.ts';
import { MAX_SESSION } from './limits.ts';
import { isMarketText } from './market-name.ts';
import { type MsgpackMap, type MsgpackValue, showMsgpack } from './msgpack-reader.ts';
import { COMMAND_NAMES, type Names, nameOf, numberOf } from './names.ts';
import { type Decoded, type Refusal, refuse } from './result.ts';
import { isSymbolText } from './symbol.ts';

const REQUEST_KEYS: readonly string[] = ['type', 'session', 'requestId'];

/** Raised and caught inside this file only: a field that can't be read. */
class FieldError extends Error {}

/** The keys that a kind's map may have besides those of its request. */
export function keysOf(kind: CommandKind): readonly string[] {
  return fieldsOf(kind).flatMap(([name, field]) =>
    field.type === 'flags' ? Object.keys(field.flags) : [name],
  );
}

const ALLOWED: ReadonlyMap<CommandKind, ReadonlySet<string>> = new Map(
  Object.values<CommandKind>(COMMAND_NAMES).map((kind) => [
    kind,
    new Set([...REQUEST_KEYS, ...keysOf(kind)]),
  ]),
);

/** Reads and checks one command of a message; keys in `alsoAllowed` are left to the caller. */
export function readCommandMap(
  map: MsgpackMap,
  role: Role,
  index: number,
  alsoAllowed: readonly string[],
): Decoded<Command> {
  const type = map.get('type');
  const kind = numberOf(COMMAND_NAMES, type);
  if (kind === undefined) {
    return refuse('UNKNOWN_KIND', index, `command ${index}: type is ${showMsgpack(type)}`);
  }
  if (isOrderKind(kind) !== (role === 'client')) {
    return refuse('NOT_PERMITTED', index, `command ${index}: ${type} from a ${role}`);
  }
  const allowed = ALLOWED.get(kind);
  const stray = map.keys().find((key) => !allowed?.has(key) && !alsoAllowed.includes(key));
  if (stray !== undefined) {
    return refuse('FIELD_RANGE', index, `command ${index}: ${type} has no field "${stray}"`);
  }
  try {
    return { ok: true, value: readCommand(kind, map) };
  } catch (error) {
    return fieldRefusal(error, index);
  }
}

function fieldRefusal(error: unknown, index: number): Refusal {
  if (!(error instanceof FieldError)) throw error;
  return refuse('FIELD_RANGE', index, `command ${index}: ${error.message}`);
}

function readCommand(kind: CommandKind, map: MsgpackMap): Command {
  const session = map.get('session');
  const command: Record<string, unknown> = {
    kind,
    session: session === undefined ? 0 : readNumber('session', session, 0, MAX_SESSION),
    requestId: readWide('requestId', map.get('requestId'), 'u64'),
  };
  for (const [name, field] of fieldsOf(kind)) command[name] = readField(name, field, map);
  // Every field of `COMMAND_FIELDS[kind]` was read by its type just now.
  return command as unknown as Command;
}

function readField(name: string, field: CommandField, map: MsgpackMap): bigint | number | string {
  if (field.type === 'flags') return readFlags(field.flags, map);
  const value = map.get(name);
  if (value === undefined && field.otherwise !== undefined) return field.otherwise;
  switch (field.type) {
    case 'u64':
    case 'i64':
      return readWide(name, value, field.type);
    case 'u8':
    case 'u32':
    case 'i32':
    case 'account':
      return readNumber(name, value, ...FIELD_RANGE[field.type]);
    case 'word':
      return readWord(name, value, field.words);
    case 'symbol':
      return readText(name, value, isSymbolText, 'up to eight printable ASCII characters');
    case 'market':
      return readText(name, value, isMarketText, 'up to 32 printable ASCII characters');
    default: {
      const unknown: never = field;
      throw new FieldError(`"${name}" is ${String(unknown)}`);
    }
  }
}

function readFlags(flags: Names<number>, map: MsgpackMap): number {
  let mask = 0;
  for (const [name, bit] of Object.entries(flags)) {
    const value = map.get(name);
    if (value === undefined || value === false) continue;
    if (value !== true) throw misfit(name, value, 'true or false');
    mask |= bit;
  }
  return mask;
}

const DIGITS = { u64: /^[0-9]{1,20}$/, i64: /^-?[0-9]{1,19}$/ } as const;

function readWide(name: string, value: MsgpackValue | undefined, type: 'u64' | 'i64'): bigint {
  let whole: bigint | undefined;
  if (typeof value === 'bigint') whole = value;
  else if (typeof value === 'number' && Number.isSafeInteger(value)) whole = BigInt(value);
  else if (typeof value === 'string' && DIGITS[type].test(value)) whole = BigInt(value);
  const fits = type === 'u64' ? BigInt.asUintN : BigInt.asIntN;
  if (whole !== undefined && fits(64, whole) === whole) return whole;
  const kind = type === 'u64' ? 'an unsigned' : 'a signed';
  throw misfit(name, value, `${kind} 64-bit integer or its digits`);
}

function readNumber(
  name: string,
  value: MsgpackValue | undefined,
  least: number,
  most: number,
): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
    return value;
  }
  throw misfit(name, value, `an integer from ${least} to ${most}`);
}

function readWord(name: string, value: MsgpackValue | undefined, words: Names<number>): number {
  const chosen = numberOf(words, value);
  if (chosen !== undefined) return chosen;
  throw misfit(name, value, `one of ${Object.keys(words).join(', ')}`);
}

function readText(
  name: string,
  value: MsgpackValue | undefined,
  isText: (text: string) => boolean,
  expected: string,
): string {
  if (typeof value === 'string' && isText(value)) return value;
  throw misfit(name, value, expected);
}

function misfit(name: string, value: MsgpackValue | undefined, expected: string): FieldError {
  return new FieldError(`"${name}" is ${showMsgpack(value)}, expected ${expected}`);
}

/**
 * The map of a command whose fields fit a record. A field that the object leaves out is left out.
 * Asserts that each number has its word: a value that only a record can carry is none for a map.
 */
export function commandMap(command: Command): Record<string, unknown> {
  const map: Record<string, unknown> = {
    type: nameOf(COMMAND_NAMES, command.kind),
    session: command.session,
    requestId: command.requestId,
  };
  const values: Readonly<Record<string, unknown>> = { ...command };
  for (const [name, field] of fieldsOf(command.kind)) {
    const value = values[name];
    if (value === undefined) continue;
    if (field.type === 'flags') Object.assign(map, flagKeys(name, field.flags, Number(value)));
    else map[name] = field.type === 'word' ? wordOf(name, field.words, Number(value)) : value;
  }
  return map;
}

function wordOf(name: string, words: Names<number>, value: number): string {
  const word = nameOf(words, value);
  assert(word !== undefined, `${name} is ${value}, expected one of ${Object.values(words)}`);
  return word;
}

/** Only those that are set: most orders have none. */
function flagKeys(name: string, flags: Names<number>, mask: number): Record<string, boolean> {
  const set = Object.entries(flags).filter(([, bit]) => (mask & bit) !== 0);
  const known = set.reduce((sum, [, bit]) => sum | bit, 0);
  assert(known === mask, `${name} is ${mask}, expected a sum of ${Object.values(flags)}`);
  return Object.fromEntries(set.map(([key]) => [key, true]));
}
