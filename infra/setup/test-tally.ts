/** The part of a node:test event that the tally reads. */
export interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly name?: string;
    readonly nesting?: number;
    readonly file?: string | undefined;
    readonly skip?: string | boolean | undefined;
    readonly todo?: string | boolean | undefined;
    readonly message?: string;
    readonly duration_ms?: number;
    readonly success?: boolean;
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

export interface TestTotals {
  readonly passed: number;
  readonly skipped: number;
  readonly failures: readonly TestFailure[];
}

interface FileState {
  tests: number;
  failures: number;
  hasSummary: boolean;
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
  #passed = 0;
  #skipped = 0;

  constructor(files: readonly string[]) {
    this.#files = new Map(
      files.map((file) => [file, { tests: 0, failures: 0, hasSummary: false, stderr: '' }]),
    );
  }

  accept(event: TestEvent): void {
    const { file } = event.data;
    const state = file === undefined ? undefined : this.#files.get(file);
    if (file === undefined || state === undefined) return;
    switch (event.type) {
      case 'test:stderr':
        state.stderr = lastLines(
          withoutInternals(state.stderr + (event.data.message ?? '')),
          STDERR_LINES,
        );
        return;
      case 'test:summary':
        state.hasSummary = true;
        return;
      case 'test:pass':
      case 'test:fail':
        this.#acceptOutcome(event, file, state);
        return;
      default:
        return;
    }
  }

  /** Files that have not reported their summary, e.g. to say which hang. */
  unfinished(): string[] {
    return [...this.#files].filter(([, state]) => !state.hasSummary).map(([file]) => file);
  }

  /** Totals once the run is over; files that ran nothing are added to the failures. */
  finish(): TestTotals {
    const failures = [...this.#failures];
    for (const [file, state] of this.#files) {
      if (state.failures > 0) continue;
      if (state.tests === 0) {
        const message = 'no test ran in this file; add one or remove the file';
        failures.push({ file, name: '(file)', message });
      } else if (!state.hasSummary) {
        const message = 'the file ended before all of its tests had reported (process.exit?)';
        failures.push({ file, name: '(file)', message });
      }
    }
    return { passed: this.#passed, skipped: this.#skipped, failures };
  }

  #acceptOutcome(event: TestEvent, file: string, state: FileState): void {
    const { name = '', details, skip, todo } = event.data;
    if (details?.type === 'suite' && !isOwnFailure(event)) return;
    if (name === file && event.data.nesting === 0) {
      // node:test reports the file itself: news only when it failed by itself, e.g. on import.
      if (event.type === 'test:fail' && isOwnFailure(event) && state.failures === 0) {
        this.#fail(file, '(file)', `${describe(details?.error)}\n${state.stderr}`.trim(), state);
      }
      return;
    }
    state.tests += 1;
    if (isSet(skip) || isSet(todo)) this.#skipped += 1;
    else if (event.type === 'test:pass') this.#passed += 1;
    else if (isOwnFailure(event)) this.#fail(file, name, describe(details?.error), state);
  }

  #fail(file: string, name: string, message: string, state: FileState): void {
    state.failures += 1;
    this.#failures.push({ file, name, message });
  }
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
