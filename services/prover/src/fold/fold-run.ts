// SPDX-License-Identifier: GPL-3.0-or-later
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FoldKey, FoldLeaf } from '@foldbook/verifier';
import { ProverError } from '../prover-error.ts';
import { decodeNode, type FoldNode } from './fold-node.ts';
import type { FoldCosts, LeafPlan } from './fold-pool.ts';
import type { FoldRunPlace, FoldTask, FoldTaskDone, FoldWork } from './fold-worker.ts';

/** A subtree that is in a file. */
interface Span {
  readonly first: number;
  readonly leaves: number;
}

export interface FoldRunParts {
  readonly place: FoldRunPlace;
  readonly key: FoldKey;
  readonly plans: readonly LeafPlan[];
  readonly chunkLeaves: number;
  /** Tasks that are asked for at a time. */
  readonly lanes: number;
  readonly signal: AbortSignal | undefined;
  readonly onNode: ((first: number, leaves: number) => void) | undefined;
  /** Does a task in a thread; it is built when one is free. */
  readonly work: (task: () => FoldTask) => Promise<FoldTaskDone>;
}

type Costs = Omit<FoldCosts, 'rssBytes'>;
type Totals = { -readonly [Figure in keyof Costs]: number };

type NodeWork = FoldWork extends infer Work
  ? Work extends { readonly target: string }
    ? Omit<Work, 'target'>
    : never
  : never;

/** One tree, from what an earlier run left of it to a proof that was checked. */
export class FoldRun {
  readonly #parts: FoldRunParts;
  /** Subtrees that are there and not part of a larger one, by their first leaf. */
  readonly #spans = new Map<number, Span>();
  readonly #costs: Totals = {
    ...{ leaves: 0, leafCpuMs: 0, leafWallMs: 0 },
    ...{ closingCpuMs: 0, closingWallMs: 0, verifyMs: 0 },
  };
  #isRefused = false;
  /** Of the lane that failed first: the others begin nothing any more. */
  #failure: { readonly error: unknown } | undefined;

  constructor(parts: FoldRunParts) {
    this.#parts = parts;
  }

  /** The tree was whole, and no proof. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  async all(): Promise<{ root: FoldNode; costs: Costs }> {
    const { chunkLeaves, plans, lanes } = this.#parts;
    await this.#find();
    const missing = [];
    for (let first = 0; first < plans.length; first += chunkLeaves) {
      if (!this.#covers(first)) missing.push(first);
    }
    const rest = missing.values();
    const lane = async (): Promise<void> => {
      for (const first of rest) {
        if (this.#failure !== undefined) return;
        const span = { first, leaves: Math.min(chunkLeaves, plans.length - first) };
        try {
          await this.#leaves(span);
          await this.#joinFrom(span);
        } catch (error) {
          this.#failure ??= { error };
        }
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    // Only now: whoever tries again does so in this folder, where no lane may be at work any more.
    if (this.#failure !== undefined) throw this.#failure.error;
    // A run that ended between two subtrees and their join left both.
    for (const span of [...this.#spans.values()]) await this.#joinFrom(span);
    return { root: await this.#finish(), costs: this.#costs };
  }

  async #leaves(span: Span): Promise<void> {
    const { first, leaves } = span;
    const plans = this.#parts.plans.slice(first, first + leaves);
    const done = await this.#make(span, () => {
      return { kind: 'leaves', first, jobs: plans.map(({ job }) => job()) };
    });
    this.#costs.leaves += leaves;
    this.#addLeafCosts(done);
  }

  /** Folds a subtree with its neighbour as long as that is there and as large. */
  async #joinFrom(span: Span): Promise<void> {
    let { first, leaves } = span;
    if (!Number.isInteger(Math.log2(leaves)) || first % leaves !== 0) return;
    while (this.#spans.get(first)?.leaves === leaves) {
      const isLeft = (first / leaves) % 2 === 0;
      const [left, right] = isLeft ? [first, first + leaves] : [first - leaves, first];
      const isThere = [left, right].every((start) => this.#spans.get(start)?.leaves === leaves);
      // The last one may be smaller than its place: it is for the end.
      if (!isThere || right + leaves > this.#parts.plans.length) return;
      await this.#join({ first: left, leaves }, { first: right, leaves });
      first = left;
      leaves *= 2;
    }
  }

  /** What is left, the last two first; then the check. */
  async #finish(): Promise<FoldNode> {
    const stack = [...this.#spans.values()].sort((a, b) => a.first - b.first);
    let root = stack.pop();
    for (let left = stack.pop(); root !== undefined && left !== undefined; left = stack.pop()) {
      root = await this.#join(left, root);
    }
    if (root === undefined) throw new Error('assertion failed: nothing to fold');
    const path = this.#pathOf(root);
    let node = await this.#read(root);
    if (node?.instance.kind === 'fresh') {
      this.#addClosingCosts(await this.#make(root, () => ({ kind: 'lone', only: path })));
      node = await this.#read(root);
    }
    if (node === undefined) throw new ProverError('PROOF_FAILED', `${path} is damaged: fold again`);
    await this.#check(path, node);
    return node;
  }

  /** Nothing leaves here that a verifier would refuse. */
  async #check(root: string, node: FoldNode): Promise<void> {
    const leaves = this.#parts.plans.map(({ signals }, index): FoldLeaf => {
      const proof = node.commitments[index] ?? new Uint8Array();
      return { part: `proof ${index} of its kind`, proof, signals };
    });
    const done = await this.#work(() => ({ kind: 'check', root, leaves }));
    this.#costs.verifyMs = done.cpuMs;
    this.#addClosingCosts(done);
    if (done.refusal === undefined) return;
    this.#isRefused = true;
    throw new ProverError('PROOF_REFUSED', `what was folded does not verify: ${done.refusal}`);
  }

  async #join(left: Span, right: Span): Promise<Span> {
    const joined = { first: left.first, leaves: left.leaves + right.leaves };
    const [leftPath, rightPath] = [this.#pathOf(left), this.#pathOf(right)];
    this.#spans.delete(left.first);
    this.#spans.delete(right.first);
    this.#addLeafCosts(
      await this.#make(joined, () => ({ kind: 'join', left: leftPath, right: rightPath })),
    );
    await rm(leftPath, { force: true });
    await rm(rightPath, { force: true });
    return joined;
  }

  async #make(span: Span, task: () => NodeWork): Promise<FoldTaskDone> {
    const done = await this.#work(() => ({ ...task(), target: this.#pathOf(span) }));
    this.#spans.set(span.first, span);
    this.#parts.onNode?.(span.first, span.leaves);
    return done;
  }

  #work(task: () => FoldWork): Promise<FoldTaskDone> {
    const { place, signal, work } = this.#parts;
    return work(() => {
      signal?.throwIfAborted();
      if (this.#failure !== undefined) throw this.#failure.error;
      return { ...place, ...task() };
    });
  }

  #addLeafCosts({ cpuMs, wallMs }: FoldTaskDone): void {
    this.#costs.leafCpuMs += cpuMs;
    this.#costs.leafWallMs += wallMs;
  }

  #addClosingCosts({ cpuMs, wallMs }: FoldTaskDone): void {
    this.#costs.closingCpuMs += cpuMs;
    this.#costs.closingWallMs += wallMs;
  }

  /** Takes what an earlier run left; parts of a larger one, and what is damaged, are removed. */
  async #find(): Promise<void> {
    const nodes: Span[] = [];
    for (const name of await readdir(this.#parts.place.dir)) {
      const match = /^(\d+)-(\d+)\.fold$/.exec(name);
      if (match === null) continue;
      const span = { first: Number(match[1]), leaves: Number(match[2]) };
      const node = await this.#read(span);
      if (node?.first === span.first && node.leaves === span.leaves) nodes.push(span);
      else await rm(join(this.#parts.place.dir, name), { force: true });
    }
    nodes.sort((a, b) => b.leaves - a.leaves);
    for (const span of nodes) {
      if (this.#covers(span.first)) await rm(this.#pathOf(span), { force: true });
      else this.#spans.set(span.first, span);
    }
  }

  #covers(leaf: number): boolean {
    return [...this.#spans.values()].some(
      ({ first, leaves }) => first <= leaf && leaf < first + leaves,
    );
  }

  async #read(span: Span): Promise<FoldNode | undefined> {
    const file = new Uint8Array(await readFile(this.#pathOf(span)));
    return decodeNode(this.#parts.place.run, this.#parts.key, file);
  }

  #pathOf({ first, leaves }: Span): string {
    return join(this.#parts.place.dir, `${first}-${leaves}.fold`);
  }
}
