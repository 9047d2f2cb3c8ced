import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Repository } from './revision.ts';
import { withWorkFolder } from './work-folder.ts';

const run = promisify(execFile);
const hasGit = await run('git', ['--version']).then(
  () => true,
  () => false,
);
const skip = hasGit ? false : 'git is not installed';
const never = new AbortController().signal;

async function git(folder: string, ...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org'];
  return (await run('git', ['-C', folder, ...identity, ...args])).stdout;
}

/** Two commits of an engine package, and what is installed beside it. */
async function makeRepository(folder: string): Promise<string> {
  const root = join(await realpath(folder), 'repository');
  const engine = join(root, 'shared', 'engine');
  await mkdir(join(engine, 'build'), { recursive: true });
  await git(root, 'init', '--quiet');
  await writeFile(join(root, '.gitignore'), 'node_modules\nbuild\n');
  for (const version of ['old', 'new']) {
    await writeFile(join(engine, 'index.ts'), version);
    await git(root, 'add', '.');
    await git(root, 'commit', '--quiet', '-m', version);
  }
  await writeFile(join(engine, 'build', 'kernel.wasm'), 'compiled');
  const modules = join(root, 'node_modules');
  await mkdir(join(modules, '@foldbook'), { recursive: true });
  await mkdir(join(modules, 'someone'));
  await writeFile(join(modules, 'someone', 'index.js'), 'theirs');
  await symlink('../../shared/engine', join(modules, '@foldbook', 'engine'));
  return root;
}

test('another commit: its own packages, everything else shared, and gone in the end', {
  skip,
}, async () => {
  await withWorkFolder(async (folder) => {
    const root = await makeRepository(folder);
    const repository = new Repository(root, never);
    const tree = join(folder, 'tree');
    const engine = join(root, 'shared', 'engine');
    const seen = await repository.withRevision('HEAD~1', tree, engine, async (revision) => {
      const modules = join(tree, 'node_modules');
      const read = (...path: string[]) => readFile(join(...path), 'utf8');
      return {
        commit: revision.commit === (await repository.commitOf('HEAD~1')),
        engine: await read(revision.engineFolder, 'index.ts'),
        installedEngine: await read(modules, '@foldbook', 'engine', 'index.ts'),
        compiled: await read(revision.engineFolder, 'build', 'kernel.wasm'),
        others: await read(modules, 'someone', 'index.js'),
      };
    });
    assert.deepEqual(seen, {
      commit: true,
      engine: 'old',
      installedEngine: 'old',
      compiled: 'compiled',
      others: 'theirs',
    });
    assert(!existsSync(tree));
    assert.equal((await git(root, 'worktree', 'list')).trim().split('\n').length, 1);
    assert.equal(
      await readFile(join(root, 'node_modules', 'someone', 'index.js'), 'utf8'),
      'theirs',
    );
  });
});

test('a failure in between takes the other commit away too', { skip }, async () => {
  await withWorkFolder(async (folder) => {
    const root = await makeRepository(folder);
    const tree = join(folder, 'tree');
    const engine = join(root, 'shared', 'engine');
    const use = () => Promise.reject(new Error('in between'));
    await assert.rejects(new Repository(root, never).withRevision('HEAD', tree, engine, use), {
      message: 'in between',
    });
    assert(!existsSync(tree));
    assert.equal((await git(root, 'worktree', 'list')).trim().split('\n').length, 1);
  });
});

test('what is changed, and what is no commit', { skip }, async () => {
  await withWorkFolder(async (folder) => {
    const root = await makeRepository(folder);
    const repository = new Repository(root, never);
    assert.equal(await repository.isChanged(['shared/engine']), false);
    await writeFile(join(root, 'shared', 'engine', 'index.ts'), 'newer');
    assert.equal(await repository.isChanged(['shared/engine']), true);
    for (const name of ['nope', '--help', '']) {
      await assert.rejects(repository.commitOf(name), { code: 'REVISION_UNUSABLE', status: 2 });
    }
    await assert.rejects(new Repository(folder, never).commitOf('HEAD'), {
      code: 'REVISION_UNUSABLE',
      message: /not a git repository/,
    });
  });
});
