import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readReadme, renderReadme } from './docs.ts';

test('README.md is up to date (if not: node shared/protocol/docs.ts)', () => {
  const readme = readReadme();
  assert.equal(renderReadme(readme), readme);
});

test('a part that is missing is reported, not skipped', () => {
  assert.throws(() => renderReadme('# nothing'), /README.md has no "<!-- result-codes/);
});
