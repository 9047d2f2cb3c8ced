import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldbook } from '../testing/foldbook.ts';

test('a selection of false witnesses and forged stores, all refused', async () => {
  const { status, stdout, stderr } = await foldbook(
    ...['check', 'proof-neg', '--quick', '--circuit', 'batch-15', '--runs', '2', '--json'],
  );
  assert.equal(status, 0, stdout + stderr);
  const { ok, tried, refused, groups } = JSON.parse(stdout) as {
    ok: boolean;
    tried: number;
    refused: number;
    groups: { of: string; group: string; tried: number; failures: string[] }[];
  };
  assert.equal(ok, true);
  assert.equal(tried, refused);
  const named = (of: string) => groups.filter((group) => group.of === of);
  assert.equal(named('batch-15').length, 13);
  assert.equal(named('verifier').length, 9);
  assert(groups.every((group) => group.tried > 0 && group.failures.length === 0));
});

test('of each kind of attack on the STARK one, refused by both verifiers', async () => {
  const { status, stdout, stderr } = await foldbook(
    ...['check', 'proof-neg', '--backend', 'stark', '--quick', '--runs', '1', '--json'],
    ...['--jobs', '1', '--seed', '3'],
  );
  assert.equal(status, 0, stdout + stderr);
  const { ok, tried, refused, groups } = JSON.parse(stdout) as {
    ok: boolean;
    tried: number;
    refused: number;
    groups: { of: string; group: string; tried: number }[];
  };
  assert.ok(ok);
  assert.equal(tried, refused);
  const names = groups.map(({ group }) => group);
  const constraints = names.filter((name) => /^[RAB]\d+$/.test(name));
  assert.deepEqual(constraints, [
    ...Array.from({ length: 15 }, (_, index) => `R${index + 1}`),
    ...Array.from({ length: 10 }, (_, index) => `A${index + 1}`),
    'B1',
  ]);
  assert.ok(groups.every((group) => group.of === 'stark' && group.tried === 1));
});

test('a circuit that there is not', async () => {
  const { status, stderr } = await foldbook('check', 'proof-neg', '--circuit', 'batch-16');
  assert.equal(status, 2);
  assert.match(stderr, /--circuit batch-16: there are batch-15, /);
});
