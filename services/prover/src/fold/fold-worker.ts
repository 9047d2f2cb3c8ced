// SPDX-License-Identifier: GPL-3.0-or-later
/** What a thread of the folding pool runs: a subtree at a time, from leaves or from two others. */
import { readFile } from 'node:fs/promises';
import { threadCpuUsage } from 'node:process';
import {
  adoptFoldBases,
  bytesToHex,
  encodeStep,
  type FoldLeaf,
  FoldTree,
  foldBasesBytes,
  readFoldKey,
  verifyFolded,
} from '@foldbook/verifier';
import { replaceFile } from '../durable-file.ts';
import { WitnessMaker } from '../groth16/witness-maker.ts';
import type { ProofJob } from '../proof-job.ts';
import { ProverError } from '../prover-error.ts';
import type { FoldFiles } from './fold-circuit.ts';
import { decodeNode, encodeNode, type FoldNode } from './fold-node.ts';
import { type Accumulator, FoldProver } from './fold-prover.ts';

/** The tree that a task is of, and where its nodes are kept. */
export interface FoldRunPlace extends FoldFiles {
  /** Names the run: 32 bytes. */
  readonly run: Uint8Array;
  readonly dir: string;
  /** Bases that another thread has drawn: its memory is shared. */
  readonly bases: Uint8Array | undefined;
}

/** Makes a node and keeps it in the file `target`. */
type NodeTask = { readonly target: string } & (
  | { readonly kind: 'leaves'; readonly first: number; readonly jobs: readonly ProofJob[] }
  | { readonly kind: 'join'; readonly left: string; readonly right: string }
  | { readonly kind: 'lone'; readonly only: string }
);

/** Whether the tree's root is a proof of the leaves. */
interface CheckTask {
  readonly kind: 'check';
  readonly root: string;
  readonly leaves: readonly FoldLeaf[];
}

export type FoldWork = NodeTask | CheckTask;
export type FoldTask =
  | (FoldRunPlace & FoldWork)
  /** Draws so many bases, for the other threads as well. */
  | { readonly kind: 'bases'; readonly count: number };

export interface FoldTaskDone {
  /** Processor time of the thread, and the time that went by. */
  readonly cpuMs: number;
  readonly wallMs: number;
  /** Of a task 'bases'. */
  readonly bases?: Uint8Array;
  /** Of a task 'check': why verifiers would refuse the proof. */
  readonly refusal?: string;
}

interface Circuit {
  readonly prover: FoldProver;
  readonly maker: WitnessMaker;
}

/** By the shape's digest: they are made ready once in a thread's life. */
const circuits = new Map<string, Promise<Circuit>>();

export default async function work(task: FoldTask): Promise<FoldTaskDone> {
  if (task.kind === 'bases') return { cpuMs: 0, wallMs: 0, bases: sharedBases(task.count) };
  // Where they are not those that are pinned, this thread draws its own.
  if (task.bases !== undefined) adoptFoldBases(task.bases);
  const circuit = await circuitOf(task);
  const startedMs = performance.now();
  const started = threadCpuUsage();
  const { user, system, ...told } = { ...(await done(task, circuit)), ...threadCpuUsage(started) };
  return { ...told, cpuMs: (user + system) / 1_000, wallMs: performance.now() - startedMs };
}

async function done(
  task: FoldRunPlace & FoldWork,
  circuit: Circuit,
): Promise<Pick<FoldTaskDone, 'refusal'>> {
  if (task.kind === 'check') return check(task, circuit.prover);
  const node = await folded(task, circuit);
  await replaceFile(task.target, encodeNode(task.run, node), task.dir);
  return {};
}

function sharedBases(count: number): Uint8Array {
  const bytes = foldBasesBytes(count);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  return shared;
}

function circuitOf(files: FoldFiles): Promise<Circuit> {
  const known = circuits.get(files.digest);
  if (known !== undefined) return known;
  const opening = open(files);
  circuits.set(files.digest, opening);
  // A file that could not be read may be there next time.
  opening.catch(() => circuits.delete(files.digest));
  return opening;
}

async function open({ digest, shapeFile, wasmFile }: FoldFiles): Promise<Circuit> {
  const key = readFoldKey(new Uint8Array(await readFile(shapeFile)));
  if (!key.ok) throw new ProverError('KEY_FILE', `${shapeFile}: ${key.error.message}`);
  const found = bytesToHex(key.value.digest);
  if (found !== digest) {
    throw new ProverError('KEY_FILE', `${shapeFile} has digest ${found}, not ${digest}`);
  }
  const maker = await WitnessMaker.compile(new Uint8Array(await readFile(wasmFile)));
  return { prover: new FoldProver(key.value), maker };
}

async function folded(task: FoldRunPlace & NodeTask, circuit: Circuit): Promise<FoldNode> {
  const { prover } = circuit;
  switch (task.kind) {
    case 'leaves':
      return fromLeaves(task.first, task.jobs, circuit);
    case 'join': {
      const nodes = [await read(task, task.left, prover), await read(task, task.right, prover)];
      return joined(nodes, prover);
    }
    case 'lone':
      return joined([await read(task, task.only, prover)], prover);
    default:
      task satisfies never;
      throw new Error('no such task');
  }
}

async function check(
  task: FoldRunPlace & CheckTask,
  prover: FoldProver,
): Promise<Pick<FoldTaskDone, 'refusal'>> {
  const { steps, witness } = await read(task, task.root, prover);
  const proof = Uint8Array.from(Buffer.concat([steps, witness]));
  const verdict = verifyFolded(prover.key, task.leaves, proof);
  if (verdict.ok) return {};
  const part = 'part' in verdict ? `${verdict.part}: ` : '';
  return { refusal: `${part}${verdict.code}: ${verdict.message}` };
}

async function read({ run }: FoldRunPlace, path: string, prover: FoldProver): Promise<FoldNode> {
  const node = decodeNode(run, prover.key, new Uint8Array(await readFile(path)));
  if (node === undefined) throw new ProverError('PROOF_FAILED', `${path} is damaged: fold again`);
  return node;
}

function fromLeaves(
  first: number,
  jobs: readonly ProofJob[],
  { prover, maker }: Circuit,
): FoldNode {
  const steps: Uint8Array[] = [];
  const tree = new FoldTree<Accumulator>((left, right) => {
    const { step, folded } = prover.fold([left, right]);
    steps.push(encodeStep(step));
    return folded;
  });
  const commitments = jobs.map((job) => {
    const leaf = leafOf(job, prover, maker);
    tree.push(leaf);
    return leaf.instance.commitment;
  });
  const root = tree.finish();
  if (root === undefined) throw new Error('assertion failed: a task has leaves');
  return close({ first, leaves: jobs.length, commitments }, steps, root, prover);
}

/** @throws ProverError naming the job: its inputs are not true, or not what it has to show */
export function leafOf(job: ProofJob, prover: FoldProver, maker: WitnessMaker): Accumulator {
  let leaf: Accumulator;
  try {
    leaf = prover.leaf(maker.make(job.input));
  } catch (error) {
    if (!(error instanceof ProverError)) throw error;
    throw new ProverError(error.code, `${job.id}: ${error.message}`);
  }
  const { x } = leaf.instance;
  const differing = job.publicSignals.findIndex((value, index) => value !== String(x[index]));
  if (differing === -1 && x.length === job.publicSignals.length) return leaf;
  prover.release(leaf);
  const planned = `planned was ${job.publicSignals[differing]}`;
  const message = `${job.id}: public signal ${differing} is ${x[differing]}, ${planned}`;
  throw new ProverError('PROOF_FAILED', message);
}

function joined(nodes: readonly FoldNode[], prover: FoldProver): FoldNode {
  const accumulators = nodes.map(({ instance, witness }) => prover.restored(instance, witness));
  const { step, folded } = prover.fold(accumulators);
  const leaves = nodes.reduce((sum, node) => sum + node.leaves, 0);
  const commitments = nodes.flatMap((node) => node.commitments);
  const steps = [...nodes.map((node) => node.steps), encodeStep(step)];
  return close({ first: nodes[0]?.first ?? 0, leaves, commitments }, steps, folded, prover);
}

function close(
  place: Pick<FoldNode, 'first' | 'leaves' | 'commitments'>,
  steps: readonly Uint8Array[],
  root: Accumulator,
  prover: FoldProver,
): FoldNode {
  const witness = prover.witness(root);
  prover.release(root);
  const bytes = Uint8Array.from(Buffer.concat(steps));
  return { ...place, steps: bytes, instance: root.instance, witness };
}
