/** The process of `bench replay`: one thread on one core, with one replay book. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { HistoryKernel, loadHistoryModule } from '@foldbook/history';
import { answerQuestions, pinCurrentThread } from '@foldbook/runtime';
import type { ReplayQuestions } from './replay-messages.ts';
import { ReplayRunner } from './replay-run.ts';
import { parseWorkload } from './workload.ts';

let runner: ReplayRunner | undefined;

answerQuestions<ReplayQuestions>({
  async prepare({ workloadFile, core }) {
    const pinned = pinCurrentThread(core);
    const workload = parseWorkload(await readFile(workloadFile), workloadFile, 'mbo');
    runner = new ReplayRunner(new HistoryKernel(await loadHistoryModule()), workload);
    return pinned;
  },
  async run() {
    assert(runner !== undefined, 'prepare comes first');
    // Garbage of the run before, which would be collected in the middle of this one.
    globalThis.gc?.();
    return runner.run();
  },
});
