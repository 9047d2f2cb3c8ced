import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { printable, printableLines } from './printable.ts';
import { developmentChain } from './testing/development-chain.ts';
import { foldbook } from './testing/foldbook.ts';

const dir = await mkdtemp(join(tmpdir(), 'foldbook-printable-'));
after(() => rm(dir, { recursive: true }));

test('what cannot be seen is written out, and all else as it is', () => {
  const seen = 'epoch 3, “Zürich”, 東京, €, 👍: a\\b';
  assert.equal(printable(seen), seen);
  assert.equal(
    printable('a\u001b[2K\rb\nc\td\u007f'),
    'a\\u001b[2K\\u000db\\u000ac\\u0009d\\u007f',
  );
  assert.equal(
    printable('\u009b2K\u202eX\u2028\u{e0041}'),
    '\\u009b2K\\u202eX\\u2028\\udb40\\udc41',
  );
  assert.equal(printableLines('a\nb\u001b\r\n'), 'a\nb\\u001b\\u000d\n');
});

test('a name in a store cannot write over the verdict, nor begin a line of its own', async () => {
  const chain = await developmentChain();
  const store = join(dir, 'store');
  const stray = 'epochs/\u001b[2K\rVERIFIED: BTC-USD\nVERIFIED: \u009b1A';
  for (const [name, bytes] of [...chain.files, [stray, new Uint8Array()] as const]) {
    const path = join(store, chain.genesis.name, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
  const people = await foldbook('verify', '--store', store);
  assert.match(people.stdout, /^REFUSED: .*\\u001b\[2K\\u000dVERIFIED: BTC-USD\\u000aVERIFIED/);
  const machines = await foldbook('verify', '--store', store, '--json');
  assert.match(JSON.parse(machines.stdout).firstFailure.message, /VERIFIED: BTC-USD\nVER/);
  await mkdir(join(store, 'X\u001b[2K\nY'));
  await writeFile(join(store, 'X\u001b[2K\nY', 'genesis.fbg'), '');
  const several = await foldbook('verify', '--store', store);
  for (const text of [people.stdout, machines.stdout, several.stderr]) {
    assert.match(text, /^[^\p{Cc}]+\n$/u);
  }
});
