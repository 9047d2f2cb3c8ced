import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { runCommand } from './commands.ts';
import { type DebianArchive, debianSuite, openDebianArchive } from './debian-packages.ts';
import { withLock } from './lock.mjs';
import { isAtLeast, projectRoot } from './project-node.mjs';
import { type Report, SetupError } from './steps.ts';

/** Paths of the two server programs. */
export interface Servers {
  readonly natsServer: string;
  readonly redisServer: string;
}

interface ServerKind {
  readonly program: 'nats-server' | 'redis-server';
  readonly oldest: string;
  readonly whyOldest: string;
  /** A Debian suite that has a fit version; undefined: the machine's own does. */
  readonly debianSuite: string | undefined;
  /** Where the package puts the program, in order of preference. */
  readonly packagedPaths: readonly string[];
  readonly image: string;
}

const NATS: ServerKind = {
  program: 'nats-server',
  oldest: '2.12.0',
  whyOldest: 'older ones lack the sync settings and lose acknowledged messages in a crash',
  debianSuite: 'forky',
  packagedPaths: ['usr/sbin/nats-server', 'usr/bin/nats-server'],
  image: 'nats:2.12-alpine',
};

const REDIS: ServerKind = {
  program: 'redis-server',
  oldest: '6.2.0',
  whyOldest: 'the proof queue (BullMQ) needs it',
  debianSuite: undefined,
  packagedPaths: ['usr/bin/redis-server'],
  image: 'redis:7-alpine',
};

const CACHE_DIR = join(projectRoot, '.cache', 'servers');
const silent: Report = () => {};

/**
 * Real nats-server and redis-server programs: from PATH where their versions fit, else from the
 * repository's cache, else unpacked there from Debian's packages, else through Docker.
 * @throws SetupError that says what to install when none of these works
 */
export async function ensureServers(report: Report = silent): Promise<Servers> {
  const present = await findBoth();
  if (present !== undefined) return present;
  const onWait = (pid: number): void => report(`waiting for process ${pid}, which does the same`);
  return withLock(
    join(projectRoot, '.cache', 'servers.lock'),
    async () => {
      const natsServer = (await find(NATS)) ?? (await provide(NATS, report));
      const redisServer = (await find(REDIS)) ?? (await provide(REDIS, report));
      return { natsServer, redisServer };
    },
    { onWait },
  );
}

async function findBoth(): Promise<Servers | undefined> {
  const natsServer = await find(NATS);
  const redisServer = await find(REDIS);
  if (natsServer === undefined || redisServer === undefined) return undefined;
  return { natsServer, redisServer };
}

async function find(kind: ServerKind): Promise<string | undefined> {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const path of [
    ...folders.map((folder) => join(folder, kind.program)),
    join(CACHE_DIR, kind.program, 'run'),
  ]) {
    if (existsSync(path) && (await versionOf(path, kind)) !== undefined) return path;
  }
  return undefined;
}

/** Version in what `--version` prints: `nats-server: v2.15.0`, `Redis server v=7.0.15 sha=...`. */
export function parseServerVersion(output: string): string | undefined {
  return /\bv=?(\d+\.\d+\.\d+)/.exec(output)?.[1];
}

/** The program's version when it runs and is new enough, else undefined. */
async function versionOf(path: string, kind: ServerKind): Promise<string | undefined> {
  const { exitCode, output } = await runCommand(path, ['--version']);
  const version = exitCode === 0 ? parseServerVersion(output) : undefined;
  return version !== undefined && isAtLeast(version, kind.oldest) ? version : undefined;
}

async function provide(kind: ServerKind, report: Report): Promise<string> {
  const failures: string[] = [];
  for (const [source, attempt] of [
    ['Debian packages', fromDebian],
    ['Docker', fromDocker],
  ] as const) {
    report(`${kind.program}: trying ${source}`);
    const draftDir = join(CACHE_DIR, `${kind.program}.draft`);
    rmSync(draftDir, { recursive: true, force: true });
    mkdirSync(draftDir, { recursive: true });
    try {
      await attempt(kind, draftDir);
      const version = await versionOf(join(draftDir, 'run'), kind);
      if (version === undefined) throw new SetupError(`what it has isn't ${kind.oldest} or newer`);
      const finalDir = join(CACHE_DIR, kind.program);
      rmSync(finalDir, { recursive: true, force: true });
      renameSync(draftDir, finalDir);
      report(`${kind.program} ${version} from ${source}`);
      return join(finalDir, 'run');
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      failures.push(`- ${source}: ${error.message}`);
      rmSync(draftDir, { recursive: true, force: true });
    }
  }
  throw new SetupError(
    `${kind.program} ${kind.oldest} or newer (${kind.whyOldest}) is not on PATH, ` +
      `and could not be had from:\n${failures.join('\n')}\n${howToMend(kind)}`,
  );
}

function howToMend(kind: ServerKind): string {
  const wanted = `a ${kind.program} ${kind.oldest} or newer`;
  return [
    `Mend: put ${wanted} on PATH, then run the command again:`,
    `  macOS:  brew install ${kind === NATS ? 'nats-server' : 'redis'}`,
    kind === NATS
      ? '  Linux:  the release archive of nats-server from its GitHub page'
      : '  Debian: sudo apt-get install redis-server',
    `  or start Docker, which has it as ${kind.image}`,
  ].join('\n');
}

async function fromDebian(kind: ServerKind, targetDir: string): Promise<void> {
  const ownSuite = debianSuite();
  if (ownSuite === undefined) throw new SetupError('this machine has no apt and dpkg');
  const { debianSuite: laterSuite } = kind;
  const archive = await openDebianArchive(ownSuite, laterSuite === undefined ? [] : [laterSuite]);
  try {
    await archive.unpack(await packagesOf(kind, archive), join(targetDir, 'root'));
  } finally {
    archive.close();
  }
  const program = kind.packagedPaths.find((path) => existsSync(join(targetDir, 'root', path)));
  if (program === undefined) {
    throw new SetupError(`the package holds none of ${kind.packagedPaths.join(', ')}`);
  }
  writeProgram(join(targetDir, 'run'), packagedRunner(program));
}

/**
 * A later suite's nats-server stands alone (Go); its other dependencies would not fit this system.
 * Of the own suite everything that isn't installed is taken, shared libraries above all.
 */
async function packagesOf(kind: ServerKind, archive: DebianArchive): Promise<readonly string[]> {
  if (kind.debianSuite !== undefined) return [`${kind.program}/${kind.debianSuite}`];
  return archive.missingPackages(kind.program);
}

/** Script that runs an unpacked program with the libraries unpacked beside it. */
function packagedRunner(program: string): string {
  return [
    '#!/bin/sh',
    '# Written by the set-up: an unpacked Debian package, with the libraries it came with.',
    'root=$(dirname "$(readlink -f "$0")")/root',
    'libraries=$LD_LIBRARY_PATH',
    'for dir in "$root"/usr/lib/*-linux-* "$root"/lib/*-linux-* "$root"/usr/lib; do',
    '  [ -d "$dir" ] && libraries=$libraries:$dir',
    'done',
    // Without a leading colon: an empty entry would mean the current folder.
    'export LD_LIBRARY_PATH="$' + '{libraries#:}"',
    `exec "$root/${program}" "$@"`,
    '',
  ].join('\n');
}

async function fromDocker(kind: ServerKind, targetDir: string): Promise<void> {
  const { exitCode, output } = await runCommand('docker', ['info']);
  if (exitCode !== 0) throw new SetupError(`docker info fails: ${output.trim().split('\n').pop()}`);
  const pull = await runCommand('docker', ['pull', '--quiet', kind.image]);
  const local = await runCommand('docker', ['image', 'inspect', kind.image]);
  if (local.exitCode !== 0) {
    throw new SetupError(`cannot pull ${kind.image}: ${pull.output.trim()}`);
  }
  writeProgram(join(targetDir, 'run'), dockerRunner(kind.program, kind.image));
}

/**
 * Script that runs a program in a container as if it were local: same network, same user, and the
 * folders that its arguments may name at the same paths.
 */
export function dockerRunner(program: string, image: string): string {
  return [
    '#!/bin/sh',
    `# Written by the set-up: ${program} in a container, on the host's network.`,
    `tmp=\${TMPDIR:-${tmpdir()}}`,
    'exec docker run --rm --init --network host --user "$(id -u):$(id -g)" \\',
    `  -v "$tmp:$tmp" -v "${projectRoot}:${projectRoot}" -v "$PWD:$PWD" -w "$PWD" \\`,
    `  --entrypoint ${program} ${image} "$@"`,
    '',
  ].join('\n');
}

function writeProgram(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}
