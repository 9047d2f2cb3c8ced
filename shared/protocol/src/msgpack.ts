/**
 * The same commands in msgpack, for any client in any language:
 *
 * `{ v: 1, ack?: "executed" | "received" | "refused", receipt?: false, commands: [ { type: "new",
 *    requestId: 1, session?: 0, clientOrderId: 7, side: "buy", price: 100, quantity: 5,
 *    timeInForce?: "gtc", ... }, ... ] }`
 *
 * or one command's own map with `v: 1` (`ack`, `receipt`) in it. Integers may be any msgpack
 * integer, or a 64-bit float with an exact integer below 2^53; a 64-bit one may also be a decimal
 * string, for languages whose numbers end at 2^53. A key that a map does not know is refused, not
 * ignored.
 */
import { encode } from '@msgpack/msgpack';
import { viewOf } from './batch.ts';
import { type Command, type CommandBatch, type ReplyWhen, writeCommand } from './command.ts';
import type { Role } from './command-form.ts';
import { commandMap, readCommandMap } from './command-map.ts';
import { PROTOCOL_VERSION, RECORD_BYTES } from './layout.ts';
import { MAX_COMMANDS_PER_MESSAGE, MAX_MESSAGE_BYTES } from './limits.ts';
import {
  isMsgpackMap,
  type MsgpackMap,
  readMsgpack,
  showMsgpack,
  startsMap,
} from './msgpack-reader.ts';
import { type Decoded, refuse } from './result.ts';

/** A message is a map, an array in it, a map in that. */
const LIMITS = {
  depth: 3,
  arrayLength: MAX_COMMANDS_PER_MESSAGE,
  mapLength: 24,
  stringBytes: 64,
};
const MESSAGE_KEYS: readonly string[] = ['v', 'ack', 'receipt'];

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
  const replyWhen = message.get('ack') ?? 'executed';
  if (replyWhen !== 'executed' && replyWhen !== 'received' && replyWhen !== 'refused') {
    return refuse('FIELD_RANGE', 0, 'ack is neither "executed" nor "received" nor "refused"');
  }
  const wantsReceipt = message.get('receipt') ?? false;
  if (typeof wantsReceipt !== 'boolean') {
    return refuse('FIELD_RANGE', 0, 'receipt is neither true nor false');
  }
  if (wantsReceipt && replyWhen === 'refused') {
    return refuse('FIELD_RANGE', 0, 'a receipt is an answer, and ack "refused" asks for none');
  }
  const isList = message.has('commands');
  const stray = isList ? strayKey(message) : undefined;
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
    const command = readCommandMap(fields, role, index, isList ? [] : MESSAGE_KEYS);
    if (!command.ok) return command;
    writeCommand(view, index * RECORD_BYTES, command.value, account);
  }
  return { ok: true, value: { count: list.length, records, replyWhen, wantsReceipt } };
}

function strayKey(message: MsgpackMap): string | undefined {
  return message.keys().find((key) => !MESSAGE_KEYS.includes(key) && key !== 'commands');
}

/** A msgpack message of one or more commands. Asserts that their fields fit a record. */
export function encodeCommandMap(
  commands: readonly Command[],
  ack: ReplyWhen = 'executed',
  receipt = false,
): Uint8Array {
  const scratch = viewOf(new Uint8Array(RECORD_BYTES));
  const maps = commands.map((command) => {
    writeCommand(scratch, 0, command, 0);
    return commandMap(command);
  });
  const asked = receipt ? { receipt } : {};
  return encode({ v: PROTOCOL_VERSION, ack, ...asked, commands: maps }, { useBigInt64: true });
}
