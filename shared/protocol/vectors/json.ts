/** How the vector files write what JSON has no type for: 64-bit integers are decimal strings. */
import { readFileSync } from 'node:fs';
import {
  type Command,
  COMMAND_NAMES,
  EVENT_FIELDS,
  eventMap,
  fieldsOf,
  type MarketEvent,
  type Names,
  numberOf,
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

/** `{ type: "new", requestId: "1", side: "buy", ... }` as the object that encoders take. */
export function commandFromJson(json: JsonObject): Command {
  const kind = numberOf(COMMAND_NAMES, json.type);
  if (kind === undefined) throw new Error(`no such command: ${json.type}`);
  const requestId = BigInt(json.requestId ?? -1);
  const command: Record<string, unknown> = { kind, session: json.session, requestId };
  for (const [name, field] of fieldsOf(kind)) {
    const value = field.type === 'flags' ? flagsOf(field.flags, json) : json[name];
    if (value === undefined) continue;
    const isWide = field.type === 'u64' || field.type === 'i64';
    const whole = isWide ? BigInt(value) : value;
    command[name] = field.type === 'word' ? numberOf(field.words, value) : whole;
  }
  // A vector with a field missing fails the encoder's own assertions.
  return command as unknown as Command;
}

/** The mask of the flags that are there; undefined where none is. */
function flagsOf(flags: Names<number>, json: JsonObject): number | undefined {
  const bits = Object.entries(flags).filter(([name]) => json[name] === true);
  return bits.length === 0 ? undefined : bits.reduce((mask, [, bit]) => mask | bit, 0);
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
