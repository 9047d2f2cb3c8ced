import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { recordBytes, SEGMENT_HEADER_BYTES } from './segment-format.ts';
import { SegmentStore, type SegmentStoreOptions } from './segment-store.ts';
import type { StreamRecord } from './stream.ts';
import { streamConformance } from './testing/stream-conformance.ts';

function temporaryDir(): string {
  return mkdtempSync(join(tmpdir(), 'foldbook-segments-'));
}

streamConformance('segment files', async () => {
  const dir = temporaryDir();
  return {
    store: async () => new SegmentStore({ dir }),
    tooLargeBytes: 8 * 1024 * 1024 + 1,
    close: async () => rmSync(dir, { recursive: true }),
  };
});

streamConformance('segment files, many and small', async () => {
  const dir = temporaryDir();
  return {
    store: async () => new SegmentStore({ dir, segmentBytes: 64 }),
    tooLargeBytes: 8 * 1024 * 1024 + 1,
    close: async () => rmSync(dir, { recursive: true }),
  };
});

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

function newDir(): string {
  const dir = temporaryDir();
  dirs.push(dir);
  return dir;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const SUBJECT = 's';
const FIRST_SEGMENT = '0000000000000001.segment';

function openStore(dir: string, options: Partial<SegmentStoreOptions> = {}) {
  const notices: string[] = [];
  return {
    notices,
    store: new SegmentStore({ dir, onNotice: (text) => notices.push(text), ...options }),
  };
}

/** A stream "S" with one commit for each of the texts, closed. */
async function writeTexts(dir: string, texts: readonly string[]): Promise<void> {
  const { store } = openStore(dir);
  const writer = await store.writer('S', [SUBJECT]);
  for (const text of texts) await writer.append(SUBJECT, bytes(text));
  await store.close();
}

async function readTexts(dir: string): Promise<string[]> {
  const records: StreamRecord[] = [];
  const { store } = openStore(dir);
  for await (const record of store.reader('S').read({ fromSequence: 1, follow: false })) {
    records.push(record);
  }
  await store.close();
  return records.map(({ payload }) => new TextDecoder().decode(payload));
}

const endOf = (texts: readonly string[]) =>
  texts.reduce((end, text) => end + recordBytes(1, text.length), SEGMENT_HEADER_BYTES);

test('a tail torn at any byte is cut back to the last whole record, and said so', async () => {
  const texts = ['one', 'two', 'the last record'];
  const whole = newDir();
  await writeTexts(whole, texts);
  const fullSize = endOf(texts);
  assert.equal(statSync(join(whole, 'S', FIRST_SEGMENT)).size, fullSize);
  for (let size = endOf(texts.slice(0, 2)); size < fullSize; size += 1) {
    const dir = newDir();
    cpSync(whole, dir, { recursive: true });
    const path = join(dir, 'S', FIRST_SEGMENT);
    truncateSync(path, size);
    assert.deepEqual(await readTexts(dir), texts.slice(0, 2), 'a reader takes the whole ones');
    const { store, notices } = openStore(dir);
    const writer = await store.writer('S', [SUBJECT]);
    assert.equal(writer.lastSequence, 2);
    const torn = size - endOf(texts.slice(0, 2));
    if (torn === 0) assert.deepEqual(notices, []);
    else assert.match(notices.join(), new RegExp(`cut off ${torn} bytes .*last record is 2`));
    assert.equal(await writer.append(SUBJECT, bytes('again')), 3);
    await store.close();
    assert.deepEqual(await readTexts(dir), ['one', 'two', 'again']);
  }
});

test('garbage and zeros behind the last record are a torn tail too', async () => {
  for (const garbage of [new Uint8Array(4_096), new Uint8Array(100).fill(0xa5)]) {
    const dir = newDir();
    await writeTexts(dir, ['one', 'two']);
    writeFileSync(join(dir, 'S', FIRST_SEGMENT), garbage, { flag: 'a' });
    const { store, notices } = openStore(dir);
    assert.equal((await store.writer('S', [SUBJECT])).lastSequence, 2);
    assert.equal(notices.length, 1);
    await store.close();
    assert.deepEqual(await readTexts(dir), ['one', 'two']);
  }
});

test('a flipped bit before the last record is refused, with file and offset', async () => {
  const texts = ['one', 'two', 'three'];
  const whole = newDir();
  await writeTexts(whole, texts);
  const original = readFileSync(join(whole, 'S', FIRST_SEGMENT));
  const [begin, end] = [endOf(texts.slice(0, 1)), endOf(texts.slice(0, 2))];
  for (let at = begin; at < end; at += 1) {
    const dir = newDir();
    cpSync(whole, dir, { recursive: true });
    const damaged = Buffer.from(original);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(join(dir, 'S', FIRST_SEGMENT), damaged);
    const { store } = openStore(dir);
    const expected = { code: 'CORRUPT', message: new RegExp(`${FIRST_SEGMENT}.*offset ${begin} `) };
    await assert.rejects(store.writer('S', [SUBJECT]), expected, `byte ${at}`);
    await assert.rejects(readTexts(dir), expected);
    await assert.rejects(store.reader('S').lastSequence(), expected);
    const { length } = readFileSync(join(dir, 'S', FIRST_SEGMENT));
    assert.equal(length, original.length, 'nothing was cut off');
    await store.close();
  }
});

test('a hole in a commit that was not acknowledged is a torn tail', async () => {
  const dir = newDir();
  const { store } = openStore(dir);
  const writer = await store.writer('S', [SUBJECT]);
  await writer.append(SUBJECT, bytes('one'));
  // One commit of three; the power fails, and the disk has its middle record but not its first.
  await Promise.all(['two', 'three', 'four'].map((text) => writer.append(SUBJECT, bytes(text))));
  await store.close();
  const path = join(dir, 'S', FIRST_SEGMENT);
  const file = readFileSync(path);
  file.fill(0, endOf(['one']), endOf(['one', 'two']));
  writeFileSync(path, file);
  const again = openStore(dir);
  assert.equal((await again.store.writer('S', [SUBJECT])).lastSequence, 1);
  assert.equal(again.notices.length, 1);
  await again.store.close();
  assert.deepEqual(await readTexts(dir), ['one']);
});

test('a damaged header, and a segment that is missing', async () => {
  const dir = newDir();
  const { store } = openStore(dir, { segmentBytes: 64 });
  const writer = await store.writer('S', [SUBJECT]);
  for (let i = 0; i < 6; i += 1) await writer.append(SUBJECT, bytes('a text of some length'));
  await store.close();
  const names = readdirSync(join(dir, 'S')).filter((name) => name.endsWith('.segment'));
  assert(names.length >= 3);
  const [first, second, third] = names.map((name) => join(dir, 'S', name));
  assert(first !== undefined && second !== undefined && third !== undefined);
  const header = readFileSync(third);
  header[9] = 0xff;
  writeFileSync(third, header);
  await assert.rejects(readTexts(dir), { code: 'CORRUPT', message: /checksum of its header/ });
  const copy = readFileSync(second);
  rmSync(second);
  await assert.rejects(readTexts(dir), { code: 'GAP', message: /is missing; restore/ });
  writeFileSync(second, copy.subarray(0, copy.length - 3));
  await assert.rejects(readTexts(dir), { code: 'CORRUPT', message: /another segment follows/ });
  rmSync(first);
  await assert.rejects(readTexts(dir), { code: 'GAP', message: /begins at sequence/ });
});

test('a second writer is refused while the first lives', async () => {
  const dir = newDir();
  const first = openStore(dir).store;
  const second = openStore(dir).store;
  const writer = await first.writer('S', [SUBJECT]);
  const locked = { code: 'LOCKED', message: new RegExp(`process ${process.pid} .*writer\\.lock`) };
  await assert.rejects(second.writer('S', [SUBJECT]), locked);
  await assert.rejects(first.writer('S', [SUBJECT]), locked);
  await writer.append(SUBJECT, bytes('still mine'));
  await writer.close();
  const next = await second.writer('S', [SUBJECT]);
  assert.equal(next.lastSequence, 1);
  await first.close();
  await second.close();
});

test('a lock of a dead process is taken over; of one whose id is used again too', async () => {
  const dir = newDir();
  await writeTexts(dir, ['one']);
  const lock = join(dir, 'S', 'writer.lock');
  const dead = fork(new URL('./testing/exit-process.ts', import.meta.url));
  await once(dead, 'exit');
  for (const owner of [
    { pid: dead.pid, started: '1' },
    { pid: process.pid, started: 'another time' },
  ]) {
    if (process.platform !== 'linux' && owner.pid === process.pid) continue;
    writeFileSync(lock, JSON.stringify(owner));
    const { store } = openStore(dir);
    await store.writer('S', [SUBJECT]);
    await store.close();
  }
  writeFileSync(lock, 'not a lock');
  const { store } = openStore(dir);
  await assert.rejects(store.writer('S', [SUBJECT]), {
    code: 'LOCKED',
    message: /remove the file/,
  });
});

test('a writer whose lock was taken away stops', async () => {
  const dir = newDir();
  const { store } = openStore(dir);
  const writer = await store.writer('S', [SUBJECT]);
  await writer.append(SUBJECT, bytes('one'));
  rmSync(join(dir, 'S', 'writer.lock'));
  const other = openStore(dir).store;
  const successor = await other.writer('S', [SUBJECT]);
  await assert.rejects(writer.append(SUBJECT, bytes('two')), { code: 'STALE_WRITER' });
  await assert.rejects(writer.append(SUBJECT, bytes('two')), { code: 'STALE_WRITER' });
  assert.equal(await successor.append(SUBJECT, bytes('mine')), 2);
  await writer.close();
  await store.close();
  await assert.rejects(openStore(dir).store.writer('S', [SUBJECT]), { code: 'LOCKED' });
  await other.close();
  assert.deepEqual(await readTexts(dir), ['one', 'mine']);
});

test('followed from another process, killed at any time, nothing acknowledged is lost', {
  timeout: 120_000,
}, async () => {
  const dir = newDir();
  const program = new URL('./testing/segment-writer-process.ts', import.meta.url);
  const stop = new AbortController();
  const { store } = openStore(dir);
  let followed = 0;
  let following: Promise<void> | undefined;
  const follow = async () => {
    const records = store.reader('S').read({ fromSequence: 1, follow: true, signal: stop.signal });
    for await (const { sequence, payload } of records) {
      assert.equal(sequence, followed + 1);
      assert.equal(new TextDecoder().decode(payload), `record ${sequence}`);
      followed = sequence;
    }
  };
  let acknowledged = 0;
  for (let round = 1; round <= 4; round += 1) {
    const child = fork(program, [dir]);
    const exited = once(child, 'exit');
    const enough = acknowledged + 500 + Math.floor(Math.random() * 2_000);
    await new Promise<void>((resolve) => {
      child.on('message', (message: { acknowledged: number }) => {
        acknowledged = message.acknowledged;
        if (acknowledged >= enough) resolve();
      });
    });
    following ??= follow();
    child.kill('SIGKILL');
    await exited;
    const last = await store.reader('S').lastSequence();
    assert(last >= acknowledged, `${last} on disk, ${acknowledged} acknowledged`);
  }
  const last = await store.reader('S').lastSequence();
  while (followed < last) await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  await following;
  assert.equal(followed, last);
  assert(readdirSync(join(dir, 'S')).length > 3, 'it went over several segments');
});
