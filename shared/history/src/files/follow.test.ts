import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { newKernel } from '../../test/decoding.ts';
import { createHyperliquidDecoder } from '../hyperliquid-decoder.ts';
import { FollowError, type FollowOptions, followFile } from './follow.ts';

async function follow(t: TestContext, first: string, options: Partial<FollowOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'follow-'));
  const end = new AbortController();
  const pathOf = (hour: string) => join(folder, 'hourly', hour);
  await mkdir(pathOf('20260228'), { recursive: true });
  const path = pathOf('20260228/22');
  await writeFile(path, first);
  const chunks = followFile({ path, signal: end.signal, ...options });
  t.after(async () => {
    end.abort();
    await chunks.return(undefined);
    await rm(folder, { recursive: true });
  });
  const next = async () => {
    const { value, done } = await chunks.next();
    return done === true ? undefined : Buffer.from(value).toString('utf8');
  };
  return { path, pathOf, next, end };
}

for (const isWatching of [true, false]) {
  const how = isWatching ? 'told of by the system' : 'looked for';

  test(`lines come when they are whole: changes ${how}`, async (t) => {
    const { path, next, end } = await follow(t, 'a\nb', { isWatching });
    assert.equal(await next(), 'a\n');
    const second = next();
    await appendFile(path, 'c');
    await appendFile(path, 'd\ne');
    assert.equal(await second, 'bcd\n');
    const last = next();
    end.abort();
    assert.equal(await last, undefined);
  });

  test(`the next hour follows, of the next day, too: changes ${how}`, async (t) => {
    const { path, pathOf, next } = await follow(t, 'a\n', { isWatching });
    assert.equal(await next(), 'a\n');
    await appendFile(path, 'b\nlast');
    await writeFile(pathOf('20260228/23'), 'c\n');
    assert.equal(await next(), 'b\n');
    // A line without a break ends with its file.
    assert.equal(await next(), 'last\n');
    assert.equal(await next(), 'c\n');
    const waiting = next();
    await mkdir(pathOf('20260301'));
    await writeFile(pathOf('20260301/7'), 'd\n');
    await writeFile(pathOf('20260301/10'), 'e\n');
    assert.equal(await waiting, 'd\n');
    assert.equal(await next(), 'e\n');
  });
}

test('a line that is too long to be kept comes in parts', async (t) => {
  const { path, next } = await follow(t, 'x'.repeat(1 << 18), { maxLineBytes: 1 << 18 });
  assert.equal((await next())?.length, 1 << 18);
  await appendFile(path, 'end\n');
  assert.equal(await next(), 'end\n');
});

test('a line longer than the first buffer is kept whole', async (t) => {
  const line = `${'x'.repeat(1 << 20)}\n`;
  const { next } = await follow(t, `${line}y`);
  assert.equal(await next(), line);
});

test('a file that became shorter is refused', async (t) => {
  const { path, next } = await follow(t, 'a\nb\n');
  assert.equal(await next(), 'a\nb\n');
  await truncate(path, 1);
  await assert.rejects(next(), FollowError);
});

test('a file that is not there is refused', async () => {
  const path = join(tmpdir(), 'no-such-file');
  const chunks = followFile({ path, signal: new AbortController().signal });
  await assert.rejects(chunks.next(), { code: 'ENOENT' });
});

test('blocks of a growing file are events as they come', async (t) => {
  const diff = { user: '0x', oid: 1, coin: 'BTC', side: 'B', px: '1', raw_book_diff: 'remove' };
  const time = '2026-02-28T22:00:00.1';
  const block = (block_number: number) =>
    `${JSON.stringify({ local_time: time, block_time: time, block_number, events: [diff] })}\n`;
  const { path, next, end } = await follow(t, block(1) + block(2).slice(0, 90));
  const decoder = createHyperliquidDecoder(newKernel());
  let events = 0;
  const decodeNext = async () => {
    decoder.push(Buffer.from((await next()) ?? ''), ({ count }) => {
      events += count;
    });
    return events;
  };
  assert.equal(await decodeNext(), 1);
  await appendFile(path, block(2).slice(90));
  assert.equal(await decodeNext(), 2);
  await appendFile(path, block(3).slice(0, 20));
  end.abort();
  assert.equal(await next(), undefined);
  decoder.end(() => {});
  assert.equal(decoder.units, 2n);
});
