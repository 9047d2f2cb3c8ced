import { join, relative } from 'node:path';
import { spec } from 'node:test/reporters';
import { listProjectFiles } from '../checks/project-files.ts';
import { projectRoot } from './project-node.mjs';
import { SetupError } from './steps.ts';
import { runTestFile } from './test-file-run.ts';
import { longestFirst } from './test-order.ts';
import { type TestEvent, TestTally, type TestTotals } from './test-tally.ts';

/** As the smallest machine has cores: threads that spin share one with nobody for long. */
const CONCURRENCY = 2;
/** Of a test file; the longest take a minute or two. */
const FILE_LIMIT_MS = 5 * 60_000;
const MESSAGE_LINES = 12;

/**
 * The project's test files, absolute, in the order they are to start.
 * @param filters parts of paths; a file is taken when it contains one of them, all when empty
 */
export function listTestFiles(filters: readonly string[]): string[] {
  const files = listProjectFiles(projectRoot).filter((file) => file.endsWith('.test.ts'));
  const chosen = files.filter(
    (file) => filters.length === 0 || filters.some((filter) => file.includes(filter)),
  );
  if (chosen.length === 0) {
    const wanted = filters.length === 0 ? '' : ` whose path contains ${filters.join(' or ')}`;
    throw new SetupError(`no *.test.ts file${wanted} among ${files.length} in ${projectRoot}`);
  }
  return longestFirst(chosen).map((file) => join(projectRoot, file));
}

/** Runs test files, each in a process of its own, and prints them as they end. */
export async function runTestFiles(
  files: readonly string[],
  write: (line: string) => void,
): Promise<TestTotals> {
  const tally = new TestTally(files);
  const detailed = process.stdout.isTTY ? new spec() : undefined;
  detailed?.pipe(process.stdout, { end: false });
  const waiting = files.values();
  const runInTurn = async (): Promise<void> => {
    for (const file of waiting) {
      const events: TestEvent[] = [];
      const limit = AbortSignal.timeout(FILE_LIMIT_MS);
      const unfinished = await runTestFile(file, { limit, accept: (event) => events.push(event) });
      if (unfinished !== undefined) tally.expire(file, FILE_LIMIT_MS, unfinished);
      for (const event of events) {
        tally.accept(event);
        if (detailed !== undefined) detailed.write(event);
        else writeCompact(event, write);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, runInTurn));
  detailed?.end();
  const totals = tally.finish();
  for (const { file, name, reason } of totals.skipped) {
    const why = reason === '' ? 'it says no reason' : reason;
    write(`skipped: ${relative(projectRoot, file)}: ${name}: ${why}`);
  }
  for (const failure of totals.failures) {
    const lines = failure.message.trimEnd().split('\n');
    write(`failed: ${relative(projectRoot, failure.file)}: ${failure.name}`);
    for (const line of lines.slice(0, MESSAGE_LINES)) write(`        ${line}`);
  }
  return totals;
}

/** One line a file when it is done: from its summary, else from the file's own event. */
function writeCompact(event: TestEvent, write: (line: string) => void): void {
  const { file, name, nesting, details, success, duration_ms: durationMs } = event.data;
  if (file === undefined) return;
  const line = (isOk: boolean, ms: number): void => {
    const outcome = isOk ? 'ok    ' : 'failed';
    write(`${outcome} ${relative(projectRoot, file)}  ${(ms / 1000).toFixed(1)} s`);
  };
  const isOutcome = event.type === 'test:pass' || event.type === 'test:fail';
  if (event.type === 'test:summary') line(success === true, durationMs ?? 0);
  else if (isOutcome && name === file && nesting === 0) {
    line(event.type === 'test:pass', details?.duration_ms ?? 0);
  }
}
