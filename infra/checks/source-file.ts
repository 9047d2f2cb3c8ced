/** A file as a check sees it. */
export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export interface Violation {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** What is wrong and how to mend it. */
  readonly message: string;
}

/** Line number, from 1, of an offset into a text. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < offset; i = text.indexOf('\n', i + 1)) line += 1;
  return line;
}

/** Tests, shared suites of tests, and what only tests use: allowed to import more. */
export function isTestFile(path: string): boolean {
  return /\.(test|fuzz|bench)\.ts$/.test(path) || /(^|\/)(test|testing|suite)\//.test(path);
}
