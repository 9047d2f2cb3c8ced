/** The part of a node:test event that the tally reads. */
export interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly nesting?: number;
    readonly file?: string | undefined;
    readonly line?: number | undefined;
    readonly column?: number | undefined;
    readonly skip?: string | boolean | undefined;
    readonly todo?: string | boolean | undefined;
    readonly message?: string;
    readonly duration_ms?: number;
    readonly success?: boolean;
    readonly counts?: { readonly tests: number };
    readonly details?: {
      readonly type?: string | undefined;
      readonly duration_ms?: number;
      readonly error?: unknown;
    };
  };
}

export interface TestFailure {
  readonly file: string;
  readonly name: string;
  readonly message: string;
}

export interface SkippedTest {
  readonly file: string;
  readonly name: string;
  /** As the test says it; empty where it says nothing. */
  readonly reason: string;
}

export interface TestTotals {
  readonly passed: number;
  readonly skipped: readonly SkippedTest[];
  readonly failures: readonly TestFailure[];
}

interface FileState {
  /** Outcomes seen of tests written in the file itself. */
  outcomes: number;
  failures: number;
  /** From the summary that the file's process sends when all of its tests are done. */
  summary: { readonly tests: number; readonly isOk: boolean } | undefined;
  stderr: string;
}

const STDERR_LINES = 15;

/**
 * Counts tests from the events of node:test, and counts a file as a failure that ran none, or that
 * ended before it could report: otherwise tests could get lost without anyone noticing.
 */
export class TestTally {
  readonly #files: Map<string, FileState>;
  readonly #failures: TestFailure[] = [];
  readonly #skipped: SkippedTest[] = [];
  #passed = 0;

  constructor(files: readonly string[]) {
    this.#files = new Map(
      files.map((file) => [file, { outcomes: 0, failures: 0, summary: undefined, stderr: '' }]),
    );
  }

  accept(event: TestEvent): void {
    const { file = '' } = event.data;
    // A test that a shared suite defines carries the suite's file, which isn't in the list.
    const state = this.#files.get(file);
    switch (event.type) {
      case 'test:stderr':
        if (state === undefined) return;
        state.stderr = lastLines(
          withoutInternals(state.stderr + (event.data.message ?? '')),
          STDERR_LINES,
        );
        return;
      case 'test:summary':
        if (state === undefined) return;
        state.summary = {
          tests: event.data.counts?.tests ?? 0,
          isOk: event.data.success === true,
        };
        return;
      case 'test:pass':
      case 'test:fail':
        this.#acceptOutcome(event, file, state);
        return;
      default:
        return;
    }
  }

  /** A file that did not end in its time; to be said before its last events are accepted. */
  expire(file: string, limitMs: number, unfinished: readonly string[]): void {
    const tests = unfinished.length === 0 ? 'no test had begun' : unfinished.join(', ');
    const message = `not ended after ${limitMs / 1000} s, and killed; unfinished: ${tests}`;
    this.#fail({ file, name: '(file)', message }, this.#files.get(file));
  }

  /** Totals once the run is over; files that ran nothing are added to the failures. */
  finish(): TestTotals {
    const failures = [...this.#failures];
    for (const [file, state] of this.#files) {
      const message = state.failures > 0 ? undefined : troubleOf(state, failures.length > 0);
      if (message !== undefined) failures.push({ file, name: '(file)', message });
    }
    return { passed: this.#passed, skipped: [...this.#skipped], failures };
  }

  #acceptOutcome(event: TestEvent, file: string, state: FileState | undefined): void {
    const { name = '', details, skip, todo } = event.data;
    if (details?.type === 'suite' && !isOwnFailure(event)) return;
    if (name === file && event.data.nesting === 0) {
      // node:test reports the file itself: news only when it failed by itself, e.g. on import.
      if (isOwnFailure(event) && state?.failures === 0) {
        const message = `${describe(details?.error)}\n${state.stderr}`.trim();
        this.#fail({ file, name: '(file)', message }, state);
      }
      return;
    }
    if (state !== undefined) state.outcomes += 1;
    const left = [skip, todo].find(isSet);
    if (left !== undefined) {
      this.#skipped.push({ file, name, reason: typeof left === 'string' ? left : '' });
    } else if (event.type === 'test:pass') this.#passed += 1;
    else if (isOwnFailure(event)) {
      this.#fail({ file, name, message: describe(details?.error) }, state);
    }
  }

  #fail(failure: TestFailure, state: FileState | undefined): void {
    if (state !== undefined) state.failures += 1;
    this.#failures.push(failure);
  }
}

/** What is wrong with a file none of whose own tests failed, if anything. */
function troubleOf(state: FileState, isFailureKnown: boolean): string | undefined {
  if (state.summary === undefined) {
    return state.outcomes === 0
      ? 'no test ran in this file; add one or remove the file'
      : 'the file ended before all of its tests had reported (process.exit?)';
  }
  if (state.summary.tests === 0) return 'no test ran in this file; add one or remove the file';
  // The failed test may be a shared suite's, and is known then.
  if (state.summary.isOk || isFailureKnown) return undefined;
  return 'the file reported a failure without a failed test; run it alone: node --test FILE';
}

/** `N passed, N failed` and, where there are any, `, N skipped`. */
export function formatTotals(passed: number, failed: number, skipped: number): string {
  const base = `${passed} passed, ${failed} failed`;
  return skipped > 0 ? `${base}, ${skipped} skipped` : base;
}

function isSet(flag: string | boolean | undefined): boolean {
  return flag !== undefined && flag !== false;
}

/** A failure of its own, not one passed up from a subtest that is reported already. */
function isOwnFailure(event: TestEvent): boolean {
  const error = event.data.details?.error;
  if (event.type !== 'test:fail') return false;
  return !(isRecord(error) && error.failureType === 'subtestsFailed');
}

function describe(error: unknown): string {
  if (!isRecord(error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return withoutInternals(cause.stack ?? cause.message);
  return typeof cause === 'string' ? cause : String(error.message);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function lastLines(text: string, count: number): string {
  return text.split('\n').slice(-count).join('\n');
}

/** Drops stack lines inside Node itself: they say nothing about the failure. */
function withoutInternals(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s+at .*\(?node:internal/.test(line))
    .join('\n');
}
