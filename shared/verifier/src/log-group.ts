import type { Receipt } from '@foldbook/protocol/receipt';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, sameBytes } from './bytes.ts';
import { HASH_BYTES } from './header.ts';

const RECORD_BYTES = 64;
/** "FB", version 1, kind 2: a group of the log. */
const GROUP_START = [0x46, 0x42, 1, 2] as const;

/** A market's chain between two of its groups. */
export interface ChainPoint {
  /** Market sequence of the last command; 0 before the first. */
  readonly sequence: number;
  readonly head: Uint8Array;
}

/** A group of the log, in its place. */
export interface PlacedGroup {
  readonly first: number;
  readonly last: number;
  readonly timeNs: bigint;
  /** Head after it. */
  readonly head: Uint8Array;
  readonly payload: Uint8Array;
}

/** A chain that no group has been added to. */
export const CHAIN_START: ChainPoint = { sequence: 0, head: new Uint8Array(HASH_BYTES) };

/** Adds a group as it lies in the log; undefined for bytes that are none. `hash` is SHA-256. */
export function placeGroup(
  point: ChainPoint,
  payload: Uint8Array,
  hash: (bytes: Uint8Array) => Uint8Array = sha256,
): PlacedGroup | undefined {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  if (payload.length < 2 * RECORD_BYTES) return undefined;
  if (!GROUP_START.every((byte, index) => payload[index] === byte)) return undefined;
  const count = view.getUint32(8, true);
  if (payload.length !== (count + 1) * RECORD_BYTES) return undefined;
  return {
    first: point.sequence + 1,
    last: point.sequence + count,
    timeNs: view.getBigInt64(24, true),
    head: hash(concatBytes(point.head, payload)),
    payload,
  };
}

export const pointAfter = ({ last, head }: PlacedGroup): ChainPoint => ({ sequence: last, head });

/** What a receipt says otherwise than the group that its first command is in. */
export function groupDiffers(receipt: Receipt, group: PlacedGroup): string | undefined {
  const { first, last, timeNs, head, payload } = group;
  if (receipt.first !== first || receipt.last !== last) {
    const said = `market sequences ${receipt.first} to ${receipt.last}`;
    return `the receipt says ${said}, the log has a group of ${first} to ${last}`;
  }
  if (!sameBytes(receipt.head, head)) {
    const [said, is] = [bytesToHex(receipt.head), bytesToHex(head)];
    return `the receipt says that the chain's head after ${last} is ${said}, the log makes ${is}`;
  }
  if (receipt.timeNs !== timeNs) {
    return `the receipt says time ${receipt.timeNs}, the log's group has ${timeNs}`;
  }
  const start = (1 + receipt.ownFirst - first) * RECORD_BYTES;
  const own = payload.subarray(start, start + receipt.ownCount * RECORD_BYTES);
  if (sameBytes(sha256(own), receipt.ownHash)) return undefined;
  return `the group does not hold the commands that the receipt is for, at ${receipt.ownFirst}`;
}
