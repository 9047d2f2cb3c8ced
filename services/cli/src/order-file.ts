/** The order files of the public matching challenge as a flow of messages for several accounts. */
import assert from 'node:assert/strict';
import { zstdDecompressSync } from 'node:zlib';
import type { Draft } from '@foldbook/client';
import { CommandKind, Side, TimeInForce } from '@foldbook/protocol';
import { UsageError } from './cli-error.ts';

const HEADER_BYTES = 16;
const MESSAGE_BYTES = 40;
const ZSTD_MAGIC = 0xfd2fb528;
const MessageType = { NEW: 0, CANCEL: 1, REPLACE: 2 } as const;
/** No order file unpacks to more; a hostile archive must not eat the memory. */
const MAX_BYTES = 2 ** 30;

/** The file's bytes, unpacked where its content is zstd. */
export function decompressIfNeeded(path: string, bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 4 || view.getUint32(0, true) !== ZSTD_MAGIC) return bytes;
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: MAX_BYTES });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${path} is a damaged zstd file: ${words}`);
  }
}

export interface FlowMessage {
  /** Which of the accounts sends it, from 0. */
  readonly sender: number;
  readonly draft: Draft;
}

export interface Flow {
  readonly length: number;
  readonly name: string;
  messages(): Iterable<FlowMessage>;
}

/** An order belongs to the account that its id falls to, so that its cancel comes from the same. */
export function orderFileFlow(path: string, bytes: Uint8Array, accounts: number): Flow {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const body = bytes.byteLength - HEADER_BYTES;
  const count = body < 0 ? -1 : view.getUint32(12, true);
  if (count < 1 || body !== count * MESSAGE_BYTES) {
    throw new UsageError(
      `${path} is no order file: its header promises ${Math.max(count, 0)} messages of ` +
        `${MESSAGE_BYTES} bytes, and ${Math.max(body, 0)} bytes follow it`,
    );
  }
  for (let index = 0; index < count; index += 1) checkType(path, view, index);
  return {
    length: count,
    name: path,
    *messages() {
      for (let index = 0; index < count; index += 1) {
        const offset = HEADER_BYTES + index * MESSAGE_BYTES;
        const orderId = view.getBigUint64(offset + 16, true);
        const sender = Number(orderId % BigInt(accounts));
        yield { sender, draft: readMessage(view, offset, orderId) };
      }
    },
  };
}

/** Before anything is played: half a file is of no use. */
function checkType(path: string, view: DataView, index: number): void {
  const offset = HEADER_BYTES + index * MESSAGE_BYTES;
  const type = view.getUint8(offset);
  if (type <= MessageType.REPLACE) return;
  throw new UsageError(`${path}: message type ${type} at byte ${offset} is unknown`);
}

function readMessage(view: DataView, offset: number, clientOrderId: bigint): Draft {
  const type = view.getUint8(offset);
  const quantity = BigInt(view.getUint32(offset + 4, true));
  const price = view.getBigInt64(offset + 24, true);
  switch (type) {
    case MessageType.NEW:
      return {
        kind: CommandKind.NEW,
        clientOrderId,
        side: view.getUint8(offset + 1) === 0 ? Side.BUY : Side.SELL,
        timeInForce: view.getUint8(offset + 2) === 0 ? TimeInForce.GTC : TimeInForce.IOC,
        price,
        quantity,
      };
    case MessageType.CANCEL:
      return { kind: CommandKind.CANCEL, clientOrderId };
    case MessageType.REPLACE:
      return {
        kind: CommandKind.REPLACE,
        clientOrderId,
        timeInForce: TimeInForce.GTC,
        price,
        quantity,
      };
    default:
      return assert.fail(`message type ${type} passed the check`);
  }
}
