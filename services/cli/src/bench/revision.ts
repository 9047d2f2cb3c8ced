/** Another commit of this repository, checked out in a folder of its own. */
import { cp, mkdir, readdir, readlink, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { BenchError } from './bench-error.ts';
import { lastWords, runTool } from './tool.ts';

/** Packages of this repository in node_modules; all others are shared with the other commit. */
const OWN_SCOPE = '@foldbook';

export interface Revision {
  /** As git abbreviates it. */
  readonly commit: string;
  /** Of its engine package. */
  readonly engineFolder: string;
}

/** Git in one repository. */
export class Repository {
  readonly #root: string;
  readonly #signal: AbortSignal;

  constructor(root: string, signal: AbortSignal) {
    this.#root = root;
    this.#signal = signal;
  }

  /** Whether any of these paths differs from what is committed. */
  async isChanged(paths: readonly string[]): Promise<boolean> {
    return (await this.#git('status', '--porcelain', '--', ...paths)) !== '';
  }

  /** The abbreviated commit that a name stands for. */
  commitOf(name: string): Promise<string> {
    return this.#git('rev-parse', '--short', '--verify', '--end-of-options', `${name}^{commit}`);
  }

  /**
   * Checks a commit out into `folder`, which must not exist, for as long as `use` takes. It gets
   * the packages that are installed here, and the compiled kernel, which serves if it came from the
   * same sources.
   * @param engineFolder - this tree's engine package
   */
  async withRevision<T>(
    name: string,
    folder: string,
    engineFolder: string,
    use: (revision: Revision) => Promise<T>,
  ): Promise<T> {
    const commit = await this.commitOf(name);
    await this.#git('worktree', 'add', '--detach', '--quiet', folder, commit);
    try {
      await shareModules(join(this.#root, 'node_modules'), join(folder, 'node_modules'));
      const itsEngine = join(folder, relative(this.#root, engineFolder));
      await copyIfThere(join(engineFolder, 'build'), join(itsEngine, 'build'));
      return await use({ commit, engineFolder: itsEngine });
    } finally {
      // Also after an interrupt: git remembers checked-out folders.
      const git = ['-C', this.#root, 'worktree', 'remove', '--force', folder];
      await runTool('git', git, new AbortController().signal);
    }
  }

  async #git(...args: string[]): Promise<string> {
    const result = await runTool('git', ['-C', this.#root, ...args], this.#signal);
    if (result.status === 0) return result.stdout.trim();
    const words =
      result.status === undefined
        ? 'git is not installed; install it'
        : `git ${args[0]}: ${lastWords(result)}; name a commit of this repository`;
    throw new BenchError('REVISION_UNUSABLE', `no other commit to measure: ${words}`);
  }
}

async function shareModules(from: string, to: string): Promise<void> {
  await mkdir(join(to, OWN_SCOPE), { recursive: true });
  for (const name of await readdir(from)) {
    if (name !== OWN_SCOPE) await symlink(join(from, name), join(to, name));
  }
  // Links relative to node_modules: in the other tree they lead to its own packages.
  for (const name of await readdir(join(from, OWN_SCOPE))) {
    await symlink(await readlink(join(from, OWN_SCOPE, name)), join(to, OWN_SCOPE, name));
  }
}

async function copyIfThere(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
