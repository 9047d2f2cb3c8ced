/** Symbols of assets: up to eight characters, a byte each, padded with zeros. */
import { MAX_SYMBOL } from './limits.ts';

/** What a command can carry; which characters a symbol may have is judged by the engine. */
export function isSymbolText(text: string): boolean {
  return /^[ -~]*$/.test(text) && text.length <= MAX_SYMBOL;
}

export function writeSymbol(view: DataView, offset: number, symbol: string): void {
  for (let index = 0; index < MAX_SYMBOL; index += 1) {
    view.setUint8(offset + index, index < symbol.length ? symbol.charCodeAt(index) : 0);
  }
}

/** The bytes up to the padding, each a character, whatever they are. */
export function readSymbol(view: DataView, offset: number): string {
  let length: number = MAX_SYMBOL;
  while (length > 0 && view.getUint8(offset + length - 1) === 0) length -= 1;
  let text = '';
  for (let index = 0; index < length; index += 1) {
    text += String.fromCharCode(view.getUint8(offset + index));
  }
  return text;
}
