/** Where the market data lies that is no part of the project. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

const folder = process.env.FOLDBOOK_DATA ?? join(import.meta.dirname, '../../../../shared/data');

/** A file's path; undefined, and the test skipped with the reason, where it is absent. */
export function dataFile(t: TestContext, ...path: string[]): string | undefined {
  const file = join(folder, ...path);
  if (existsSync(file)) return file;
  t.skip(`no ${file}: put the data there, or set FOLDBOOK_DATA`);
  return undefined;
}
