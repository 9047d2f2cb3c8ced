// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { headerIsSigned, signHeader } from '@foldbook/verifier';
import { loadOperatorKey } from './operator-key.ts';

let dir = '';

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-key-'));
});

after(async () => {
  await rm(dir, { recursive: true, force: true });
});

test('a key is made once, for its owner alone, and read from then on', async () => {
  const path = join(dir, 'fresh', 'operator.key');
  const [made, rival] = await Promise.all([loadOperatorKey(path), loadOperatorKey(path)]);
  assert.deepEqual(rival, made);
  assert.deepEqual(await loadOperatorKey(path), made);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(join(dir, 'fresh')), ['operator.key']);
  const header = new Uint8Array(384);
  assert(headerIsSigned(header, signHeader(header, made.secretKey), made.publicKey));
});

test('a key that others may read, and a file that is no key, are refused', async () => {
  const open = join(dir, 'open.key');
  await loadOperatorKey(open);
  await chmod(open, 0o640);
  await assert.rejects(loadOperatorKey(open), { code: 'KEY_FILE', message: /chmod 600/ });
  const bad = join(dir, 'bad.key');
  await writeFile(bad, 'secret', { mode: 0o600 });
  await assert.rejects(loadOperatorKey(bad), (error: Error) => {
    assert.match(error.message, /operator's key .*bad\.key: not a secret key/);
    assert.doesNotMatch(error.message, /: secret/);
    return true;
  });
});

test('a place where no key can be made is named', async () => {
  const file = join(dir, 'file');
  await writeFile(file, '');
  await assert.rejects(loadOperatorKey(join(file, 'operator.key')), {
    code: 'KEY_FILE',
    message: /operatorKeyFile\): .*file\/operator\.key: can't make a key/,
  });
});
