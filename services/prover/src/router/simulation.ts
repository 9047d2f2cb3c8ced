// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A prover in virtual time: epochs of a load close, a policy says how each is proved, workers take
 * its steps. What a step takes is drawn from measured costs, seeded; nothing here proves anything.
 */
import assert from 'node:assert/strict';
import { Dice } from '@foldbook/engine';
import { nextEpoch } from './job-order.ts';
import type { Load, LoadEpoch } from './load.ts';
import type { Policy } from './policy.ts';
import { type CostKind, type Measurement, type ProofStage, workOf } from './proof-backend.ts';
import { type RouterSettings, WORKER_IDLE_MS } from './settings.ts';
import { type Outcome, OutcomeTally } from './simulation-outcome.ts';
import { drawStep, type World } from './simulation-world.ts';

interface Step {
  readonly kind: CostKind;
  readonly stage: ProofStage;
}

interface OpenEpoch {
  readonly market: string;
  readonly epoch: LoadEpoch;
  readonly deadlineMs: number;
  readonly workers: number;
  readonly steps: Step[];
  /** Leaves of kinds that fold, which are not done yet. */
  readonly leaves: Map<CostKind, number>;
  running: number;
  restMs: number;
}

interface Started {
  readonly open: OpenEpoch;
  readonly step: Step;
  /** Told when it ends. */
  readonly took: Measurement;
}

interface Worker {
  endMs: number;
  /** The most that a step of its took: WebAssembly's memory does not shrink before it ends. */
  rssBytes: number;
  /** What it does, or undefined. */
  step: Started | undefined;
  /** Since when it is idle. */
  idleMs: number;
}

export function simulate(
  load: Load,
  policy: Policy,
  world: World,
  settings: RouterSettings,
  seed: number,
): Outcome {
  return new Simulation(load, policy, world, settings, seed).run();
}

class Simulation {
  readonly #load: Load;
  readonly #policy: Policy;
  readonly #world: World;
  readonly #settings: RouterSettings;
  readonly #dice: Dice;
  readonly #drift: Dice;
  readonly #tally: OutcomeTally;
  readonly #workers: Worker[];
  readonly #waiting = new Map<number, LoadEpoch[]>();
  #open: OpenEpoch[] = [];
  #nowMs = 0;
  #turn = 0;
  #slow = 1;
  #slowUntilMs = 0;

  constructor(load: Load, policy: Policy, world: World, settings: RouterSettings, seed: number) {
    this.#load = load;
    this.#policy = policy;
    this.#world = world;
    this.#settings = settings;
    this.#dice = new Dice(seed);
    // Of its own: how the machine changes must not depend on how many steps a policy takes.
    this.#drift = new Dice(seed + 1);
    this.#tally = new OutcomeTally(settings);
    this.#workers = Array.from({ length: world.cores }, () => {
      return { endMs: Number.POSITIVE_INFINITY, rssBytes: 0, step: undefined, idleMs: 0 };
    });
  }

  run(): Outcome {
    const closing = this.#load.epochs.values();
    let next = closing.next().value;
    for (;;) {
      const worker = this.#workers.reduce((first, one) => (one.endMs < first.endMs ? one : first));
      const nextMs = next?.closedMs ?? Number.POSITIVE_INFINITY;
      this.#nowMs = Math.min(nextMs, worker.endMs);
      if (this.#nowMs === Number.POSITIVE_INFINITY) break;
      this.#drive();
      if (next !== undefined && nextMs <= worker.endMs) {
        this.#policy.closed(`M${next.market}`, this.#nowMs);
        const queue = this.#waiting.get(next.market) ?? [];
        this.#waiting.set(next.market, [...queue, next]);
        next = closing.next().value;
      } else {
        this.#finish(worker);
      }
      this.#openWaiting();
      this.#start();
    }
    for (const { rssBytes } of this.#workers) this.#tally.held(rssBytes, WORKER_IDLE_MS);
    return this.#tally.outcome(this.#policy.name, this.#load.name);
  }

  /** The machine is not always equally fast: others use it as well. */
  #drive(): void {
    while (this.#slowUntilMs <= this.#nowMs) {
      const { slowest, driftMs } = this.#world;
      this.#slow = 1 + ((slowest - 1) * this.#drift.below(1_000)) / 1_000;
      this.#slowUntilMs += driftMs;
    }
  }

  /** A market proves one epoch at a time. */
  #openWaiting(): void {
    for (const [market, queue] of this.#waiting) {
      const isOpen = this.#open.some((open) => open.epoch.market === market);
      const [epoch, ...rest] = queue;
      if (isOpen || epoch === undefined) continue;
      this.#waiting.set(market, rest);
      const waiting = [...this.#waiting.values()].reduce((sum, { length }) => sum + length, 0);
      this.#choose(epoch, waiting);
    }
  }

  #choose(epoch: LoadEpoch, waiting: number): void {
    const { batches, accounts, workers } = this.#policy.choose({
      market: `M${epoch.market}`,
      epoch: 0,
      rows: { batch: epoch.records, accounts: epoch.accounts },
      closedMs: epoch.closedMs,
      nowMs: this.#nowMs,
      waiting,
      aheadMs: this.#open.reduce((sum, { restMs }) => sum + restMs, 0),
      kinds: this.#world.kinds,
    });
    const runs = [...batches, ...accounts].sort(
      (left, right) => workOf(right.kind) - workOf(left.kind),
    );
    const open: OpenEpoch = {
      market: `M${epoch.market}`,
      epoch,
      deadlineMs: epoch.closedMs + this.#settings.deadlineMs,
      workers,
      steps: runs.flatMap(({ kind, proofs }) =>
        new Array<Step>(proofs).fill({ kind, stage: 'leaf' }),
      ),
      leaves: new Map(runs.flatMap(({ kind, proofs }) => (kind.folds ? [[kind, proofs]] : []))),
      running: 0,
      restMs: runs.reduce(
        (sum, { kind, proofs }) => sum + proofs * this.#policy.expectedMs(kind),
        0,
      ),
    };
    this.#open.push(open);
    this.#tally.proofs(runs, this.#world);
    if (open.steps.length === 0) this.#proved(open);
  }

  #start(): void {
    for (;;) {
      const ready = this.#open.filter(({ steps }) => steps.length > 0);
      const workers = Math.max(1, ...this.#open.map((open) => open.workers));
      const busy = this.#workers.filter(({ step }) => step !== undefined).length;
      // The one that worked last is still warm.
      const free = this.#workers
        .filter(({ step }) => step === undefined)
        .sort((left, right) => right.idleMs - left.idleMs)[0];
      if (busy >= workers || free === undefined) return;
      const open = nextEpoch(ready, workers, this.#nowMs, this.#turn);
      const step = open?.steps.shift();
      if (open === undefined || step === undefined) return;
      this.#turn += 1;
      this.#run(free, open, step, busy + 1);
    }
  }

  #run(worker: Worker, open: OpenEpoch, step: Step, busy: number): void {
    const { kind, stage } = step;
    const drawn = drawStep(this.#world, kind, stage, busy, this.#dice);
    const cpuMs = drawn.cpuMs * this.#slow;
    // The workers' cores are theirs alone.
    const wallMs = cpuMs;
    const { rssBytes, proofBytes, verifyMs } = drawn;
    const idleMs = this.#nowMs - worker.idleMs;
    this.#tally.held(worker.rssBytes, Math.min(WORKER_IDLE_MS, idleMs));
    if (idleMs > WORKER_IDLE_MS) worker.rssBytes = 0;
    worker.rssBytes = Math.max(worker.rssBytes, rssBytes);
    this.#tally.held(worker.rssBytes, wallMs);
    this.#tally.used(cpuMs);
    const figures = { wallMs, cpuMs, rssBytes, proofBytes, verifyMs };
    worker.step = { open, step, took: { kind, stage, workers: busy, ...figures } };
    worker.endMs = this.#nowMs + wallMs;
    open.running += 1;
  }

  #finish(worker: Worker): void {
    assert(worker.step !== undefined, 'a worker that ends a step has one');
    const { open, step, took } = worker.step;
    const { kind } = step;
    this.#policy.measured(took);
    worker.step = undefined;
    worker.endMs = Number.POSITIVE_INFINITY;
    worker.idleMs = this.#nowMs;
    open.running -= 1;
    if (step.stage === 'leaf') {
      open.restMs = Math.max(0, open.restMs - this.#policy.expectedMs(kind));
      const left = (open.leaves.get(kind) ?? 0) - 1;
      open.leaves.set(kind, left);
      if (left === 0) open.steps.push({ kind, stage: 'closing' });
    }
    if (open.running === 0 && open.steps.length === 0) this.#proved(open);
  }

  #proved(open: OpenEpoch): void {
    this.#open = this.#open.filter((one) => one !== open);
    this.#tally.proved(open.epoch, this.#nowMs);
  }
}
