// SPDX-License-Identifier: GPL-3.0-or-later
/** A process that proves what it is told, and tells what that took; forked by `prove-main.ts`. */
import { answerQuestions } from '@foldbook/runtime';
import type { ProofBackend } from '../router/proof-backend.ts';
import { backEnds } from './backends.ts';
import { cpuMeter } from './cpu-meter.ts';
import type { ProveAnswer, ProveQuestions } from './prove-messages.ts';

const opened = new Map<string, ProofBackend>();

answerQuestions<ProveQuestions>({
  async prove({ backEnd, circuit, jobs }): Promise<ProveAnswer> {
    const name = `${backEnd}/${circuit}`;
    const used = opened.get(name) ?? backEnds[backEnd]?.(circuit);
    if (used === undefined) throw new Error(`there is no back end ${backEnd}`);
    opened.set(name, used);
    const { steps, proof } = await used.prove(jobs);
    const meter = cpuMeter();
    const holds = await used.verify(jobs, proof);
    return { steps, holds, verifyMs: meter().cpuMs };
  },
});
