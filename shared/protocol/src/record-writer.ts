/**
 * Writes fields of a record, and asserts that each fits its width: a DataView would cut what does
 * not, and send a different order than the one that was meant.
 */
import assert from 'node:assert/strict';
import { isSymbolText, writeSymbol } from './symbol.ts';

const U64_LIMIT = 2n ** 64n;
const I64_LIMIT = 2n ** 63n;

export function putU8(view: DataView, at: number, name: string, value: number): void {
  if (!isWhole(value, 0, 0xff)) misfit(name, value, 'an integer from 0 to 255');
  view.setUint8(at, value);
}

export function putU16(view: DataView, at: number, name: string, value: number): void {
  if (!isWhole(value, 0, 0xffff)) misfit(name, value, 'an integer from 0 to 65535');
  view.setUint16(at, value, true);
}

export function putU32(view: DataView, at: number, name: string, value: number): void {
  if (!isWhole(value, 0, 0xffffffff)) misfit(name, value, 'an integer from 0 to 2^32 - 1');
  view.setUint32(at, value, true);
}

export function putI32(view: DataView, at: number, name: string, value: number): void {
  if (!isWhole(value, -(2 ** 31), 2 ** 31 - 1)) {
    misfit(name, value, 'an integer from -2^31 to 2^31 - 1');
  }
  view.setInt32(at, value, true);
}

export function putU64(view: DataView, at: number, name: string, value: bigint): void {
  if (typeof value !== 'bigint' || value < 0n || value >= U64_LIMIT) {
    misfit(name, value, 'an unsigned 64-bit integer');
  }
  view.setBigUint64(at, value, true);
}

export function putI64(view: DataView, at: number, name: string, value: bigint): void {
  if (typeof value !== 'bigint' || value < -I64_LIMIT || value >= I64_LIMIT) {
    misfit(name, value, 'a signed 64-bit integer');
  }
  view.setBigInt64(at, value, true);
}

export function putSymbol(view: DataView, at: number, name: string, value: string): void {
  if (!isSymbolText(value)) misfit(name, value, 'up to eight printable ASCII characters');
  writeSymbol(view, at, value);
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}

// The messages are built only where a field does not fit: clients encode many orders a second.
function misfit(name: string, value: unknown, expected: string): never {
  assert.fail(`${name} is ${String(value)}, expected ${expected}`);
}
