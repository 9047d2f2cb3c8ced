import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { KeyFileError, loadSecretKey } from './key-file.ts';
import { SigningKey, signatureCheck } from './signing-key.ts';

test('a key is made once, for its owner alone, and is the same from then on', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'foldbook-key-'));
  try {
    const path = join(dir, 'deep', 'er', 'receipt.key');
    const made = await Promise.all([loadSecretKey(path), loadSecretKey(path)]);
    assert.deepEqual(made[0], made[1]);
    assert.deepEqual(await loadSecretKey(path), made[0]);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    chmodSync(path, 0o640);
    await assert.rejects(loadSecretKey(path), /others may read .* \(mode 640\); run chmod 600/);
    writeFileSync(path, `${readFileSync(path, 'utf8')}00`);
    chmodSync(path, 0o600);
    await assert.rejects(loadSecretKey(path), (error: Error) => {
      assert(error instanceof KeyFileError);
      assert(!error.message.includes(readFileSync(path, 'utf8').slice(0, 16)));
      return true;
    });
    await assert.rejects(loadSecretKey(join(path, 'receipt.key')), /can't make a key/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('signatures, at once and aside, are checked by the public key alone', async () => {
  const key = new SigningKey(new Uint8Array(32).fill(1));
  const message = Buffer.from('a message');
  const signature = key.sign(message);
  assert.deepEqual(await key.signAside(message), signature);
  const check = signatureCheck(key.publicKey);
  assert(check !== undefined);
  assert(check(message, signature));
  assert(!check(Buffer.from('another'), signature));
  assert(!check(message, new Uint8Array(63)));
  assert.equal(signatureCheck(new Uint8Array(31)), undefined);
});
