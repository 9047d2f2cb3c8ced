import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { isAtLeast } from './project-node.mjs';

const MODULE = JSON.stringify(new URL('./project-node.mjs', import.meta.url).href);

/** Starts a process that goes on in another one, which runs `code`. */
function startLauncher(code: string) {
  const script = `import { continueUnder } from ${MODULE};
    continueUnder(process.execPath, ['--eval', ${JSON.stringify(code)}]);`;
  return spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

test('versions compare by number, not by text', () => {
  assert.equal(isAtLeast('v24.21.0', '24.21.0'), true);
  assert.equal(isAtLeast('v24.9.0', '24.21.0'), false);
  assert.equal(isAtLeast('v20.20.2', '24.21.0'), false);
  assert.equal(isAtLeast('v26.0.0', '24.21.0'), true);
});

test('exit code and input are passed through', async () => {
  const launcher = startLauncher("process.stdin.once('data', (d) => process.exit(Number(d)));");
  launcher.stdin.end('7');
  assert.deepEqual(await once(launcher, 'exit'), [7, null]);
});

test('signals reach the program, which may end in its own way', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const launcher = startLauncher(
      `process.on('${signal}', () => process.exit(5)); setInterval(() => {}, 1000);
       process.stdout.write('ready');`,
    );
    await once(launcher.stdout, 'data');
    launcher.kill(signal);
    assert.deepEqual(await once(launcher, 'exit'), [5, null], signal);
  }
});

test('a program that a signal ends takes the launcher with it', async () => {
  const launcher = startLauncher("setInterval(() => {}, 1000); process.stdout.write('ready');");
  await once(launcher.stdout, 'data');
  launcher.kill('SIGTERM');
  assert.deepEqual(await once(launcher, 'exit'), [null, 'SIGTERM']);
});
