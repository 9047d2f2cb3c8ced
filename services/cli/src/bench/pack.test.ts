import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { foldbook } from '../testing/bench-run.ts';

const HEADER_BYTES = 16;
const MESSAGE_BYTES = 40;
const MESSAGES = 4_000;

/** New orders of both sides around one price: three of four rest, the fourth crosses. */
function messageFile(): Uint8Array {
  const file = Buffer.alloc(HEADER_BYTES + MESSAGES * MESSAGE_BYTES);
  file.writeBigUInt64LE(0x4d4542575f303031n, 0);
  file.writeUInt32LE(1, 8);
  file.writeUInt32LE(MESSAGES, 12);
  for (let index = 0; index < MESSAGES; index += 1) {
    const at = HEADER_BYTES + index * MESSAGE_BYTES;
    const isSell = index % 2 === 1;
    const away = index % 4 === 0 ? -30 : index % 50;
    file[at + 1] = isSell ? 1 : 0;
    file.writeUInt32LE(1 + (index % 90), at + 4);
    file.writeBigUInt64LE(BigInt(index + 1), at + 8);
    file.writeBigUInt64LE(BigInt(index * 7 + 1), at + 16);
    file.writeBigInt64LE(BigInt(10_000 + (isSell ? away : -away)), at + 24);
  }
  return file;
}

describe('bench pack', () => {
  let dir = '';
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'foldbook-pack-'));
  });
  after(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  test('gives sizes of what it packed and unpacked again', async () => {
    const file = join(dir, 'orders.bin');
    await writeFile(file, messageFile());
    const args = ['bench', 'pack', file, '--accounts', '50', '--epoch', '512', '--json'];
    const { status, stdout, stderr } = await foldbook(args);
    assert.equal(status, 0, stderr);
    const row = JSON.parse(stdout);
    assert.deepEqual([row.messages, row.isSame], [MESSAGES, true]);
    assert(row.trades > 500 && row.state.orders > 500);
    const { raw, packed, stored } = row.records.bytesPer1000Trades;
    assert(raw > 10 * packed && packed > stored && stored > 0);
    assert(row.diffs.epochs === Math.ceil(row.records.count / 512));
    assert(row.state.memoryRatio > 4 && row.checkpoint.snapshotRatio > 4);
  });

  test('needs a file that is one', async () => {
    const none = await foldbook(['bench', 'pack']);
    assert.deepEqual([none.status, /name at least one/.test(none.stderr)], [2, true]);
    const bad = join(dir, 'bad.bin');
    await writeFile(bad, 'nothing');
    const wrong = await foldbook(['bench', 'pack', bad]);
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /bad\.bin: /);
  });
});
