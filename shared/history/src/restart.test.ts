/** A decoder that is given another input reads it as a new one would. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockOf, eventsOf, sharedKernel } from '../test/decoding.ts';
import { createBin38Decoder } from './bin38-decoder.ts';
import { Bin38Writer } from './bin38-writer.ts';
import { createCompactDecoder } from './compact-decoder.ts';
import { CompactWriter } from './compact-writer.ts';
import type { EventBlock } from './decoder.ts';
import type { MarketEvent } from './event.ts';
import { createHyperliquidDecoder } from './hyperliquid-decoder.ts';
import { createItchDecoder } from './itch-decoder.ts';
import { createLobsterDecoder } from './lobster-decoder.ts';
import type { MarketDecoder } from './market-decoder.ts';
import { createMboCsvDecoder } from './mbo-csv-decoder.ts';
import { marketEvent } from './testing/event-block.ts';

const kernel = sharedKernel();
const TOLD = [marketEvent({}), marketEvent({ orderId: 2n, price: 101n })];

function written(format: 'bin38' | 'compact'): Buffer {
  const parts: Uint8Array[] = [];
  const write = (bytes: Uint8Array) => void parts.push(bytes.slice());
  if (format === 'bin38')
    new Bin38Writer({ kernel, markets: [7], write }).append(blockOf(kernel, TOLD));
  else {
    const scale = { priceExponent: -4, quantityExponent: 0 };
    const writer = new CompactWriter({ kernel, scale, write });
    writer.nameInstruments(['GOOG']);
    writer.append(blockOf(kernel, TOLD));
    writer.end();
  }
  return Buffer.concat(parts);
}

const diff = (oid: number) =>
  `{"user":"0x","oid":${oid},"coin":"BTC","side":"B","px":"5","raw_book_diff":{"new":{"sz":"1"}}}`;
const block = (number: number) =>
  '{"local_time":"2026-04-30T20:00:00.000000001","block_time":"2026-04-30T20:00:00.000000000",' +
  `"block_number":${number},"events":[${diff(number)}]}\n`;

function itchAdd(): Buffer {
  const bytes = Buffer.alloc(38);
  bytes.write('A', 2, 'latin1');
  bytes.writeBigUInt64BE(5n, 13);
  bytes.write('B', 21, 'latin1');
  bytes.writeUInt32BE(10, 22);
  bytes.write('GOOG    ', 26, 'latin1');
  bytes.writeUInt32BE(1_000, 34);
  return bytes;
}

const CASES: readonly (readonly [string, MarketDecoder, string | Uint8Array])[] = [
  ['lobster', createLobsterDecoder(kernel), '34200.1,1,5,100,1000,1\n34200.2,3,5,100,1000,1'],
  ['csv', createMboCsvDecoder(kernel), 'action,side,price,size,order_id\nA,B,1,2,3\nC,B,1,2,3\n'],
  ['hyperliquid', createHyperliquidDecoder(kernel), block(7) + block(8)],
  ['itch', createItchDecoder(kernel), itchAdd()],
  ['bin38', createBin38Decoder(kernel), written('bin38')],
  ['compact', createCompactDecoder(kernel), written('compact')],
];

for (const [name, decoder, input] of CASES) {
  test(name, () => {
    const bytes = Buffer.from(input);
    const decode = (upTo: number): MarketEvent[] => {
      const events: MarketEvent[] = [];
      const onBlock = (given: EventBlock) => void events.push(...eventsOf(kernel, given));
      decoder.push(bytes.subarray(0, upTo), onBlock);
      if (upTo === bytes.length) decoder.end(onBlock);
      return events;
    };
    const first = decode(bytes.length);
    assert(first.length > 0);
    const names = decoder.instruments();
    const { consumed } = decoder;
    // Once from its end, once from its middle.
    decoder.restart();
    decode(bytes.length - 3);
    decoder.restart();
    assert.equal(decoder.units, 0n);
    assert.deepEqual(decode(bytes.length), first);
    assert.deepEqual(decoder.instruments(), names);
    assert.equal(decoder.consumed, consumed);
  });
}
