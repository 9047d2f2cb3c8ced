import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

test('a command allocates nothing, and a group little', async () => {
  const args = [MAIN, 'check', 'gc', '--commands', '1000000', '--group', '10', '--json'];
  const { error, stdout, stderr } = await new Promise<{
    readonly error: Error | null;
    readonly stdout: string;
    readonly stderr: string;
  }>((resolve) => {
    execFile(process.execPath, args, (failed, out, err) => {
      resolve({ error: failed, stdout: out, stderr: err });
    });
  });
  assert.equal(error, null, stderr);
  const figures = JSON.parse(stdout);
  assert(figures.bytesPerCommand < 0.5, `${figures.bytesPerCommand} bytes a command`);
  assert(figures.bytesPerGroup < 2_500, `${figures.bytesPerGroup} bytes a group`);
  assert(figures.commands >= 1_000_000 && figures.collections > 0);
});
