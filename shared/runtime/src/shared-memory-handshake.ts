/**
 * The one message that a market sends to whoever connects to an account's socket; with an offer
 * comes the descriptor of the memory.
 *
 *   byte  0        4          8         12     16        20       24           28      32
 *         | u32    | u32      | u32     | u32  | u32     | u32    | u32 bytes  | u32   | u32   |
 *         | magic  | version  | layout  | kind | account | slots  | of a frame | pid   | uid   |
 *
 *   byte  36      40               48                 56
 *         | u32 0 | u64 bytes of   | u64 number of    | u64 0 |
 *         |       | the memory     | the connection   |       |
 *
 * Little-endian, as the machine. Pid: whose the account's place is, if it is taken. Uid: the user
 * who may have it.
 */
import { LAYOUT_HASH, SHARED_MEMORY_VERSION } from './shared-memory-layout.ts';

const MAGIC = 0x46_42_48_53;
export const HANDSHAKE_BYTES = 64;
const At = {
  MAGIC: 0,
  VERSION: 4,
  LAYOUT: 8,
  KIND: 12,
  ACCOUNT: 16,
  SLOTS: 20,
  MAX_FRAME_BYTES: 24,
  PID: 28,
  UID: 32,
  MEMORY_BYTES: 40,
  NUMBER: 48,
} as const;

export const HandshakeKind = {
  /** The memory comes along. */
  OFFER: 1,
  /** Another client has the account's place. */
  TAKEN: 2,
  /** The account is another user's. */
  NOT_YOURS: 3,
} as const;

/** Zero is what a kind has no use for. */
export interface Handshake {
  readonly kind: number;
  readonly account: number;
  /** Of each ring. */
  readonly slots: number;
  /** The longest frame that the market takes. */
  readonly maxFrameBytes: number;
  readonly pid: number;
  readonly uid: number;
  readonly memoryBytes: number;
  /** Of the connection, of no other of the market's process. */
  readonly number: number;
}

export function encodeHandshake(handshake: Handshake): Uint8Array {
  const view = new DataView(new ArrayBuffer(HANDSHAKE_BYTES));
  view.setUint32(At.MAGIC, MAGIC, true);
  view.setUint32(At.VERSION, SHARED_MEMORY_VERSION, true);
  view.setUint32(At.LAYOUT, LAYOUT_HASH, true);
  view.setUint32(At.KIND, handshake.kind, true);
  view.setUint32(At.ACCOUNT, handshake.account, true);
  view.setUint32(At.SLOTS, handshake.slots, true);
  view.setUint32(At.MAX_FRAME_BYTES, handshake.maxFrameBytes, true);
  view.setUint32(At.PID, handshake.pid, true);
  view.setUint32(At.UID, handshake.uid, true);
  view.setBigUint64(At.MEMORY_BYTES, BigInt(handshake.memoryBytes), true);
  view.setBigUint64(At.NUMBER, BigInt(handshake.number), true);
  return new Uint8Array(view.buffer);
}

/** Undefined for one of another version, and for what is none. */
export function decodeHandshake(bytes: Uint8Array): Handshake | undefined {
  if (bytes.byteLength !== HANDSHAKE_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isOurs =
    view.getUint32(At.MAGIC, true) === MAGIC &&
    view.getUint32(At.VERSION, true) === SHARED_MEMORY_VERSION &&
    view.getUint32(At.LAYOUT, true) === LAYOUT_HASH;
  if (!isOurs) return undefined;
  return {
    kind: view.getUint32(At.KIND, true),
    account: view.getUint32(At.ACCOUNT, true),
    slots: view.getUint32(At.SLOTS, true),
    maxFrameBytes: view.getUint32(At.MAX_FRAME_BYTES, true),
    pid: view.getUint32(At.PID, true),
    uid: view.getUint32(At.UID, true),
    memoryBytes: Number(view.getBigUint64(At.MEMORY_BYTES, true)),
    number: Number(view.getBigUint64(At.NUMBER, true)),
  };
}
