/** Changes of a market's rules, in bytes, and the hash chain over them (circuits/STATEMENT.md). */
import { assert } from './assert.ts';
import { ByteWriter, domainHash } from './bytes.ts';
import type { ByteReader } from './decoding.ts';
import { HASH_BYTES } from './header.ts';
import { ACCOUNT_LIMIT } from './settlement-record.ts';

/** When a change took effect. */
interface Placed {
  /** Index, since genesis, of the first record that it applies to. */
  readonly record: bigint;
  /** Market sequence of its command. */
  readonly sequence: bigint;
}

export interface FeeRates {
  /** Parts per million of the quote amount; a negative rate is a rebate. */
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
}

/** The market begins: every tier has these rates, every account is in tier 0, no limits. */
export interface Creation extends Placed, FeeRates {
  readonly kind: 'creation';
  /** The most that any rate may ever be. */
  readonly maxFeePpm: number;
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
  readonly baseSymbol: string;
  readonly quoteSymbol: string;
}

export interface FeesChange extends Placed, FeeRates {
  readonly kind: 'fees';
  readonly tier: number;
}

export interface TierChange extends Placed {
  readonly kind: 'tier';
  readonly account: number;
  readonly tier: number;
}

/** 0 is no limit. */
export interface LimitsChange extends Placed {
  readonly kind: 'limits';
  readonly minPrice: bigint;
  readonly maxPrice: bigint;
  readonly maxQuantity: bigint;
  readonly bandPpm: number;
  readonly maxOpenOrders: number;
}

export type RuleChange = Creation | FeesChange | TierChange | LimitsChange;

export const CHANGE_BYTES = 56;
export const TIERS = 16;
/** Of either sign. */
export const FEE_PPM_MAX = 100_000;
const DECIMALS_MAX = 18;
const SYMBOL_BYTES = 8;
const PAYLOAD_BYTES = 32;
const KIND_CODES = { creation: 1, fees: 2, tier: 3, limits: 4 } as const;

/** Before a market's creation. */
export const RULES_START = new Uint8Array(HASH_BYTES);

/** The chain's head behind these changes; without any it stays. */
export function rulesHashAfter(head: Uint8Array, changes: readonly RuleChange[]): Uint8Array {
  if (changes.length === 0) return head;
  return domainHash('foldbook/rules/v2\n', head, encodeChanges(changes));
}

/** Of what `encodeChanges` gives. */
export const changesBytes = (count: number): number => 4 + CHANGE_BYTES * count;

/** u32 count, then the changes. */
export function encodeChanges(changes: readonly RuleChange[]): Uint8Array {
  const writer = new ByteWriter(changesBytes(changes.length)).unsigned(changes.length, 4);
  for (const change of changes) writeChange(writer, change);
  return writer.finish();
}

function writeChange(writer: ByteWriter, change: RuleChange): void {
  const tier = change.kind === 'fees' || change.kind === 'tier' ? change.tier : 0;
  const account = change.kind === 'tier' ? change.account : 0;
  writer.unsigned(change.record, 8).unsigned(change.sequence, 8);
  writer.unsigned(KIND_CODES[change.kind], 1).unsigned(tier, 1).unsigned(0, 2);
  writer.unsigned(account, 4);
  switch (change.kind) {
    case 'creation':
      writeRates(writer, change).unsigned(change.maxFeePpm, 4);
      writer.unsigned(change.priceDecimals, 1).unsigned(change.quantityDecimals, 1);
      writer.unsigned(0, 2).bytes(symbolBytes(change.baseSymbol), SYMBOL_BYTES);
      writer.bytes(symbolBytes(change.quoteSymbol), SYMBOL_BYTES);
      return;
    case 'fees':
      writeRates(writer, change).bytes(new Uint8Array(PAYLOAD_BYTES - 8), PAYLOAD_BYTES - 8);
      return;
    case 'tier':
      writer.bytes(new Uint8Array(PAYLOAD_BYTES), PAYLOAD_BYTES);
      return;
    case 'limits':
      writer.unsigned(change.minPrice, 8).unsigned(change.maxPrice, 8);
      writer.unsigned(change.maxQuantity, 8).unsigned(change.bandPpm, 4);
      writer.unsigned(change.maxOpenOrders, 4);
      return;
    default:
      change satisfies never;
  }
}

function writeRates(writer: ByteWriter, { makerFeePpm, takerFeePpm }: FeeRates): ByteWriter {
  return writer.unsigned(makerFeePpm >>> 0, 4).unsigned(takerFeePpm >>> 0, 4);
}

function symbolBytes(symbol: string): Uint8Array {
  assert(symbol.length <= SYMBOL_BYTES, `symbol ${symbol} is longer than ${SYMBOL_BYTES}`);
  const bytes = new Uint8Array(SYMBOL_BYTES);
  for (let i = 0; i < symbol.length; i++) bytes[i] = symbol.charCodeAt(i);
  return bytes;
}

/** Reads `count` changes; whether they are in their places is not asked here. */
export function readChanges(reader: ByteReader, count: number): RuleChange[] {
  const changes: RuleChange[] = [];
  for (let index = 0; index < count; index++) changes.push(readChange(reader));
  return changes;
}

function readChange(reader: ByteReader): RuleChange {
  const placed = { record: reader.unsigned64(), sequence: reader.unsigned64() };
  const start = reader.offset;
  const code = reader.unsigned(1);
  const tier = reader.unsigned(1);
  reader.zero(2);
  const account = reader.unsigned(4);
  const kind = (Object.keys(KIND_CODES) as (keyof typeof KIND_CODES)[]).find(
    (name) => KIND_CODES[name] === code,
  );
  if (kind === undefined) return reader.refuse(`a change of rules of kind ${code}`, start);
  const hasTier = kind === 'fees' || kind === 'tier';
  if (tier >= (hasTier ? TIERS : 1))
    reader.refuse(`tier ${tier} in a change of ${kind}`, start + 1);
  const isUser = account >= 2 && account < ACCOUNT_LIMIT;
  if (kind === 'tier' ? !isUser : account !== 0) {
    reader.refuse(`account ${account} in a change of ${kind}`, start + 4);
  }
  switch (kind) {
    case 'creation':
      return { kind, ...placed, ...readCreation(reader) };
    case 'fees': {
      const rates = readRates(reader);
      readZeros(reader, PAYLOAD_BYTES - 8);
      return { kind, ...placed, tier, ...rates };
    }
    case 'tier':
      readZeros(reader, PAYLOAD_BYTES);
      return { kind, ...placed, tier, account };
    case 'limits':
      return { kind, ...placed, ...readLimits(reader) };
    default:
      return kind satisfies never;
  }
}

function readRates(reader: ByteReader): FeeRates {
  return { makerFeePpm: readPpm(reader), takerFeePpm: readPpm(reader) };
}

function readPpm(reader: ByteReader): number {
  const start = reader.offset;
  const ppm = reader.unsigned(4) | 0;
  if (Math.abs(ppm) > FEE_PPM_MAX) reader.refuse(`a rate of ${ppm} ppm`, start);
  return ppm;
}

function readCreation(reader: ByteReader): Omit<Creation, 'kind' | keyof Placed> {
  const rates = readRates(reader);
  const start = reader.offset;
  const maxFeePpm = reader.unsigned(4);
  if (maxFeePpm > FEE_PPM_MAX) reader.refuse(`a highest rate of ${maxFeePpm} ppm`, start);
  const decimals = { priceDecimals: reader.unsigned(1), quantityDecimals: reader.unsigned(1) };
  if (decimals.priceDecimals > DECIMALS_MAX || decimals.quantityDecimals > DECIMALS_MAX) {
    reader.refuse(`more than ${DECIMALS_MAX} decimals`, start + 4);
  }
  reader.zero(2);
  const symbols = { baseSymbol: readSymbol(reader), quoteSymbol: readSymbol(reader) };
  return { ...rates, maxFeePpm, ...decimals, ...symbols };
}

function readSymbol(reader: ByteReader): string {
  const start = reader.offset;
  const padded = String.fromCharCode(...reader.bytes(SYMBOL_BYTES));
  const match = /^([A-Z0-9.-]*)\0*$/.exec(padded);
  return match?.[1] ?? reader.refuse('a symbol has characters other than A-Z, 0-9, "." "-"', start);
}

function readLimits(reader: ByteReader): Omit<LimitsChange, 'kind' | keyof Placed> {
  return {
    minPrice: reader.unsigned64(),
    maxPrice: reader.unsigned64(),
    maxQuantity: reader.unsigned64(),
    bandPpm: reader.unsigned(4),
    maxOpenOrders: reader.unsigned(4),
  };
}

function readZeros(reader: ByteReader, length: number): void {
  const start = reader.offset;
  const index = reader.bytes(length).findIndex((byte) => byte !== 0);
  if (index !== -1) reader.refuse('a reserved byte is not 0', start + index);
}
