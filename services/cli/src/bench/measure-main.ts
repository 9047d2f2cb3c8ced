/**
 * The process that measures: one thread on one core, which does what it is asked and ends when
 * nobody asks any more. A process of its own, so that V8 has its flags before it compiles anything
 * and nothing of the command itself is measured.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Engine } from '@foldbook/engine';
import { answerQuestions, pinCurrentThread } from '@foldbook/runtime';
import type { MeasureQuestions } from './match-messages.ts';
import { type MatchInput, matchInput, runLatency, runMatch } from './match-run.ts';
import { parseWorkload } from './workload.ts';

/** What this needs of an engine package, which may be that of another commit. */
interface EngineModule {
  loadKernel(): Promise<WebAssembly.Module>;
  createKernelEngine(module: WebAssembly.Module): Engine;
}

let prepared: { readonly input: MatchInput; readonly newEngine: () => Engine } | undefined;

answerQuestions<MeasureQuestions>({
  async prepare(options) {
    const pinned = pinCurrentThread(options.core);
    const file = await readFile(options.workloadFile);
    const workload = parseWorkload(file, options.workloadFile);
    const module = (await import(options.engineUrl)) as EngineModule;
    const kernel = await module.loadKernel();
    prepared = {
      input: matchInput(workload, options.accounts, options.group),
      newEngine: () => module.createKernelEngine(kernel),
    };
    return pinned;
  },
  run: async () => measured(runMatch),
  latency: async () => measured(runLatency),
});

/** On a fresh engine. */
function measured<Run>(run: (engine: Engine, input: MatchInput) => Run): Run {
  assert(prepared !== undefined, 'prepare comes first');
  // The memory of the engine before this one, which would be collected in the middle of the run.
  globalThis.gc?.();
  return run(prepared.newEngine(), prepared.input);
}
