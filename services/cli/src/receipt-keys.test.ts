/** Keys of receipts on a host that has no operator's key. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { certifyKey, nodeReceiptKeys, writeCertificate } from './receipt-keys.ts';

it('a node makes its key once, and no operator; a certificate may come later', async (test) => {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-keys-'));
  test.after(() => rm(dir, { recursive: true, force: true }));
  const node = join(dir, 'node');
  const first = await nodeReceiptKeys(node);
  assert.equal(first.isCertified, false);
  assert.deepEqual(await readdir(node), ['receipt.key']);
  const operator = await nodeReceiptKeys(join(dir, 'operator'));
  const key = Buffer.from(first.publicKey, 'hex');
  await writeCertificate(
    first.files.certificateFile,
    await certifyKey(operator.files.keyFile, key),
  );
  assert.deepEqual(await nodeReceiptKeys(node), { ...first, isCertified: true });
});
