import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listEpochs } from './epoch-listing.ts';
import { diffsFileName, epochFileName, recordsFileName } from './epoch-source.ts';

test('an epoch has one name: 8 digits, and more when 8 do not do', () => {
  assert.equal(epochFileName(7), '00000007.fbe');
  assert.equal(epochFileName(99_999_999), '99999999.fbe');
  assert.equal(epochFileName(100_000_000), '100000000.fbe');
  assert.equal(recordsFileName(1_234_567_890), '1234567890.fbr');
});

test('names of epochs from 10^8 on are of the chain', () => {
  // Alone it misses those before it, which is another refusal than being no epoch.
  for (const epoch of [100_000_000, 999_999_999_999_999]) {
    const listed = listEpochs([epochFileName(0), epochFileName(epoch)]);
    assert(!listed.ok);
    assert.equal(listed.code, 'EPOCH_MISSING');
    assert.equal(
      listed.message,
      `00000001.fbe is missing, but ${epochFileName(epoch)} is there: restore it`,
    );
  }
});

test('any other spelling of a number is a stray file', () => {
  for (const name of ['0000001.fbe', '000000001.fbe', '0100000000.fbe', '1.fbe', '00000000.fbx']) {
    const listed = listEpochs([name]);
    assert(!listed.ok, name);
    assert.equal(listed.code, 'STORE_STRAY_FILE');
  }
  const tooLong = listEpochs(['1000000000000000.fbe']);
  assert(!tooLong.ok && tooLong.code === 'STORE_STRAY_FILE');
});

test('epochs without gaps, each perhaps with its records', () => {
  const names = [0, 1, 2].map(epochFileName).concat([1, 3].map(recordsFileName));
  const listed = listEpochs(names);
  assert(listed.ok);
  assert.equal(listed.epochs, 3);
  assert.deepEqual([...listed.records], [1, 3]);
});

test('data may be any number of epochs ahead of the proofs, but without gaps', () => {
  const proved = [0, 1].map(epochFileName);
  for (const nameOf of [recordsFileName, diffsFileName]) {
    const ahead = listEpochs([...proved, ...[1, 2, 3, 4].map(nameOf)]);
    assert(ahead.ok);
    assert.equal(ahead.epochs, 2);
    for (const epochs of [[3], [2, 4]]) {
      const torn = listEpochs([...proved, ...epochs.map(nameOf)]);
      assert(!torn.ok && torn.code === 'STORE_STRAY_FILE', String(epochs));
    }
  }
});
