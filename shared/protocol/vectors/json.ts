/** How the vector files write what JSON has no type for: 64-bit integers are decimal strings. */
import { readFileSync } from 'node:fs';
import {
  ASSET_NAMES,
  type Command,
  COMMAND_NAMES,
  EVENT_FIELDS,
  eventMap,
  type MarketEvent,
  SIDE_NAMES,
  TIME_IN_FORCE_NAMES,
} from '../src/index.ts';

export type JsonObject = Readonly<Record<string, string | number | boolean>>;

export interface CommandVector {
  readonly name: string;
  readonly role: 'client' | 'operator';
  /** The sender, from the subject. */
  readonly account: number;
  readonly command: JsonObject;
  /** The message: header and record. */
  readonly binary: string;
  /** Messages that mean the same; the first is what `encodeCommandMap` writes. */
  readonly msgpack: readonly string[];
  /** What any of them becomes in the log: the record with the sender in it. */
  readonly record: string;
}

export interface EventVector {
  readonly record: string;
  readonly event: JsonObject;
}

export interface ReplyVector {
  readonly name: string;
  readonly binary: string;
  readonly msgpack: string;
  readonly code: number;
  readonly logSequence: string;
  /** In msgpack only: a binary reply has no room for it. */
  readonly detail: string;
  readonly events: readonly JsonObject[];
}

export interface RefusalVector {
  readonly name: string;
  readonly role: 'client' | 'operator';
  readonly account: number;
  readonly message: string;
  readonly code: string;
}

export interface HeaderVector {
  readonly header: string;
  readonly fields: JsonObject;
}

export interface ChecksumVector {
  readonly name: string;
  /** Price and quantity, best first. */
  readonly bids: readonly (readonly [string, string])[];
  readonly asks: readonly (readonly [string, string])[];
  /** What the checksum is taken of. */
  readonly bytes: string;
  readonly crc32: number;
}

export function readVectors<Vector>(name: string): readonly Vector[] {
  // The files are this package's own; every test compares each field.
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8'));
}

const COMMAND_WORDS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  type: COMMAND_NAMES,
  side: SIDE_NAMES,
  timeInForce: TIME_IN_FORCE_NAMES,
  asset: ASSET_NAMES,
};

/** `{ type: "new", requestId: "1", side: "buy", ... }` as the object that encoders take. */
export function commandFromJson(json: JsonObject): Command {
  const command: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    const words = COMMAND_WORDS[key];
    if (words !== undefined) command[key === 'type' ? 'kind' : key] = words[String(value)];
    else command[key] = typeof value === 'string' ? BigInt(value) : value;
  }
  // A vector with a field missing fails the encoder's own assertions.
  return command as unknown as Command;
}

export function eventToJson(event: MarketEvent): JsonObject {
  const fields: Readonly<Record<string, unknown>> = EVENT_FIELDS[event.type];
  const json: Record<string, string | number | boolean> = {};
  for (const [key, value] of Object.entries(eventMap(event))) {
    const type = fields[key];
    const is64Bit = type === 'count' || type === 'u64' || type === 'i64';
    json[key] = is64Bit || typeof value === 'bigint' ? String(value) : (value as string | number);
  }
  return json;
}

export const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
export const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
