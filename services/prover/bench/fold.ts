// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Folds full batches on one thread, and proves one of them by snarkjs's Groth16 in the same run:
 * node services/prover/bench/fold.ts [size, 240] [batches, 8]
 * Times are of the processor, since a loaded machine's clock says little.
 */
import { readFile } from 'node:fs/promises';
import { circuitArtifacts } from '@foldbook/circuits';
import { encodeStep, type FoldLeaf, FoldTree, verifyFolded } from '@foldbook/verifier';
import { groth16 } from 'snarkjs';
import { loadFoldedCircuit } from '../src/fold/fold-circuit.ts';
import { type Accumulator, FoldProver } from '../src/fold/fold-prover.ts';
import { WitnessMaker } from '../src/groth16/witness-maker.ts';
import { batchJobs } from '../src/testing/fold-jobs.ts';

const ALONE = { singleThread: true };
const size = process.argv[2] === '15' ? 15 : 240;
const count = Number(process.argv[3] ?? 8);
const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Milliseconds of the processor by what they went into. */
const spent = new Map<string, number>();

async function timed<T>(what: string, run: () => T | Promise<T>): Promise<T> {
  const start = process.cpuUsage();
  const result = await run();
  const { user, system } = process.cpuUsage(start);
  spent.set(what, (spent.get(what) ?? 0) + (user + system) / 1000);
  return result;
}
const msOf = (what: string): number => spent.get(what) ?? 0;

const name = `batch-${size}` as const;
const { key } = await timed('shape from the constraints', () => loadFoldedCircuit(name));
const code = new Uint8Array(await readFile(circuitArtifacts(name).wasm));
const maker = await timed('circuit opened', () => WitnessMaker.compile(code));
const prover = await timed('matrices loaded', () => new FoldProver(key));

/** The proof of all jobs; what each part costs goes to the table. */
async function foldAll(jobs: ReturnType<typeof batchJobs>, prefix: string) {
  const leaves: FoldLeaf[] = [];
  const parts: Uint8Array[] = [];
  const fold = (left: Accumulator, right: Accumulator): Accumulator => {
    const what = `${prefix}fold of two ${left.instance.kind}`;
    const start = process.cpuUsage();
    const { step, folded } = prover.fold([left, right]);
    const { user, system } = process.cpuUsage(start);
    spent.set(what, (spent.get(what) ?? 0) + (user + system) / 1000);
    parts.push(encodeStep(step));
    return folded;
  };
  const tree = new FoldTree<Accumulator>(fold);
  for (const [index, job] of jobs.entries()) {
    const wires = await timed(`${prefix}witness`, () => maker.make(job.input));
    const leaf = await timed(`${prefix}leaf`, () => prover.leaf(wires));
    const { commitment, x } = leaf.instance;
    leaves.push({ part: `batch ${index}`, proof: commitment, signals: x });
    tree.push(leaf);
  }
  const stack = tree.finish();
  if (stack === undefined) throw new Error('nothing was folded');
  parts.push(prover.witness(stack));
  prover.release(stack);
  return { leaves, proof: Uint8Array.from(Buffer.concat(parts)) };
}

const jobs = batchJobs(size, count);
// Bases are drawn and code is compiled before anything is measured.
await timed('bases and first two batches', () => foldAll(jobs.slice(0, 2), 'warm-up: '));
const { leaves, proof } = await foldAll(jobs, '');
const folding = ['witness', 'leaf', 'fold of two fresh', 'fold of two linear'];
const foldMs = folding.reduce((sum, what) => sum + msOf(what), 0);
const verdict = await timed('verified', () => verifyFolded(key, leaves, proof));
if (!verdict.ok) throw new Error(`${verdict.code}: ${verdict.message}`);
const two = await foldAll(jobs.slice(0, 2), 'two: ');
const fewer = await timed('two verified', () => verifyFolded(key, two.leaves, two.proof));
if (!fewer.ok) throw new Error(`${fewer.code}: ${fewer.message}`);
const megabytes = process.resourceUsage().maxRSS / 1024;
const { zkey } = circuitArtifacts(name);
const zkeyBytes = new Uint8Array(await readFile(zkey));
const [job] = jobs;
if (job === undefined) throw new Error('no batch');
const prove = () =>
  groth16.fullProve(
    job.input,
    { type: 'mem', data: code },
    { type: 'mem', data: zkeyBytes },
    undefined,
    ALONE,
    ALONE,
  );
await prove();
await timed('Groth16 by snarkjs', prove);

const records = size * count;
const groth16Ms = msOf('Groth16 by snarkjs');
const each = (what: string) => `${what} ${(msOf(what) / count).toFixed(0)} ms`;
for (const [what, ms] of spent) write(`${what}: ${ms.toFixed(0)} ms`);
write(`${count} batches of ${size}: ${((1000 * records) / foldMs).toFixed(0)} records/s`);
write(`a batch: ${(foldMs / count).toFixed(0)} ms: ${folding.map(each).join(', ')}`);
write(`Groth16: ${groth16Ms.toFixed(0)} ms: ${((groth16Ms * count) / foldMs).toFixed(1)}x`);
const stepMs = (msOf('verified') - msOf('two verified')) / (count - 2);
write(`verified in ${msOf('verified').toFixed(0)} ms, ${stepMs.toFixed(1)} ms a leaf of it`);
write(`proof: ${proof.length} bytes, ${key.openingBytes} of them the opening`);
write(`most memory: ${megabytes.toFixed(0)} MiB`);
process.exit(0);
