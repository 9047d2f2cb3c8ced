import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldbook } from '../testing/foldbook.ts';

for (const chain of ['stark', 'poseidon']) {
  test(`${chain}: what dies in the middle of a proof leaves no gap and no overlap`, {
    timeout: 600_000,
  }, async () => {
    const args = ['--runs', '4', '--workers', '1', '--seed', '5', '--chain', chain, '--json'];
    const { status, stdout, stderr } = await foldbook('check', 'proof-chain', ...args);
    assert.equal(status, 0, stderr);
    const { faults, midBatch, epochs, root, replayedRoot, failures } = JSON.parse(stdout);
    assert.deepEqual(faults, { prover: 1, worker: 1, redis: 1, flush: 1 });
    assert(midBatch > 0, `${midBatch} faults in the middle of a proof`);
    assert(epochs > 1, `${epochs} epochs make no chain`);
    assert.equal(root, replayedRoot);
    assert.deepEqual(failures, []);
  });
}

test('what makes no sense: one line, status 2', async () => {
  const { status, stderr } = await foldbook('check', 'proof-chain', '--runs', '0');
  assert.equal(status, 2);
  assert.match(stderr, /--runs 0: give a whole number from 1/);
});
