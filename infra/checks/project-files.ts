import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../setup/steps.ts';

/**
 * The project's files: tracked ones and new ones that git does not ignore, as paths relative to
 * `root` with forward slashes, sorted. New ones count so that a check says before the commit what
 * it would say after.
 */
export function listProjectFiles(root: string): string[] {
  let output: string;
  try {
    const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
    output = execFileSync('git', ['-c', `safe.directory=${root}`, ...args], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new SetupError(`cannot list the files of ${root} with git (${detail}); use a git clone`);
  }
  const files = output.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
  return [...new Set(files)].sort();
}
