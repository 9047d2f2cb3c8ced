/** Tells what feed some bytes are from, by what they say and not by their file's name. */

/** As the command line names them; `compact` is this project's own. */
export type FormatName = 'lobster' | 'dbn' | 'itch' | 'hyperliquid' | 'bin38' | 'csv' | 'compact';

export type HyperliquidKind = 'statuses' | 'diffs' | 'fills' | 'snapshot';

export interface Format {
  readonly name: FormatName;
  /** Of Hyperliquid; undefined where the first blocks have no events. */
  readonly kind?: HyperliquidKind | undefined;
  /** Of Hyperliquid: a line an event, not a line a block. */
  readonly isStream?: boolean | undefined;
}

/** So much of a file's beginning is enough to tell. */
export const FORMAT_SAMPLE_BYTES = 1 << 16;

const TEXT_BYTES = 4_096;
const LOBSTER_ROW = /^\d+(\.\d+)?,[1-7],\d+,\d+,-?\d+,-?1(,|$)/;
/** One of each; without an order's id it is something else. */
const MBO_COLUMNS = [['action'], ['side'], ['price', 'px'], ['order_id', 'orderid', 'oid', 'id']];
/** Of books level by level, which may have an order's columns, too. */
const LEVEL_COLUMN = /^(bid|ask)_px_\d+$/;
const DAY_NS = 86_400_000_000_000n;
/** 2000 and 2200. */
const FIRST_TIME_NS = 946_684_800_000_000_000n;
const LAST_TIME_NS = 7_258_118_400_000_000_000n;
const BIN38_BYTES = 38;
const MOST_CHECKED = 64;

/** Bytes of ITCH messages, as assembly/itch.ts has them. */
const ITCH_BYTES: Readonly<Record<string, number>> = {
  ...{ S: 12, R: 39, H: 25, Y: 20, L: 26, V: 35, W: 12, K: 28, J: 35, h: 21, A: 36, F: 40 },
  ...{ E: 31, C: 36, X: 23, D: 19, U: 35, P: 44, Q: 40, B: 19, I: 50, N: 20, O: 48 },
};

/**
 * @param sample the first FORMAT_SAMPLE_BYTES of what was unpacked, or all
 * @returns undefined where it is none that is known
 */
export function recogniseFormat(sample: Uint8Array): Format | undefined {
  const bytes = Buffer.from(sample.buffer, sample.byteOffset, sample.byteLength);
  const start = bytes.toString('latin1', 0, 8);
  if (start.startsWith('DBN')) return { name: 'dbn' };
  if (start === 'FBEVENTS') return { name: 'compact' };
  if (isText(bytes)) return recogniseText(bytes);
  if (isItch(bytes)) return { name: 'itch' };
  if (isBin38(bytes)) return { name: 'bin38' };
  return undefined;
}

function isText(bytes: Buffer): boolean {
  const isControl = (byte: number) => byte < 32 && byte !== 9 && byte !== 10 && byte !== 13;
  return bytes.length > 0 && !bytes.subarray(0, TEXT_BYTES).some(isControl);
}

function recogniseText(bytes: Buffer): Format | undefined {
  const text = bytes.toString('latin1').trimStart();
  if (text.startsWith('{') || text.startsWith('[')) return recogniseJson(text);
  const [line = ''] = text.slice(0, TEXT_BYTES).split(/\r?\n/, 1);
  if (LOBSTER_ROW.test(line)) return { name: 'lobster' };
  const columns = line.split(',').map((column) => column.trim().toLowerCase());
  const isMbo = MBO_COLUMNS.every((names) => names.some((name) => columns.includes(name)));
  const hasLevels = columns.some((column) => LEVEL_COLUMN.test(column));
  return isMbo && !hasLevels ? { name: 'csv' } : undefined;
}

function recogniseJson(text: string): Format | undefined {
  const kind = kindOf(text);
  const isBlock = /^\{[^[{]*"events"\s*:\s*\[/.test(text);
  if (kind === undefined && !isBlock) return undefined;
  return { name: 'hyperliquid', kind, isStream: !isBlock && kind !== 'snapshot' };
}

/** Keys that only one of the kinds has. */
function kindOf(text: string): HyperliquidKind | undefined {
  if (text.includes('"raw_book_diff"')) return 'diffs';
  if (text.includes('"crossed"') && text.includes('"tid"')) return 'fills';
  if (!text.includes('"limitPx"')) return undefined;
  return text.includes('"status"') ? 'statuses' : 'snapshot';
}

/** Whether one message follows another as far as the sample has them. */
function isItch(bytes: Buffer): boolean {
  let messages = 0;
  for (let at = 0; at + 13 <= bytes.length && messages < MOST_CHECKED; messages += 1) {
    const told = bytes.readUInt16BE(at);
    const length = ITCH_BYTES[bytes.toString('latin1', at + 2, at + 3)];
    if (length === undefined || (told !== 0 && told !== length)) return false;
    if (BigInt(bytes.readUIntBE(at + 7, 6)) >= DAY_NS) return false;
    at += 2 + length;
  }
  return messages > 0;
}

/** Whether all records of the sample say what an order can. */
function isBin38(bytes: Buffer): boolean {
  const records = Math.min(MOST_CHECKED, Math.floor(bytes.length / BIN38_BYTES));
  for (let index = 0; index < records; index += 1) {
    const at = index * BIN38_BYTES;
    const price = bytes.readDoubleLE(at + 12);
    const size = bytes.readDoubleLE(at + 20);
    const timeNs = bytes.readBigUInt64LE(at + 29);
    const isOrder =
      price >= 0 &&
      price < 1e12 &&
      size >= 0 &&
      size < 1e12 &&
      bytes.readUInt8(at + 28) <= 1 &&
      timeNs >= FIRST_TIME_NS &&
      timeNs <= LAST_TIME_NS &&
      bytes.readUInt8(at + 37) <= 2;
    if (!isOrder) return false;
  }
  return records > 0;
}
