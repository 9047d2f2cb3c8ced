// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamError } from '@foldbook/runtime';
import { passingError } from './passing-error.ts';
import { ProverError } from './prover-error.ts';
import { untilWritten } from './store-patience.ts';

const full = () => new Error('ENOSPC: no space left on device, write');

test('what a full disk did not take is written once there is room', async () => {
  const told: (string | undefined)[] = [];
  const onTrouble = (error: ProverError | undefined) => told.push(error?.code);
  let tries = 0;
  const write = async () => {
    tries += 1;
    if (tries < 4) throw full();
    return 'written';
  };
  const { signal } = new AbortController();
  assert.equal(await untilWritten(write, { signal, onTrouble, firstMs: 1 }), 'written');
  assert.deepEqual(told, ['STORE_DISK', 'STORE_DISK', 'STORE_DISK', undefined]);
});

test('nothing is told of what is written at once, and no other error is waited for', async () => {
  const { signal } = new AbortController();
  const options = { signal, onTrouble: () => assert.fail('there is no trouble'), firstMs: 1 };
  assert.equal(await untilWritten(async () => 7, options), 7);
  const conflict = new ProverError('STORE_CONFLICT', 'another header');
  await assert.rejects(
    untilWritten(() => Promise.reject(conflict), options),
    conflict,
  );
});

test('after the signal there is one last try', async () => {
  const ending = new AbortController();
  let tries = 0;
  const write = async () => {
    tries += 1;
    throw full();
  };
  const onTrouble = () => ending.abort();
  const written = untilWritten(write, { signal: ending.signal, onTrouble, firstMs: 60_000 });
  await assert.rejects(written, /ENOSPC/);
  assert.equal(tries, 2);
});

test('what passes by itself, and what does not', () => {
  for (const code of ['ENOSPC', 'EDQUOT', 'EIO']) {
    const passing = passingError(new Error(`${code}: something, write`));
    assert.equal(passing?.code, 'STORE_DISK');
    assert.match(passing?.message ?? '', new RegExp(`${code}: something.*see to the disk`));
  }
  const fromThread = new ProverError('PROOF_FAILED', 'ENOSPC: no space left on device, open');
  assert.equal(passingError(fromThread)?.code, 'STORE_DISK');
  for (const error of [
    new ProverError('STORE_LOCKED', 'process 7 has it'),
    new StreamError('UNAVAILABLE', 'the broker is away'),
  ]) {
    assert.equal(passingError(error), error);
  }
  for (const error of [
    new ProverError('STORE_CONFLICT', 'another header'),
    new StreamError('CORRUPT', 'a record'),
    new Error('EACCES: permission denied, open'),
    new TypeError('x is not a function'),
    'ENOSPC: no error at all',
  ]) {
    assert.equal(passingError(error), undefined);
  }
});
