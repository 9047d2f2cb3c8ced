import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError } from '../setup/steps.ts';
import { checkDependencies, type Workspace } from './dependency-rule.ts';
import { checkDeterminism } from './determinism-rule.ts';
import { listProjectFiles } from './project-files.ts';
import type { SourceFile, Violation } from './source-file.ts';
import { checkTidy } from './tidy.ts';

/** Written by programs or taken from others as they are. */
const NOT_OURS = /(^|\/)(vectors|LICENSE$)/;

export interface RepositoryCheck {
  readonly files: number;
  readonly violations: readonly Violation[];
}

/** Applies the dependency rule and the house rules to all files of the repository at `root`. */
export function checkRepository(root: string): RepositoryCheck {
  const files: SourceFile[] = listProjectFiles(root)
    .filter((path) => !NOT_OURS.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
  const workspaces = files
    .filter(({ path }) => /^((shared|services)\/[^/]+|circuits)\/package\.json$/.test(path))
    .map(readWorkspace);
  const violations = [
    ...checkDependencies(files, workspaces),
    ...files.flatMap(checkDeterminism),
    ...files.flatMap(checkTidy),
  ];
  return { files: files.length, violations };
}

function readWorkspace(file: SourceFile): Workspace {
  const manifest: unknown = JSON.parse(file.text);
  if (typeof manifest !== 'object' || manifest === null || !('name' in manifest)) {
    throw new SetupError(`${file.path} has no name`);
  }
  const groups = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];
  const dependencies = groups.flatMap((group) => {
    const declared: unknown = Reflect.get(manifest, group);
    return typeof declared === 'object' && declared !== null ? Object.keys(declared) : [];
  });
  return { dir: file.path.replace('/package.json', ''), name: String(manifest.name), dependencies };
}
