// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * `foldbook bench prove`: a process of its own, because of its license. Takes its options as one
 * JSON argument; prints a JSON line a result: {"row", "words"}.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { circuitNames } from '@foldbook/circuits';
import type { Reply } from '@foldbook/runtime';
import { z } from 'zod';
import { loadCircuits } from '../chain-context.ts';
import type { ProofJob } from '../proof-job.ts';
import { messageOf } from '../prover-error.ts';
import { BASELINE, backEnds } from './backends.ts';
import { benchJobs, otherRole } from './bench-jobs.ts';
import type { ProveAnswer } from './prove-messages.ts';
import { type Measured, proveRow, proveWords } from './prove-row.ts';

const WORKER = fileURLToPath(new URL('./prove-worker-main.ts', import.meta.url));

const optionsSchema = z.strictObject({
  circuits: z.array(z.enum(circuitNames)).nonempty(),
  backends: z
    .array(z.string().refine((name) => name in backEnds, 'no back end of this prover'))
    .nonempty(),
  workers: z.array(z.int().min(1).max(64)).nonempty(),
  proofs: z.int().min(1).max(10_000),
  /** Of snarkjs, after one that warms it up. */
  baselineProofs: z.int().min(1).max(10_000),
  batches: z.int().min(1).max(1_000_000),
  coreHourPrice: z.number().nonnegative().optional(),
});

type Options = z.infer<typeof optionsSchema>;
type Circuit = Options['circuits'][number];

/** A folded proof of so few shows what verifying one costs whatever it stands for. */
const FEW = 2;

class Worker {
  readonly #child: ChildProcess = fork(WORKER, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  #answered = Promise.withResolvers<Reply>();

  constructor() {
    this.#child.on('message', (reply: Reply) => this.#answered.resolve(reply));
    this.#child.once('exit', (code, signal) => {
      this.#answered.resolve({ ok: false, reason: `a process ended (${signal ?? code})` });
    });
  }

  /** One at a time. */
  async prove(backEnd: string, circuit: Circuit, jobs: readonly ProofJob[]): Promise<ProveAnswer> {
    this.#answered = Promise.withResolvers();
    this.#child.send({ ask: 'prove', asked: { backEnd, circuit, jobs } });
    const reply = await this.#answered.promise;
    if (!reply.ok) throw new Error(`${backEnd}/${circuit}: ${reply.reason}`);
    const answer = reply.answer as ProveAnswer;
    if (!answer.holds) throw new Error(`${backEnd}/${circuit}: a proof does not verify`);
    return answer;
  }

  stop(): void {
    this.#child.kill();
  }
}

/** So many processes prove at once, each its share of the jobs after one that warms it up. */
async function measure(
  backEnd: string,
  circuit: Circuit,
  workers: number,
  jobs: readonly ProofJob[],
): Promise<Measured> {
  const processes = Array.from({ length: workers }, () => new Worker());
  try {
    const folds = backEnds[backEnd]?.(circuit).folds === true;
    const [first] = jobs;
    assert(first !== undefined);
    await Promise.all(processes.map((process) => process.prove(backEnd, circuit, [first])));
    const startMs = performance.now();
    const answers = await Promise.all(
      processes.map(async (process) => {
        if (folds) return [await process.prove(backEnd, circuit, jobs)];
        const made: ProveAnswer[] = [];
        for (const job of jobs) made.push(await process.prove(backEnd, circuit, [job]));
        return made;
      }),
    );
    const wallMs = performance.now() - startMs;
    const few = folds ? await processes[0]?.prove(backEnd, circuit, jobs.slice(0, FEW)) : undefined;
    return {
      ...{ backEnd, circuit, workers, proofs: workers * jobs.length, wallMs, answers },
      ...(few === undefined ? {} : { few: { proofs: FEW, verifyMs: few.verifyMs } }),
    };
  } finally {
    for (const process of processes) process.stop();
  }
}

async function run(options: Options): Promise<void> {
  for (const name of options.circuits) {
    const [circuit, ...others] = loadCircuits([name, otherRole(name)]);
    assert(circuit !== undefined);
    const jobs = await benchJobs(circuit, others, options.proofs);
    const baseline = await measure(BASELINE, name, 1, jobs.slice(0, options.baselineProofs));
    for (const backEnd of options.backends) {
      for (const workers of options.workers) {
        const measured = await measure(backEnd, name, workers, jobs);
        const row = proveRow(circuit, measured, baseline, options);
        process.stdout.write(`${JSON.stringify({ row, words: proveWords(row) })}\n`);
      }
    }
  }
}

try {
  await run(optionsSchema.parse(JSON.parse(process.argv[2] ?? '{}')));
} catch (error) {
  process.stderr.write(`foldbook: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
