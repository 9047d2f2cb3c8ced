import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { isAtLeast, projectRoot } from './project-node.mjs';

const MODULE = JSON.stringify(new URL('./project-node.mjs', import.meta.url).href);

/** Where a process and a child of it keep what is compiled, after `keepCompiled`. */
async function keptIn(env: NodeJS.ProcessEnv): Promise<[string, string]> {
  const ask = `import module from 'node:module';
    process.stdout.write(module.getCompileCacheDir() ?? 'none');`;
  const script = `import { spawnSync } from 'node:child_process';
    import { keepCompiled } from ${MODULE};
    keepCompiled();
    const args = ['--input-type=module', '--eval', ${JSON.stringify(ask)}];
    process.stdout.write(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout + ' ');
    ${ask}`;
  const { NODE_COMPILE_CACHE: _, ...others } = process.env;
  const args = ['--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...others, ...env },
  });
  const [child = '', own = ''] = stdout.split(' ');
  return [own, child];
}

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

test('what is compiled is kept in the project, for processes that are started, too', async () => {
  const [own, child] = await keptIn({});
  assert(own.startsWith(join(projectRoot, '.cache', 'compiled')), own);
  assert.equal(child, own);
});

test('or where whoever starts it wants it, or nowhere', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'foldbook-kept-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const where of await keptIn({ NODE_COMPILE_CACHE: folder })) {
    assert(where.startsWith(folder), where);
  }
  assert.deepEqual(await keptIn({ NODE_DISABLE_COMPILE_CACHE: '1' }), ['none', 'none']);
});
