import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from './commands.ts';
import { TestTally } from './test-tally.ts';

/** Hangs, does not end when it is asked to, and has a server that does not either. */
const HANGS = `import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
process.on('SIGTERM', () => {});
test('ends', () => {});
test('outer', async (t) => {
  const script = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)";
  const server = spawn(process.execPath, ['-e', script], { stdio: 'inherit' });
  writeFileSync(process.env.SERVER_FILE, String(server.pid));
  await t.test('inner', () => new Promise(() => {}));
});
test('waits', () => {});
setInterval(() => {}, 1000);
`;

/** Says what came of a hanging file, whose limit is over as soon as it hangs. */
const MAIN = `import { readFileSync } from 'node:fs';
const [runner, file] = process.argv.slice(2);
const { runTestFile } = await import(runner);
const limit = new AbortController();
const passed = [];
const accept = ({ type, data }) => {
  if (type === 'test:pass') passed.push(data.name);
  if (type === 'test:dequeue' && data.name === 'inner') limit.abort();
};
const unfinished = await runTestFile(file, { limit: limit.signal, accept });
const server = readFileSync(process.env.SERVER_FILE, 'utf8');
console.log(JSON.stringify({ passed, unfinished, server }));
`;

/** True for what has ended, though nobody may have asked how. */
async function isGone(id: string): Promise<boolean> {
  const { output } = await runCommand('ps', ['-o', 'stat=', '-p', id]);
  return output.trim() === '' || output.trim().startsWith('Z');
}

test('a file that hangs is killed with all that it started, and its tests are named', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'foldbook-limit-'));
  try {
    const [main, file] = [join(dir, 'main.mjs'), join(dir, 'hangs.test.ts')];
    writeFileSync(main, MAIN);
    writeFileSync(file, HANGS);
    const { NODE_TEST_CONTEXT: _, ...rest } = process.env;
    const env = { ...rest, SERVER_FILE: join(dir, 'server') };
    const args = [main, join(import.meta.dirname, 'test-file-run.ts'), file];
    // It ends when all have closed its output: the server, too.
    const { output } = await runCommand(process.execPath, args, { env });
    const { passed, unfinished, server } = JSON.parse(output);
    assert.deepEqual([passed, unfinished], [['ends'], ['outer', 'inner']]);
    assert.ok(await isGone(server));
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a file that did not end in its time is one failure', () => {
  const tally = new TestTally(['a.test.ts']);
  tally.expire('a.test.ts', 300_000, ['outer', 'inner']);
  const error = { failureType: 'testAborted', message: 'The operation was aborted' };
  const data = { name: 'a.test.ts', file: 'a.test.ts', nesting: 0, details: { error } };
  tally.accept({ type: 'test:fail', data });
  const message = 'not ended after 300 s, and killed; unfinished: outer, inner';
  const failures = [{ file: 'a.test.ts', name: '(file)', message }];
  assert.deepEqual(tally.finish(), { passed: 0, skipped: [], failures });
});
