import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from './commands.ts';
import { formatTotals } from './test-tally.ts';

/** Runs the given test files as `npm test` does; in a process of its own, as runs can't nest. */
async function runFixtures(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'foldbook-tally-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(dir, name), `import { describe, test } from 'node:test';\n${text}`);
    }
    const names = Object.keys(files).filter((name) => name.endsWith('.test.ts'));
    const paths = names.map((name) => join(dir, name));
    const runner = JSON.stringify(join(import.meta.dirname, 'test-run.ts'));
    const script = `import { runTestFiles } from ${runner};
      const { passed, skipped, failures } = await runTestFiles(process.argv.slice(2), () => {});
      const failed = failures.map(({ file, name }) => file.split('/').at(-1) + ' ' + name);
      const left = skipped.map(({ name, reason }) => name + ': ' + reason);
      console.log(JSON.stringify({ passed, skipped: left, failed }));`;
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const main = join(dir, 'main.mjs');
    writeFileSync(main, script);
    return (await runCommand(process.execPath, [main, ...paths], { env })).output.trim();
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test('tests are counted, suites and parents are not failures of their own', async () => {
  const output = await runFixtures({
    'a.test.ts': `describe('suite', () => {
      test('passes', () => {});
      test('fails', () => { throw new Error('planted'); });
      test('skipped', { ['skip']: true }, () => {});
      test('explained', { ['skip']: 'needs root' }, () => {});
      test('parent', async (t) => { await t.test('child', () => { throw new Error('x'); }); });
    });`,
  });
  assert.deepEqual(JSON.parse(output), {
    passed: 1,
    skipped: ['skipped: ', 'explained: needs root'],
    failed: ['a.test.ts fails', 'a.test.ts child'],
  });
});

test('a file that runs no test, breaks on import or ends early is a failure', async () => {
  const output = await runFixtures({
    'empty.test.ts': '',
    'broken.test.ts': "import './missing.ts';",
    'early.test.ts': `test('a', () => {}); test('b', () => process.exit(0)); test('c', () => {});`,
    'fine.test.ts': `test('fine', () => {});`,
  });
  const { passed, failed } = JSON.parse(output);
  assert.deepEqual(
    { passed, failed: failed.sort() },
    {
      passed: 1,
      failed: ['broken.test.ts (file)', 'early.test.ts (file)', 'empty.test.ts (file)'],
    },
  );
});

test('tests that a shared suite defines are counted', async () => {
  const output = await runFixtures({
    'suite.ts': `export const suite = () => {
      test('in the suite', () => {});
      test('fails in the suite', () => { throw new Error('planted'); });
    };`,
    'uses.test.ts': "import { suite } from './suite.ts'; suite();",
  });
  assert.deepEqual(JSON.parse(output), {
    passed: 1,
    skipped: [],
    failed: ['suite.ts fails in the suite'],
  });
});

test('the last line', () => {
  assert.equal(formatTotals(12, 0, 0), '12 passed, 0 failed');
  assert.equal(formatTotals(12, 1, 2), '12 passed, 1 failed, 2 skipped');
});
