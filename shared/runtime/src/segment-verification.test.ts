import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { decodeRecord, encodeRecord, recordBytes, SEGMENT_HEADER_BYTES } from './segment-format.ts';
import { SegmentStore } from './segment-store.ts';
import { verifySegments } from './segment-verification.ts';

const SUBJECT = 'log.0.BTC-USD';
const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

const bytes = (text: string) => new TextEncoder().encode(text);
const sha256 = (...parts: readonly (string | Uint8Array)[]) => {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest();
};

/** A stream of these texts, each a commit; its folder. */
async function stream(
  texts: readonly string[],
  { segmentBytes = 1 << 20, digestOf = (_text: string): Uint8Array | undefined => undefined } = {},
): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'foldbook-verify-'));
  dirs.push(dir);
  const store = new SegmentStore({ dir, segmentBytes });
  const writer = await store.writer('LOG_0', ['log.>']);
  for (const text of texts) await writer.append(SUBJECT, bytes(text), digestOf(text));
  await store.close();
  return join(dir, 'LOG_0');
}

const TEXTS = ['one', 'two', 'three', 'four', 'five', 'six'];
const segmentsOf = (dir: string) => readdirSync(dir).filter((name) => name.endsWith('.segment'));

/** The links as the document says, computed here in another way. */
function expectedLinks(texts: readonly string[]): Buffer[] {
  const links: Buffer[] = [];
  for (const [index, text] of texts.entries()) {
    const sequence = Buffer.alloc(8);
    sequence.writeBigUInt64LE(BigInt(index + 1));
    const before = links.at(-1) ?? Buffer.alloc(32);
    links.push(sha256(before, sequence, sha256(text), SUBJECT));
  }
  return links;
}

test('a whole folder: what there is, and the last link', async () => {
  for (const segmentBytes of [1 << 20, 200]) {
    const dir = await stream(TEXTS, { segmentBytes });
    const found = await verifySegments(dir);
    assert.deepEqual(found.faults, []);
    assert.equal(found.segments, segmentsOf(dir).length);
    assert.equal(found.segments > 1, segmentBytes === 200);
    assert.deepEqual(
      [found.records, found.firstSequence, found.lastSequence, found.tornBytes, found.unchecked],
      [6, 1, 6, 0, 0],
    );
    assert.equal(found.payloadBytes, TEXTS.join('').length);
    const links = expectedLinks(TEXTS);
    assert.deepEqual(Buffer.from(found.lastLink), links.at(-1));
    for (const [index, link] of links.entries()) {
      const { lastLink, lastSequence } = await verifySegments(dir, { until: index + 1 });
      assert.deepEqual([Buffer.from(lastLink), lastSequence], [link, index + 1]);
    }
  }
});

test('an empty stream, and a folder that is none', async () => {
  const found = await verifySegments(await stream([]));
  assert.deepEqual([found.records, found.firstSequence, found.faults], [0, undefined, []]);
  await assert.rejects(verifySegments('nowhere'), { code: 'NO_STREAM' });
});

test('links go on over a restart, a torn tail and a new segment', async () => {
  const dir = await stream(TEXTS.slice(0, 3));
  const [name = ''] = segmentsOf(dir);
  truncateSync(join(dir, name), readFileSync(join(dir, name)).byteLength - 1);
  const torn = await verifySegments(dir);
  assert.deepEqual([torn.records, torn.faults], [2, []]);
  assert.equal(torn.tornBytes, recordBytes(SUBJECT.length, 'three'.length) - 1);
  const store = new SegmentStore({ dir: join(dir, '..'), segmentBytes: 100, onNotice: () => {} });
  const writer = await store.writer('LOG_0', ['log.>']);
  assert.deepEqual(Buffer.from(writer.lastLink), expectedLinks(TEXTS)[1]);
  for (const text of TEXTS.slice(2)) await writer.append(SUBJECT, bytes(text));
  await store.close();
  const found = await verifySegments(dir);
  assert.deepEqual([found.faults, found.records], [[], 6]);
  assert.deepEqual(Buffer.from(found.lastLink), expectedLinks(TEXTS).at(-1));
});

/** Rewrites a record of the only segment with a right checksum, as somebody would who can. */
function forge(dir: string, sequence: number, payload: string, subject = SUBJECT): void {
  const path = join(dir, segmentsOf(dir)[0] ?? '');
  const file = readFileSync(path);
  let offset = SEGMENT_HEADER_BYTES;
  for (let at = 1; ; at += 1) {
    const decoded = decodeRecord(file, offset, file.byteLength, at);
    assert(decoded.kind === 'record');
    if (at === sequence) {
      const record = { ...decoded.record, subject: bytes(subject), payload: bytes(payload) };
      assert.equal(encodeRecord(file, offset, record), decoded.end, 'of the same length');
      writeFileSync(path, file);
      return;
    }
    offset = decoded.end;
  }
}

test('a record that was changed with its checksum shows, by its link', async () => {
  const forgeries: readonly (readonly [string, string])[] = [
    ['THREE', SUBJECT],
    ['three', 'log.0.ETH-USD'],
  ];
  for (const [payload, subject] of forgeries) {
    const dir = await stream(TEXTS);
    forge(dir, 3, payload, subject);
    const store = new SegmentStore({ dir: join(dir, '..') });
    assert.equal(await store.reader('LOG_0').lastSequence(), 6, 'the checksums are right');
    await store.close();
    const { faults, records } = await verifySegments(dir);
    assert.equal(records, 6);
    assert.deepEqual(
      faults.map(({ sequence, what }) => `${sequence} ${what}`),
      ['3 its link does not follow: it, or one before, was changed'],
    );
  }
});

test('segments of another history, missing and damaged ones, are named', async () => {
  const options = { segmentBytes: 200 };
  const dir = await stream(TEXTS, options);
  const [first = '', second = '', third = ''] = segmentsOf(dir);
  const other = await stream(['ONE', ...TEXTS.slice(1)], options);
  writeFileSync(join(dir, second), readFileSync(join(other, second)));
  const swapped = await verifySegments(dir);
  assert.deepEqual(
    swapped.faults.map(({ file, what }) => `${file} ${what}`),
    [second, third].map(
      (file) => `${file} it does not go on from the link of the record before it`,
    ),
  );
  rmSync(join(dir, second));
  const holed = await verifySegments(dir);
  assert.equal(holed.faults.length, 1);
  assert.match(holed.faults[0]?.what ?? '', /^sequences 3 to 4 are missing before it$/);
  const damaged = readFileSync(join(dir, first));
  damaged[70] = 0xff ^ (damaged[70] ?? 0);
  writeFileSync(join(dir, first), damaged);
  const { faults, records } = await verifySegments(dir);
  assert.match(faults[0]?.what ?? '', /checksum is wrong, but another segment follows/);
  assert.equal(records, 2, 'what is behind the damage is read all the same');
});

test('a given digest stands in the link, and is checked by who can compute it', async () => {
  const digest = (text: string) => sha256(`head after ${text}`);
  const dir = await stream(TEXTS, { digestOf: digest });
  const alone = await verifySegments(dir);
  assert.deepEqual([alone.faults, alone.unchecked], [[], 6]);
  const textOf = (payload: Uint8Array) => new TextDecoder().decode(payload);
  const digestOf = ({ payload }: { readonly payload: Uint8Array }) => digest(textOf(payload));
  const found = await verifySegments(dir, { digestOf });
  assert.deepEqual([found.faults, found.unchecked], [[], 0]);
  forge(dir, 3, 'THREE');
  assert.equal((await verifySegments(dir)).faults.length, 0);
  const { faults } = await verifySegments(dir, { digestOf });
  assert.deepEqual(
    faults.map(({ sequence }) => sequence),
    [3],
  );
});
