import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { extractVerifyingKey } from '../builder/verifying-key.ts';
import { importKey, readImportedKey } from '../import-key.ts';
import { circuitArtifacts, importedKeyFile, pinnedDigests } from '../src/index.ts';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'foldbook-import-'));
after(() => fs.rmSync(dir, { recursive: true }));

/** Any proving key will do in the place of a ceremony's: what counts is what is pinned. */
const file = circuitArtifacts('batch-15').zkey;
const zkey = fs.readFileSync(file);
const { digest: vk } = extractVerifyingKey(zkey, false);
const pinned = { zkey: createHash('sha256').update(zkey).digest('hex'), vk, insecure: false };

test('the pinned proving key is taken, and read again', () => {
  assert.throws(() => readImportedKey('batch-15', pinned, dir), /keys import --circuit batch-15/);
  importKey('batch-15', file, pinned, dir);
  assert.deepEqual(readImportedKey('batch-15', pinned, dir), zkey);
  const keys = fs.readdirSync(path.join(dir, 'keys'));
  assert.deepEqual(keys, [`${pinned.zkey}.zkey`], 'no draft is left');
});

test('no other key is taken, nor one that was changed since', () => {
  const other = path.join(dir, 'other.zkey');
  fs.writeFileSync(other, zkey.subarray(1));
  assert.throws(() => importKey('batch-15', other, pinned, dir), /SHA-256 .* is pinned/);
  const foreign = { ...pinned, vk: pinnedDigests()['accounts-4'].vk };
  assert.throws(() => importKey('batch-15', file, foreign, dir), /its verifying key is .* pinned/);
  // The mark of a development key is under the digest: its pin is never that of another.
  const marked = { ...pinned, vk: pinnedDigests()['batch-15'].vk };
  assert.throws(() => importKey('batch-15', file, marked, dir), /its verifying key is/);
  const development = pinnedDigests()['batch-15'];
  assert.throws(() => importKey('batch-15', file, development, dir), /pins a development key/);
  fs.appendFileSync(importedKeyFile(pinned.zkey, dir), 'x');
  assert.throws(() => readImportedKey('batch-15', pinned, dir), /SHA-256 .* is pinned/);
});
