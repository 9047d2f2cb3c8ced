/** The formats of market data, each with its words and the sizes that its decoder is given. */
import { decoderOf, type Format, LobsterRowsDecoder, loadHistoryModule } from '@foldbook/history';
import type { FuzzTarget } from './fuzz-target.ts';
import { type MarketTargetOptions, marketTarget } from './market-target.ts';
import { KernelMemory } from './metered-kernel.ts';

/** What a file of its own is decoded as; the orderbook files of LOBSTER go with their messages. */
type Part = Format | { readonly name: 'lobster-rows' };
type Options = Omit<MarketTargetOptions, 'make'> & { readonly format: Part };

/** A line, a message and a record fit, of what is not too long; much of what is made does not. */
const SMALL = { inputBytes: [1_200, 8_192, 1 << 16], blockEvents: [4, 64, 256] };
/** As the format itself has them: a block of the file fits. */
const COMPACT = { inputBytes: [256 * 1_024 + 64, 1 << 19], blockEvents: [4_096] };

const HYPERLIQUID_WORDS = [
  ...[
    '"coin":"BTC"',
    '"side":"A"',
    '"side":"B"',
    '"px":"1.5"',
    '"sz":"0.1"',
    '"oid":7',
    '"user":"0x"',
  ],
  ...['"raw_book_diff":"remove"', '{"new":{"sz":"1"}}', '{"update":{"origSz":"2","newSz":"1"}}'],
  ...[
    '"status":"open"',
    '"status":"filled"',
    '"order":{}',
    '"limitPx":"1"',
    '"tid":9',
    '"crossed":true',
  ],
  ...['"tif":"Ioc"', '"isTrigger":true', '"orderType":"Limit"', '"triggerCondition":"Triggered"'],
  ...[
    '"block_number":100',
    '"block_time":"2026-04-30T20:46:43.304461819"',
    '"events":[]',
    '"events":[',
  ],
  ...[
    '"local_time":"2026-04-30T20:46:43"',
    '"time":1777582006008',
    '"book_orders":[',
    '"children":[]',
  ],
  ...['true', 'false', 'null', '\\u0042', '{}', '[]'],
];
const CSV_WORDS = [
  ...['ts_event', 'order_id', 'action', 'side', 'price', 'size', 'flags', 'sequence', 'symbol'],
  ...['instrument_id', 'A', 'C', 'M', 'R', 'T', 'F', 'N', 'B', 'add', 'cancel', 'bid', 'ask'],
  ...[
    '2025-07-17T08:05:03.360677248Z',
    '1970-01-01T00:00:00',
    '2553-12-31 23:59:60',
    '"ARL"',
    '\r\n',
  ],
];
const ITCH_WORDS = [...'SRHYLVWKJhAFECXDUPQBINO', '\0\0', 'BUYS  ', '\0$A', '\0\x24A', '\0\x23U'];

const FORMATS = {
  lobster: {
    ...SMALL,
    format: { name: 'lobster' },
    isText: true,
    words: ['34200.015105074', ',1,', ',7,', ',-1', '-9999999999', '\r\n', ',null'],
  },
  dbn: {
    ...SMALL,
    format: { name: 'dbn' },
    isText: false,
    words: ['DBN\x01', 'DBN\x02', 'DBN\x03', '\x0e\xa0', 'AB', 'CA', 'MB', 'RN', 'TA', 'FB', 'N'],
  },
  itch: { ...SMALL, format: { name: 'itch' }, isText: false, words: ITCH_WORDS },
  hyperliquid: {
    ...SMALL,
    format: { name: 'hyperliquid' },
    isText: true,
    words: HYPERLIQUID_WORDS,
  },
  'hyperliquid-stream': {
    ...SMALL,
    format: { name: 'hyperliquid', isStream: true },
    isText: true,
    words: HYPERLIQUID_WORDS,
  },
  bin38: { ...SMALL, format: { name: 'bin38' }, isText: false, words: [] },
  csv: { ...SMALL, format: { name: 'csv' }, isText: true, words: CSV_WORDS },
  compact: {
    ...COMPACT,
    format: { name: 'compact' },
    isText: false,
    words: ['FBEVENTS', '\x01\0\0\0', '\x02\0\0\0', '\x03\0\0\0\x08\0\0\0'],
    mend: sealCompact,
  },
  'lobster-rows': {
    ...SMALL,
    format: { name: 'lobster-rows' },
    isText: true,
    words: ['9999999999,0', '-9999999999,0', '5802300,100,5794000,496', '\r\n', ',0', '\n', '-'],
  },
} as const satisfies Readonly<Record<string, Options>>;
export type MarketFormat = keyof typeof FORMATS;

export const MARKET_FORMATS = Object.keys(FORMATS) as readonly MarketFormat[];

export async function openMarketFormat(name: MarketFormat): Promise<FuzzTarget> {
  const { format, ...options }: Options = FORMATS[name];
  const make: MarketTargetOptions['make'] = (kernel, decoding) => {
    const named = { ...decoding, instrument: 'GOOG' };
    if (format.name === 'lobster-rows') return new LobsterRowsDecoder(kernel, named);
    return decoderOf(kernel, format, named);
  };
  return marketTarget(new KernelMemory(await loadHistoryModule()), { ...options, make });
}

const POLYNOMIAL = 0x82f6_3b78;
const CRC32C = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  return crc;
});

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC32C[(crc ^ byte) & 0xff] ?? 0);
  return ~crc >>> 0;
}

/** The checksums of a compact file and of its blocks (shared/history/assembly/compact.ts). */
export function sealCompact(bytes: Buffer): void {
  if (bytes.length < 20) return;
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, 16)), 16);
  for (let at = 20; at + 16 <= bytes.length; ) {
    const end = at + 16 + bytes.readUInt32LE(at + 4);
    const parts = [bytes.subarray(at, at + 12), bytes.subarray(at + 16, end)];
    bytes.writeUInt32LE(crc32c(Buffer.concat(parts)), at + 12);
    at = end;
  }
}
