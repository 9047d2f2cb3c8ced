import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path/posix';
import ts from 'typescript';
import { isTestFile, lineAt, type SourceFile, type Violation } from './source-file.ts';

/** A package of this repository. */
export interface Workspace {
  /** Relative to the repository, e.g. `shared/engine`. */
  readonly dir: string;
  readonly name: string;
  /** Names of its declared dependencies. */
  readonly dependencies: readonly string[];
}

interface Import {
  readonly specifier: string;
  readonly line: number;
}

/**
 * Which shared packages each package may import; ARCHITECTURE gives the reasons. A directory that
 * isn't listed is refused, so that a new package gets its place in the order on purpose.
 */
const ALLOWED_SHARED: Readonly<Record<string, readonly string[]>> = {
  'shared/protocol': [],
  'shared/bn254': [],
  'shared/engine': ['protocol'],
  'shared/stark': ['protocol'],
  'shared/runtime': ['protocol'],
  'shared/history': ['protocol', 'engine', 'runtime'],
  // The verifier, for receipts: what a client takes has to convince a third party.
  'shared/client': ['protocol', 'engine', 'runtime', 'verifier'],
  // Not runtime: it brings NATS, and a verifier depends on nothing an operator runs.
  'shared/verifier': ['protocol', 'bn254', 'engine', 'stark'],
  circuits: ['protocol'],
};

/** Licensed GPL-3.0: only the packages that carry that license may link them. */
const GPL_PACKAGES =
  /^(snarkjs|ffjavascript|circom2|circomlib|circomlibjs|circom_runtime|r1csfile|@iden3\/.+)$/;
const GPL_DIRS = ['circuits', 'services/prover'];

const VERIFIER_BANNED = /^(nats|ioredis|redis|bullmq|snarkjs|@nats-io\/.+)$/;

/** Every breach of the dependency rule among `files`. */
export function checkDependencies(
  files: readonly SourceFile[],
  workspaces: readonly Workspace[],
): Violation[] {
  return files
    .filter((file) => /\.(ts|mts|mjs|js)$/.test(file.path) && !file.path.endsWith('.d.mts'))
    .flatMap((file) => {
      const workspace = workspaces.find(({ dir }) => file.path.startsWith(`${dir}/`));
      if (workspace === undefined) return [];
      return importsOf(file).flatMap((found) =>
        checkImport(file.path, found.specifier, workspace, workspaces).map((message) => ({
          path: file.path,
          line: found.line,
          message,
        })),
      );
    });
}

function importsOf(file: SourceFile): Import[] {
  const { importedFiles } = ts.preProcessFile(file.text, true, true);
  return importedFiles.map(({ fileName, pos }) => ({
    specifier: fileName,
    line: lineAt(file.text, pos),
  }));
}

function checkImport(
  path: string,
  specifier: string,
  workspace: Workspace,
  workspaces: readonly Workspace[],
): string[] {
  if (specifier.startsWith('.')) return checkRelative(path, specifier, workspace);
  if (specifier.startsWith('node:')) return [];
  if (isBuiltin(specifier)) return [`write node:${specifier}`];
  const name = packageName(specifier);
  const target = workspaces.find((candidate) => candidate.name === name);
  const messages = target === undefined ? [] : checkOrder(path, workspace, target);
  if (target === workspace) return [];
  if (GPL_PACKAGES.test(name) && !GPL_DIRS.includes(workspace.dir)) {
    messages.push(`${name} is GPL-3.0: only ${GPL_DIRS.join(' and ')} may import it`);
  }
  if (workspace.dir === 'shared/verifier' && VERIFIER_BANNED.test(name)) {
    messages.push(`the verifier must not import ${name}: it runs without brokers and provers`);
  }
  // fast-check is the root's; tests may also use other shared packages without declaring them.
  const isTestOnly = isTestFile(path) && (target !== undefined || name === 'fast-check');
  if (!workspace.dependencies.includes(name) && !isTestOnly) {
    messages.push(`${name} is not declared in ${workspace.dir}/package.json; declare it there`);
  }
  return messages;
}

function checkRelative(path: string, specifier: string, workspace: Workspace): string[] {
  const target = join(dirname(path), specifier);
  if (target.startsWith(`${workspace.dir}/`)) return [];
  // The launcher starts before anything is installed, so it can't import by package name.
  if (path.startsWith('services/cli/bin/') && target.startsWith('infra/setup/')) return [];
  if (path === `${workspace.dir}/build.ts` && target.startsWith('infra/setup/')) return [];
  // The compiler of kernels knows no packages: what two share is compiled into both, by its path.
  const isKernel = path.startsWith('shared/history/assembly/');
  if (isKernel && target.startsWith('shared/engine/assembly/')) return [];
  return [`${specifier} leaves ${workspace.dir}; import other packages by name`];
}

function checkOrder(path: string, from: Workspace, to: Workspace): string[] {
  if (from === to) return [];
  if (to.dir === 'circuits') {
    return GPL_DIRS.includes(from.dir) ? [] : [`${to.name} is GPL-3.0: only the prover imports it`];
  }
  if (to.dir.startsWith('services/')) {
    if (from.dir === 'services/simulation') return [];
    return [`${from.dir} must not import a service (${to.name}); start it as a process`];
  }
  if (from.dir.startsWith('services/') || isTestFile(path)) return [];
  const allowed = ALLOWED_SHARED[from.dir];
  if (allowed === undefined) {
    return [`${from.dir} has no place in the dependency order; give it one in dependency-rule.ts`];
  }
  if (allowed.some((name) => to.dir === `shared/${name}`)) return [];
  const list = allowed.length === 0 ? 'nothing' : `only ${allowed.join(', ')}`;
  return [`${from.dir} must not import ${to.name}: of this repository it imports ${list}`];
}

function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}
