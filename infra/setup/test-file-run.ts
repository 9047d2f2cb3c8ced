/** One test file, run by node:test in a process of its own, for so long at most. */
import { run } from 'node:test';
import { killRunsOf } from './process-tree.ts';
import type { TestEvent } from './test-tally.ts';

export interface TestFileOptions {
  /** Kills the file's process, with all that it started, when it is aborted. */
  readonly limit: AbortSignal;
  /** Takes the events of the file and its tests as they come. */
  readonly accept: (event: TestEvent) => void;
}

/** @returns where the limit ended it, tests that had begun and not ended, the outer ones first */
export async function runTestFile(
  file: string,
  { limit, accept }: TestFileOptions,
): Promise<string[] | undefined> {
  const begun = new Map<string, string>();
  const abort = new AbortController();
  let unfinished: string[] | undefined;
  const expire = async (): Promise<void> => {
    unfinished = [...begun.values()];
    // Where processes cannot be listed, the file's own at least is asked to end.
    await killRunsOf(file).catch(() => undefined);
    abort.abort();
  };
  limit.addEventListener('abort', expire);
  const events = run({ files: [file], concurrency: 1, signal: abort.signal });
  for await (const event of events as AsyncIterable<TestEvent>) {
    const { name = '', nesting = 0, line, column } = event.data;
    const key = [nesting, line, column, name].join(' ');
    const isFile = name === file && nesting === 0;
    if (event.type === 'test:dequeue' && !isFile) begun.set(key, name);
    if (event.type === 'test:complete') begun.delete(key);
    // What has no file is about the run: there is one for each file.
    if (event.data.file !== undefined) accept(event);
  }
  limit.removeEventListener('abort', expire);
  return unfinished;
}
