/**
 * Names of markets in records: thirty-two bytes of ASCII in two halves, around the amount that
 * stands between them.
 */
import assert from 'node:assert/strict';
import { TransferOffset } from './layout.ts';
import { MAX_MARKET_NAME } from './limits.ts';

const HALF = MAX_MARKET_NAME / 2;

/** What a record can carry; whether there is such a market is judged elsewhere. */
export function isMarketText(text: string): boolean {
  return /^[ -~]*$/.test(text) && text.length <= MAX_MARKET_NAME;
}

/** Writes the name into the record at `offset`, zeros behind it; empty is no market. */
export function putMarketName(view: DataView, offset: number, name: string, value: string): void {
  assert(isMarketText(value), `${name} is ${value}, expected up to 32 printable ASCII characters`);
  for (let index = 0; index < MAX_MARKET_NAME; index += 1) {
    view.setUint8(placeOf(offset, index), index < value.length ? value.charCodeAt(index) : 0);
  }
}

/** Up to its padding, each byte a character, whatever it is. */
export function readMarketName(view: DataView, offset: number): string {
  let length = MAX_MARKET_NAME;
  while (length > 0 && view.getUint8(placeOf(offset, length - 1)) === 0) length -= 1;
  let text = '';
  for (let index = 0; index < length; index += 1) {
    text += String.fromCharCode(view.getUint8(placeOf(offset, index)));
  }
  return text;
}

function placeOf(offset: number, index: number): number {
  if (index < HALF) return offset + TransferOffset.MARKET + index;
  return offset + TransferOffset.MARKET_REST + index - HALF;
}
