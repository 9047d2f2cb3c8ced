/** The one door for what clients send: either encoding, told apart by the first byte. */
import { isBinaryBatch } from './batch.ts';
import { type CommandBatch, decodeCommandBatch } from './command.ts';
import type { Role } from './command-form.ts';
import { MAX_MESSAGE_BYTES } from './limits.ts';
import { decodeCommandMap } from './msgpack.ts';
import { type Decoded, refuse } from './result.ts';

export type Encoding = 'binary' | 'msgpack';

/** How to answer a message, even one that can't be decoded. */
export function encodingOf(bytes: Uint8Array): Encoding {
  return isBinaryBatch(bytes) ? 'binary' : 'msgpack';
}

/** Decodes what arrived on `cmd.<market>.<account>` or `adm.<market>`. Never throws. */
export function decodeMessage(
  bytes: Uint8Array,
  role: Role,
  account: number,
): Decoded<CommandBatch> {
  if (bytes.byteLength > MAX_MESSAGE_BYTES) {
    return refuse('TOO_LARGE', 0, `${bytes.byteLength} bytes`);
  }
  if (bytes.byteLength === 0) return refuse('MALFORMED', 0, 'the message is empty');
  return isBinaryBatch(bytes)
    ? decodeCommandBatch(bytes, role, account)
    : decodeCommandMap(bytes, role, account);
}
