/**
 * The process that measures: one thread on one core, which does what it is asked and ends when
 * nobody asks any more. A process of its own, so that V8 has its flags before it compiles anything
 * and nothing of the command itself is measured.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import type { Engine } from '@foldbook/engine';
import { pinCurrentThread } from '@foldbook/runtime';
import type { Answers, MeasureOptions, MeasureRequest } from './match-messages.ts';
import { type MatchInput, matchInput, runLatency, runMatch } from './match-run.ts';
import { parseWorkload } from './workload.ts';

/** What this needs of an engine package, which may be that of another commit. */
interface EngineModule {
  loadKernel(): Promise<WebAssembly.Module>;
  createKernelEngine(module: WebAssembly.Module): Engine;
}

let prepared: { readonly input: MatchInput; readonly newEngine: () => Engine } | undefined;

async function prepare(options: MeasureOptions): Promise<Answers['prepare']> {
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
}

async function answer(request: MeasureRequest): Promise<Answers[keyof Answers]> {
  if (request.ask === 'prepare') return prepare(request.options);
  assert(prepared !== undefined, 'prepare comes first');
  // The memory of the engine before this one, which would be collected in the middle of the run.
  globalThis.gc?.();
  const engine = prepared.newEngine();
  return request.ask === 'run'
    ? runMatch(engine, prepared.input)
    : runLatency(engine, prepared.input);
}

process.on('message', (request: MeasureRequest) => {
  answer(request).then(
    (given) => process.send?.({ ok: true, answer: given }),
    (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      process.send?.({ ok: false, reason });
    },
  );
});
