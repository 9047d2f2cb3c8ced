// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { FrVectors } from '@foldbook/bn254';
import { kernel } from '@foldbook/bn254/ready';
import { circuitArtifacts, parseR1cs, violations } from '@foldbook/circuits';
import {
  commitWitness,
  encodeStep,
  type FoldLeaf,
  FoldTree,
  freshInstance,
  readFoldKey,
  verifyFolded,
} from '@foldbook/verifier';
import { FoldModel, tinyShape, tinyWitness } from '@foldbook/verifier/testing';
import fc from 'fast-check';
import { WitnessMaker } from '../groth16/witness-maker.ts';
import { JobTurns } from '../job-turns.ts';
import { ProverError } from '../prover-error.ts';
import { batchJobs, plansOf } from '../testing/fold-jobs.ts';
import { polled } from '../testing/prover-process.ts';
import { foldFiles, loadFoldedCircuit } from './fold-circuit.ts';
import { FoldPool, type FoldRunOptions } from './fold-pool.ts';
import { type Accumulator, FoldProver } from './fold-prover.ts';

const dir = await mkdtemp(join(tmpdir(), 'foldbook-fold-'));
const pool = new FoldPool(1);
after(async () => {
  await pool.close();
  await rm(dir, { recursive: true, force: true });
});
const circuit = await loadFoldedCircuit('batch-15');
const { key } = circuit;
const files = foldFiles(circuit, join(dir, 'batch-15.shape'));
await writeFile(files.shapeFile, circuit.keyBytes);

const little = (values: readonly bigint[]): Uint8Array => {
  const bytes = Buffer.alloc(32 * values.length);
  values.forEach((value, index) => {
    for (let word = 0; word < 4; word++) {
      const bits = (value >> BigInt(64 * word)) & 0xffff_ffff_ffff_ffffn;
      bytes.writeBigUInt64LE(bits, 32 * index + 8 * word);
    }
  });
  return bytes;
};

const folded = (prover: FoldProver, leaves: readonly Accumulator[]): Uint8Array => {
  const parts: Uint8Array[] = [];
  const fold = (...accumulators: Accumulator[]): Accumulator => {
    const { step, folded } = prover.fold(accumulators);
    parts.push(encodeStep(step));
    return folded;
  };
  const tree = new FoldTree<Accumulator>(fold);
  for (const leaf of leaves) tree.push(leaf);
  const last = tree.finish();
  assert(last !== undefined);
  const root = last.instance.kind === 'fresh' ? fold(last) : last;
  parts.push(prover.witness(root));
  prover.release(root);
  return Uint8Array.from(Buffer.concat(parts));
};

test('proofs are those of the model, byte by byte', async () => {
  const model = new FoldModel(tinyShape);
  const read = readFoldKey(model.file);
  assert(read.ok);
  const before = kernel.heap.takenBytes;
  for (const count of [1, 2, 3, 5, 8]) {
    const prover = new FoldProver(read.value);
    const given = Array.from({ length: count }, (_, i) =>
      tinyWitness(BigInt(9 + i), BigInt(4 * i)),
    );
    const reduced = given.map(({ x, w }) => ({ x: x.map(positive), w }));
    const leaves = reduced.map(({ x, w }) => prover.leaf(little([1n, ...x, ...w])));
    const proof = folded(prover, leaves);
    const expected = model.prove(reduced.map(({ x, w }) => model.fresh(x, w)));
    assert.deepEqual(proof, expected);
    prover.close();
  }
  assert.equal(kernel.heap.takenBytes, before, 'everything was given back');
});

const positive = (value: bigint): bigint => {
  const r = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
  return ((value % r) + r) % r;
};

test('one wire of a witness changed: refused by prover and verifier', async () => {
  const maker = await WitnessMaker.compile(new Uint8Array(await readFile(files.wasmFile)));
  const system = parseR1cs(await readFile(circuitArtifacts('batch-15').r1cs));
  const [job] = batchJobs(15, 1);
  assert(job !== undefined);
  const wires = maker.make(job.input);
  const values = Array.from({ length: system.wireCount }, (_, wire) =>
    BigInt(
      `0x${Buffer.from(wires.subarray(32 * wire, 32 * wire + 32))
        .reverse()
        .toString('hex')}`,
    ),
  );
  const prover = new FoldProver(key);
  const vectors = new FrVectors(kernel);
  const wire = fc.integer({ min: 1 + system.publicCount, max: system.wireCount - 1 });
  fc.assert(
    fc.property(wire, fc.bigInt({ min: 1n, max: 2n ** 250n }), (index, by) => {
      const changed = values.with(index, positive((values[index] ?? 0n) + by));
      // Some inverses are free: STATEMENT.md, section 11.
      fc.pre(violations(system, changed).length > 0);
      assert.throws(() => prover.leaf(little(changed)), ProverError);
      const head = 1 + system.publicCount;
      const witness = Uint8Array.from(little(changed).subarray(32 * head));
      const vector = vectors.fromBytes(witness, 'little');
      const x = changed.slice(1, head);
      const instance = freshInstance(commitWitness(vector), x);
      const big = vector.toBytes();
      vector.release();
      const proof = folded(prover, [prover.restored(instance, big)]);
      const leaf = { part: 'batch 0', proof: instance.commitment, signals: x };
      const verdict = verifyFolded(key, [leaf], proof);
      assert(!verdict.ok);
      assert.equal(verdict.code, 'FOLD_REFUSED');
    }),
    { numRuns: 12 },
  );
  prover.close();
});

async function run(count: number, name: string, options: Partial<FoldRunOptions> = {}) {
  const jobs = batchJobs(15, count);
  const made = await pool.fold(files, plansOf(jobs), {
    dir: join(dir, name),
    chunkLeaves: 2,
    ...options,
  });
  const leaves = jobs.map(({ publicSignals }, index): FoldLeaf => {
    const proof = made.proofs[index] ?? new Uint8Array();
    return { part: `batch ${index}`, proof, signals: publicSignals.map(BigInt) };
  });
  return { ...made, leaves };
}

test('any number of leaves, in chunks of any size, gives the one proof', async () => {
  for (const count of [1, 5, 7]) {
    const { folded, leaves } = await run(count, `${count}-chunks`);
    assert.deepEqual(verifyFolded(key, leaves, folded), { ok: true });
    const whole = await run(count, `${count}-whole`, { chunkLeaves: 8 });
    assert.deepEqual(whole.folded, folded);
  }
});

test('a prover that is killed is gone on from where it was, to the same proof', async () => {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, '../testing/fold-child.ts'), join(dir, 'killed'), '11'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let nodes = 0;
  for await (const _ of createInterface({ input: child.stdout })) {
    nodes += 1;
    if (nodes === 4) child.kill('SIGKILL');
  }
  if (child.signalCode === null) await once(child, 'exit');
  assert.equal(child.signalCode, 'SIGKILL');
  const left = (await readdir(join(dir, 'killed/run'))).filter((name) => name.endsWith('.fold'));
  assert(left.length > 0);
  const made: string[] = [];
  const onNode = (first: number, leaves: number) => made.push(`${first} ${leaves}`);
  const { folded, leaves } = await run(11, 'killed/run', { onNode });
  assert.deepEqual(verifyFolded(key, leaves, folded), { ok: true });
  assert.deepEqual(folded, (await run(11, 'alone')).folded);
  assert(!made.includes('0 2'), 'what was there is not made again');
});

test('subtrees that are damaged or of other statements are made again', async () => {
  const first = await run(4, 'damaged');
  const name = join(dir, 'damaged', '0-4.fold');
  const bytes = await readFile(name);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await writeFile(name, bytes);
  const made: number[] = [];
  const onNode = (start: number) => made.push(start);
  assert.deepEqual((await run(4, 'damaged', { onNode })).folded, first.folded);
  assert.deepEqual(made, [0, 2, 0]);
  const other = await run(3, 'damaged', { onNode });
  assert.deepEqual(verifyFolded(key, other.leaves, other.folded), { ok: true });
});

test('a job whose inputs are wrong is named', async () => {
  const [job] = batchJobs(15, 1);
  assert(job !== undefined);
  const wrong = { ...job, publicSignals: job.publicSignals.with(0, '5') };
  const options = { dir: join(dir, 'wrong') };
  await assert.rejects(pool.fold(files, plansOf([wrong]), options), /-2-b0-.* public signal 0 is/);
});

test('runs fold in the order of the process, each without a pause between its leaves', async () => {
  const deadlines: Readonly<Record<string, number>> = { SOON: 1, LATER: 2 };
  const standing = (market: string) => ({ deadlineMs: deadlines[market] ?? 0, restMs: 0 });
  const turns = new JobTurns({ places: () => 1, urgency: { nowMs: () => 0, standing } });
  const other = turns.of({ market: 'OTHER', epoch: 0 });
  await other.enter();
  const made: string[] = [];
  const runs = ['LATER', 'SOON'].map((market) =>
    run(6, market, {
      turns: turns.of({ market, epoch: 0 }),
      onNode: (_, leaves) => leaves === 2 && made.push(market),
    }),
  );
  await polled(async () => turns.waiting === 4);
  other.leave();
  await Promise.all(runs);
  assert.deepEqual(made, ['SOON', 'SOON', 'SOON', 'LATER', 'LATER', 'LATER']);
  assert.equal(turns.busy, 0);
});
