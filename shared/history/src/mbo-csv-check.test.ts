import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { dataFile } from '../test/data.ts';
import { chunksOf, newKernel } from '../test/decoding.ts';
import { checkMboCsv } from './mbo-csv-check.ts';
import { createMboCsvDecoder } from './mbo-csv-decoder.ts';
import { ReplayBook } from './replay-book.ts';

const check = (events: Uint8Array, rows: Uint8Array) => {
  const kernel = newKernel();
  return checkMboCsv({
    kernel,
    decoder: createMboCsvDecoder(kernel),
    book: new ReplayBook({ kernel }),
    events: chunksOf(events),
    rows: chunksOf(rows),
  });
};

test('ten levels of ARL are what its orders make them', async (t) => {
  const [events, rows] = ['arl_mbo', 'arl_mbp'].map((name) =>
    dataFile(t, 'nasdaq-mbo', `${name}.csv.zst`),
  );
  if (events === undefined || rows === undefined) return;
  const [orders, levels] = [events, rows].map((file) => zstdDecompressSync(readFileSync(file)));
  assert.ok(orders !== undefined && levels !== undefined);
  const expected = { checked: 3_882, mismatches: 0, first: undefined };
  assert.deepEqual(await check(orders, levels), expected);

  // One number of an answer changed.
  const wrong = Buffer.from(levels.toString('latin1').replace(',5.51,100,1,', ',5.51,101,1,'));
  const { checked, mismatches, first } = await check(orders, wrong);
  assert.deepEqual([checked, mismatches], [3_882, 1]);
  assert.match(first ?? '', /^bid 0 at sequence 851012/);
});
