// Plain JavaScript without dependencies: this runs on whatever Node the machine has (20 or newer),
// before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const ownNode = join(projectRoot, 'node_modules', 'node', 'bin', 'node');

/** The version of Node the project asks for, from its lockfile, e.g. `24.21.0`. */
export function wantedNodeVersion() {
  const lock = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8'));
  return lock.packages['node_modules/node'].version;
}

/**
 * @param {string} version e.g. `v20.11.0`
 * @param {string} wanted e.g. `24.21.0`
 * @returns {boolean} version is wanted or newer
 */
export function isAtLeast(version, wanted) {
  const have = version.replace(/^v/, '').split('.').map(Number);
  const want = wanted.split('.').map(Number);
  for (let i = 0; i < want.length; i += 1) {
    const difference = (have[i] ?? 0) - (want[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/**
 * The Node that runs the project: this process's own where it is new enough, else the one npm
 * installed.
 * @returns {string | undefined} path, or undefined when there is none (nothing installed yet)
 */
export function projectNode() {
  if (isAtLeast(process.version, wantedNodeVersion())) return process.execPath;
  if (!existsSync(ownNode)) return undefined;
  const probe = spawnSync(ownNode, ['--version'], { encoding: 'utf8' });
  return probe.status === 0 ? ownNode : undefined;
}

/**
 * Has this process and all that it starts keep what Node made of the sources, and use what was kept:
 * to strip some 300 files of their types is most of what a start takes. Node sees by their contents
 * whether a file has changed. Where the folder can't be written nothing is kept. Whoever starts it
 * may name another folder (NODE_COMPILE_CACHE), or want none (NODE_DISABLE_COMPILE_CACHE=1).
 */
export function keepCompiled() {
  process.env.NODE_COMPILE_CACHE ??= join(projectRoot, '.cache', 'compiled');
  // Not in Node 20, which does not run the project.
  module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
}

/**
 * Goes on in another Node process and ends this one as that one ended: same exit code, same signal.
 * @param {string} node path of the Node to run
 * @param {readonly string[]} args its arguments
 */
export function continueUnder(node, args) {
  const child = spawn(node, args, { stdio: 'inherit' });
  // A terminal's Ctrl-C reaches the whole process group: passing it on would deliver it twice, and
  // a second one asks for a hard stop.
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on('SIGINT', () => {
    if (!onTerminal) child.kill('SIGINT');
  });
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR2']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', (error) => {
    process.stderr.write(`foldbook: cannot start ${node}: ${error.message}; run: npm run setup\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    // Reached only where the signal does not end this process.
    setTimeout(() => process.exit(128 + constants.signals[signal]), 1000);
  });
}
