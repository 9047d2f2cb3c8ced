// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A worker that proves back to back while something else is measured, as `worker-main.ts` does: one
 * thread of a pool, at the priority that it is told. Asked by `foldbook bench latency`.
 */
import assert from 'node:assert/strict';
import { setPriority } from 'node:os';
import { circuitNames } from '@foldbook/circuits';
import { answerQuestions, availableCores } from '@foldbook/runtime';
import { z } from 'zod';
import { loadCircuits } from '../chain-context.ts';
import { niceSchema } from '../config.ts';
import type { ProofJob } from '../proof-job.ts';
import { ProofPool } from '../proof-pool.ts';
import { benchJobs, otherRole } from './bench-jobs.ts';
import { cpuMeter } from './cpu-meter.ts';
import type { ProvedLoad, ProveLoadQuestions } from './prove-messages.ts';

const DIFFERENT_JOBS = 4;
const askedSchema = z.strictObject({ circuit: z.enum(circuitNames), nice: niceSchema });

const pool = new ProofPool(1);
let jobs: readonly ProofJob[] = [];
let proving: { end: () => Promise<ProvedLoad> } | undefined;

function prove(): { end: () => Promise<ProvedLoad> } {
  const meter = cpuMeter();
  let isEnding = false;
  let proofs = 0;
  const loop = async (): Promise<ProvedLoad> => {
    while (!isEnding) {
      const job = jobs[proofs % jobs.length];
      assert(job !== undefined, 'prepare comes first');
      await pool.make(job);
      proofs += 1;
    }
    return { proofs, ...meter() };
  };
  const ended = loop();
  // Whoever asks for the end is told; until then a failure waits.
  ended.catch(() => undefined);
  const end = (): Promise<ProvedLoad> => {
    isEnding = true;
    return ended;
  };
  return { end };
}

answerQuestions<ProveLoadQuestions>({
  /** The first proof loads the key and compiles code: it is made here. */
  async prepare(asked) {
    const { circuit: name, nice } = askedSchema.parse(asked);
    setPriority(nice);
    const [circuit, ...others] = loadCircuits([name, otherRole(name)]);
    assert(circuit !== undefined);
    jobs = await benchJobs(circuit, others, DIFFERENT_JOBS);
    const [first] = jobs;
    assert(first !== undefined);
    await pool.make(first);
    return { pid: process.pid, cores: availableCores() };
  },
  async begin() {
    assert(proving === undefined, 'it proves already');
    proving = prove();
  },
  /** When the proof under way is made. */
  async end() {
    assert(proving !== undefined, 'begin comes first');
    const ending = proving.end();
    proving = undefined;
    return ending;
  },
});
