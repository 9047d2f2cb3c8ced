// SPDX-License-Identifier: GPL-3.0-or-later
/** The store of a STARK chain: what of it is read. */
import assert from 'node:assert/strict';
import fs, { mkdtemp, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { decodeStarkEpochFile, epochFileName } from '@foldbook/verifier';
import { record } from '@foldbook/verifier/testing';
import { StarkChainBuilder } from '@foldbook/verifier/testing/stark';
import { StarkStore } from './stark-store.ts';

const MARKET = 'BTC-USD';
const EPOCHS = 4;
/** What stands before an epoch's proof, and some changes of rules. */
const HEAD_BYTES_MAX = 2_000;
const chain = new StarkChainBuilder();
for (let epoch = 0; epoch < EPOCHS; epoch += 1) chain.addEpoch([record.depositBase(2, 5)]);

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-stark-store-'));
});

afterEach(async () => {
  mock.restoreAll();
  syncBuiltinESMExports();
  await rm(dir, { recursive: true, force: true });
});

const pathOf = (epoch: number) => join(dir, MARKET, 'stark', 'epochs', epochFileName(epoch));

function fileOf(epoch: number): Uint8Array {
  const file = chain.files.get(`epochs/${epochFileName(epoch)}`);
  assert(file !== undefined);
  return file;
}

/** A store that has the chain. */
async function stored() {
  const store = await StarkStore.open(dir, MARKET);
  const genesis = await store.putGenesis(chain.genesis);
  assert(genesis !== undefined);
  for (let epoch = 0; epoch < EPOCHS; epoch += 1) await store.putEpoch(epoch, fileOf(epoch));
  const readChain = async () => store.readChain(genesis, await store.operatorKeys(genesis));
  return { store, readChain };
}

/** Counts what is read from now on: names of files read whole, and bytes of those in pieces. */
async function countReads() {
  const whole: string[] = [];
  let pieceBytes = 0;
  const { readFile: readWhole } = fs;
  mock.method(fs, 'readFile', async (path: string) => {
    whole.push(basename(path));
    return readWhole(path);
  });
  syncBuiltinESMExports();
  await using handle = await open(pathOf(0));
  const handles: typeof handle = Object.getPrototypeOf(handle);
  const { read } = handles;
  type Asked = { buffer: Uint8Array; position: number };
  const counting = async function (this: typeof handle, asked: Asked) {
    const result = await read.call(this, asked);
    pieceBytes += result.bytesRead;
    return result;
  };
  mock.method(handles, 'read', counting);
  return () => ({ epochsWhole: whole.filter((name) => name.endsWith('.fbe')), pieceBytes });
}

test('who starts again reads no proof but those of the last epoch', async () => {
  const { store, readChain } = await stored();
  const counted = await countReads();
  const { headers, tip, last } = await readChain();
  assert.equal(headers.length, EPOCHS);
  assert.deepEqual(tip, chain.state);
  const end = decodeStarkEpochFile(fileOf(EPOCHS - 1));
  assert(end.ok && last !== undefined);
  assert.deepEqual(last.signature, end.value.signature);
  const read = counted();
  assert.deepEqual(read.epochsWhole, [epochFileName(EPOCHS - 1)]);
  assert(read.pieceBytes > 0 && read.pieceBytes <= (EPOCHS - 1) * HEAD_BYTES_MAX);
  assert(fileOf(0).length > 100 * HEAD_BYTES_MAX);
  assert.deepEqual(await store.extent(), { epochs: EPOCHS, records: EPOCHS });
  assert.equal((await store.headerOf(1))?.epoch, 1n);
  assert.equal(await store.headerOf(EPOCHS), undefined);
  assert.deepEqual(counted().epochsWhole, read.epochsWhole);
  assert(counted().pieceBytes <= read.pieceBytes + 2 * HEAD_BYTES_MAX);
});

test('an epoch that is not whole is refused in the words for it, wherever it stands', async () => {
  const { store, readChain } = await stored();
  for (const epoch of [1, EPOCHS - 1]) {
    const file = fileOf(epoch);
    for (const bytes of [
      ...[file.subarray(0, -1), file.subarray(0, 1_000), new Uint8Array()],
      Uint8Array.from([...file, 0]),
      file.with(0, 0),
    ]) {
      await writeFile(pathOf(epoch), bytes);
      const decoded = decodeStarkEpochFile(bytes);
      assert(!decoded.ok);
      const { code, message } = decoded.error;
      const refused = (error: unknown) => {
        assert(error instanceof Error && 'code' in error && error.code === 'STORE_CORRUPT');
        assert(error.message.includes(`${pathOf(epoch)}: ${code}: ${message}; restore it`));
        return true;
      };
      await assert.rejects(readChain(), refused);
      assert.equal(await store.headerOf(epoch), undefined);
      if (epoch === EPOCHS - 1) await assert.rejects(store.extent(), refused);
    }
    await writeFile(pathOf(epoch), file);
  }
  assert.equal((await readChain()).headers.length, EPOCHS);
});

test('an epoch that is too long to be read whole is refused, though its lengths fit', async () => {
  const { readChain } = await stored();
  const [epoch, proofBytes] = [1, 2 ** 31];
  const file = fileOf(epoch);
  const decoded = decodeStarkEpochFile(file);
  assert(decoded.ok);
  const start = file.length - (decoded.value.parts[0]?.proof.length ?? 0);
  const head = new Uint8Array(file.subarray(0, start));
  new DataView(head.buffer).setUint32(start - 4, proofBytes, true);
  await writeFile(pathOf(epoch), head);
  await truncate(pathOf(epoch), start + proofBytes);
  const message = /00000001\.fbe: EPOCH_FILE_FORMAT: the epoch file is longer .*; restore it/;
  await assert.rejects(readChain(), { code: 'STORE_CORRUPT', message });
});

test('what is wrong with the last proof is seen, and with no other', async () => {
  const { readChain } = await stored();
  const damaged = (epoch: number) => fileOf(epoch).with(-1, (fileOf(epoch).at(-1) ?? 0) ^ 1);
  await writeFile(pathOf(1), damaged(1));
  assert.equal((await readChain()).headers.length, EPOCHS);
  await writeFile(pathOf(EPOCHS - 1), damaged(EPOCHS - 1));
  const refused = { code: 'STORE_CORRUPT', message: /00000003\.fbe: part 0: / };
  await assert.rejects(readChain(), refused);
  assert.deepEqual(new Uint8Array(await readFile(pathOf(1))), damaged(1));
});
