// Plain JavaScript: this step is what makes everything else available.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { withLock } from './lock.mjs';
import { projectNode, projectRoot } from './project-node.mjs';

/** Where an installation says what it was made from. */
const stampFile = join(projectRoot, 'node_modules', '.foldbook-installed');
const SHOWN_LINES = 25;

/**
 * What an installation depends on: it is redone when one of these differs. Of package.json only
 * what the lockfile doesn't repeat: npm ci empties node_modules under whoever is using it, which a
 * new script entry is no reason for.
 */
function wantedStamp() {
  const read = (name) => readFileSync(join(projectRoot, name), 'utf8');
  const { allowScripts } = JSON.parse(read('package.json'));
  const hash = createHash('sha256');
  for (const part of [read('package-lock.json'), JSON.stringify(allowScripts), read('.npmrc')]) {
    hash.update(part);
  }
  return `${hash.digest('hex')} ${process.platform}-${process.arch}\n`;
}

function isInstalled() {
  return (
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === wantedStamp() &&
    projectNode() !== undefined
  );
}

/** The npm that started this process, else the one on PATH. */
function npmCommand() {
  const running = process.env.npm_execpath;
  if (running !== undefined && basename(running) === 'npm-cli.js') {
    return [process.execPath, running];
  }
  return ['npm'];
}

function npmCi() {
  // Said on the command line because a machine's own settings (NODE_ENV=production,
  // ignore-scripts) would leave out the compiler or Node; which packages may run scripts is
  // package.json's allowScripts.
  const [command, ...first] = npmCommand();
  const args = [...first, 'ci', '--include=dev', '--include=optional', '--ignore-scripts=false'];
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    child.on('error', (error) =>
      reject(new Error(`cannot run npm (${error.message}); install npm 10 or newer`)),
    );
    child.on('close', (code) => {
      if (code === 0) resolve();
      else {
        const lines = output.trimEnd().split('\n').slice(-SHOWN_LINES).join('\n');
        reject(
          new Error(
            `npm ci failed in ${projectRoot}, exit code ${code}:\n${lines}\n` +
              'Mend: check that the npm registry answers (npm ping), then run the command again.',
          ),
        );
      }
    });
  });
}

/**
 * Installs the dependencies unless the present ones fit the lockfile.
 * @param {(line: string) => void} report
 * @returns {Promise<boolean>} something was installed
 */
export async function ensureInstalled(report) {
  if (isInstalled()) return false;
  const lock = join(projectRoot, '.cache', 'install.lock');
  const onWait = (pid) => report(`waiting for process ${pid}, which is installing`);
  return withLock(
    lock,
    async () => {
      if (isInstalled()) return false;
      report('installing the dependencies (npm ci)');
      await npmCi();
      if (projectNode() === undefined) {
        throw new Error(
          `npm ci left no working Node in ${join(projectRoot, 'node_modules', 'node', 'bin')} for ` +
            `${process.platform}-${process.arch}.\nMend: run npm rebuild node --foreground-scripts ` +
            'and read its output.',
        );
      }
      writeFileSync(stampFile, wantedStamp());
      return true;
    },
    { onWait },
  );
}
