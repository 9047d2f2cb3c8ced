/** Fields of what clients ask a market: a flat msgpack map. */
import { isMsgpackMap, MAX_SESSION, readMsgpack } from '@foldbook/protocol';

const MAP_LIMITS = { depth: 1, arrayLength: 0, mapLength: 8, stringBytes: 32 };
const REQUEST_IDS = 2n ** 64n;

function fieldOf(payload: Uint8Array, key: string): unknown {
  const map = readMsgpack(payload, MAP_LIMITS);
  return map.ok && isMsgpackMap(map.value) ? map.value.get(key) : undefined;
}

export function hasField(payload: Uint8Array, key: string): boolean {
  const map = readMsgpack(payload, MAP_LIMITS);
  return map.ok && isMsgpackMap(map.value) && map.value.has(key);
}

/** Undefined for what is none from 0 on. */
export function readInteger(payload: Uint8Array, key: string): number | undefined {
  const field = fieldOf(payload, key);
  return typeof field === 'number' && Number.isSafeInteger(field) && field >= 0 ? field : undefined;
}

export interface RequestName {
  readonly session: number;
  readonly id: bigint;
}

/** Of the fields `session` and `request`; undefined where they name no request. */
export function readRequestName(payload: Uint8Array): RequestName | undefined {
  const field = fieldOf(payload, 'request');
  const session = readInteger(payload, 'session');
  if (session === undefined || session > MAX_SESSION) return undefined;
  const isInteger = typeof field === 'number' && Number.isSafeInteger(field);
  if (typeof field !== 'bigint' && !isInteger) return undefined;
  const id = BigInt(field);
  return id >= 0n && id < REQUEST_IDS ? { session, id } : undefined;
}
