/** One line to whoever follows the set-up. */
export type Report = (line: string) => void;

export interface StepResult {
  readonly name: string;
  readonly seconds: number;
  readonly outcome: 'ok' | 'failed';
  readonly note: string;
}

/** An operating error whose message already says what, where and how to mend: no stack is shown. */
export class SetupError extends Error {}

/** Runs named steps, says what each took, and remembers the outcomes for the final table. */
export class StepRunner {
  readonly #write: Report;
  readonly #results: StepResult[] = [];

  constructor(write: Report) {
    this.#write = write;
  }

  get results(): readonly StepResult[] {
    return this.#results;
  }

  /** Enters a step that was measured elsewhere. */
  record(result: StepResult): void {
    this.#results.push(result);
  }

  /**
   * Runs `work`, which may return a note for the table.
   * @returns true when it succeeded; a failure is reported and remembered, not thrown
   */
  async run(name: string, work: (report: Report) => Promise<string> | string): Promise<boolean> {
    this.#write(`-> ${name}`);
    const startedMs = performance.now();
    const report: Report = (line) => this.#write(`   ${line}`);
    let note = '';
    let outcome: StepResult['outcome'] = 'ok';
    try {
      note = await work(report);
    } catch (error) {
      outcome = 'failed';
      note = 'see above';
      this.#write(indent(describeError(error)));
    }
    const seconds = (performance.now() - startedMs) / 1000;
    this.record({ name, seconds, outcome, note });
    const suffix = outcome === 'ok' && note !== '' ? ` (${note})` : '';
    this.#write(`   ${outcome}: ${name}, ${seconds.toFixed(1)} s${suffix}`);
    return outcome === 'ok';
  }
}

/** Seconds and outcomes of all steps, one a line, aligned. */
export function formatTable(results: readonly StepResult[]): string {
  const width = Math.max(4, ...results.map((result) => result.name.length));
  const total = results.reduce((sum, result) => sum + result.seconds, 0);
  const line = (name: string, seconds: number, outcome: string, note: string): string =>
    [name.padEnd(width), `${seconds.toFixed(1).padStart(7)} s`, outcome.padEnd(6), note]
      .join('  ')
      .trimEnd();
  return [
    ...results.map((result) => line(result.name, result.seconds, result.outcome, result.note)),
    line('all', total, '', ''),
  ].join('\n');
}

function describeError(error: unknown): string {
  if (error instanceof SetupError) return error.message;
  if (error instanceof Error) return error.stack ?? error.message;
  return String(error);
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `   ${line}`)
    .join('\n');
}
