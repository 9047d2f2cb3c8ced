import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { buildCircuits } from '../build.ts';
import { withBuildLock } from '../builder/build-lock.ts';
import { compileCircuit } from '../builder/compile.ts';
import { parseR1cs } from '../builder/r1cs.ts';
import { circuitArtifacts, defaultCircuits, pinnedDigests } from '../src/index.ts';

function temporaryDir(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'foldbook-circuits-'));
}

test('a build that is up to date does no work, and its files have the pinned digests', async () => {
  const steps: string[] = [];
  await buildCircuits((step) => steps.push(step));
  await buildCircuits((step) => steps.push(`again: ${step}`));
  assert.deepEqual(
    steps.filter((step) => step.startsWith('again')),
    [],
  );
  for (const name of defaultCircuits) {
    const artifacts = circuitArtifacts(name);
    for (const kind of ['r1cs', 'zkey'] as const) {
      const digest = createHash('sha256').update(fs.readFileSync(artifacts[kind])).digest('hex');
      assert.equal(digest, pinnedDigests()[name][kind], `${name} ${kind}`);
    }
  }
});

test('the compiler makes the same bytes elsewhere, and reports what it refuses', async () => {
  const dir = temporaryDir();
  try {
    const sources = path.join(import.meta.dirname, '..', 'src');
    await compileCircuit('batch-15', sources, dir);
    const r1cs = fs.readFileSync(path.join(dir, 'batch-15.r1cs'));
    assert.equal(createHash('sha256').update(r1cs).digest('hex'), pinnedDigests()['batch-15'].r1cs);

    fs.writeFileSync(path.join(dir, 'broken.circom'), 'pragma circom 2.1.6;\ntemplate A( {}\n');
    await assert.rejects(
      compileCircuit('broken', dir, dir),
      /circom refused broken\.circom:\n.*P10/s,
    );
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
});

test('a damaged constraint system is refused with a reason', () => {
  const file = fs.readFileSync(circuitArtifacts('batch-15').r1cs);
  assert.throws(() => parseR1cs(file.subarray(0, 1000)), /ends inside section/);
  assert.throws(() => parseR1cs(file.subarray(4)), /not a \.r1cs file/);
  assert.throws(() => parseR1cs(new Uint8Array(0)), /not a \.r1cs file/);
});

test('the build lock lets one in at a time and outlives a dead holder', async () => {
  const dir = temporaryDir();
  try {
    const lock = path.join(dir, 'lock');
    // No process has this id: it is above every system's highest.
    fs.writeFileSync(lock, '999999999');
    let inside = 0;
    let most = 0;
    const enter = (): Promise<void> =>
      withBuildLock(lock, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
      });
    await Promise.all([enter(), enter(), enter()]);
    assert.equal(most, 1);
    assert.deepEqual(fs.readdirSync(dir), []);
    await assert.rejects(withBuildLock(lock, () => Promise.reject(new Error('work failed'))));
    assert.deepEqual(fs.readdirSync(dir), []);
  } finally {
    fs.rmSync(dir, { recursive: true });
  }
});
