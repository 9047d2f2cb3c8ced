import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { mustRun, runCommand } from './commands.ts';
import { SetupError } from './steps.ts';

/**
 * Debian packages unpacked into a folder, without root and without changing the system: apt works
 * in a private state folder, on the machine's own sources with the suite's name replaced.
 */
export interface DebianArchive {
  /** Versions apt would install to have `packageName`, itself included: `name=version`. */
  missingPackages(packageName: string): Promise<string[]>;
  /** Unpacks packages, each `name`, `name=version` or `name/suite`, into `targetDir`. */
  unpack(packages: readonly string[], targetDir: string): Promise<void>;
  close(): void;
}

const SOURCES_DIR = '/etc/apt/sources.list.d';

/** Codename from /etc/os-release where this is a machine with apt and dpkg, else undefined. */
export function debianSuite(osReleaseFile = '/etc/os-release'): string | undefined {
  const tools = ['/usr/bin/apt-get', '/usr/bin/dpkg'];
  if (!existsSync(osReleaseFile) || !tools.every((tool) => existsSync(tool))) return undefined;
  const match = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(readFileSync(osReleaseFile, 'utf8'));
  return match?.[1];
}

/**
 * Rewrites the entries of apt sources that are for `ownSuite` to other suites. All others are
 * dropped: a suite under development has no security part, and other vendors' have no suites.
 * @param text content of a `.list` (one entry a line) or `.sources` (stanzas) file
 */
export function rewriteSources(
  text: string,
  format: 'list' | 'sources',
  ownSuite: string,
  suites: readonly string[],
): string {
  if (format === 'list') {
    const lines = text.split('\n').flatMap((line) => {
      const match = /^deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)$/.exec(line.trim());
      const [, options = '', uri = '', suite = '', components = ''] = match ?? [];
      if (suite !== ownSuite || !hasMain(components)) return [];
      return suites.map((name) => `deb ${options}${uri} ${name} ${components}`);
    });
    return lines.join('\n');
  }
  const stanzas = text
    .split(/\n\s*\n/)
    .map((stanza) => stanza.replace(/^#.*\n?/gm, '').trim())
    .filter((stanza) => {
      const field = (name: string): string =>
        new RegExp(`^${name}:(.*)$`, 'm').exec(stanza)?.[1]?.trim() ?? '';
      return field('Suites').split(/\s+/).includes(ownSuite) && hasMain(field('Components'));
    })
    .map((stanza) =>
      stanza
        .replace(/^Types:.*$/m, 'Types: deb')
        .replace(/^Suites:.*$/m, `Suites: ${suites.join(' ')}`),
    );
  return stanzas.join('\n\n');
}

function hasMain(components: string): boolean {
  return components.split(/\s+/).includes('main');
}

/** `name=version` of every package that `apt-get --simulate install` says it would install. */
export function parseSimulation(output: string): string[] {
  return [...output.matchAll(/^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) /gm)].map(
    ([, name, version]) => `${name}=${version}`,
  );
}

/** Fetches the package lists of the given suites besides the machine's own. */
export async function openDebianArchive(
  ownSuite: string,
  otherSuites: readonly string[],
): Promise<DebianArchive> {
  const stateDir = mkdtempSync(join(tmpdir(), 'foldbook-apt-'));
  const close = (): void => rmSync(stateDir, { recursive: true, force: true });
  try {
    const aptArgs = preparePrivateState(stateDir, ownSuite, [ownSuite, ...otherSuites]);
    // One source of several that doesn't answer is no failure yet: what counts is whether the
    // packages can be had. The complaint is kept for the message in case they can't.
    const update = await runCommand('apt-get', [...aptArgs, 'update', '-qq']);
    const explain = (error: unknown): never => {
      const detail = error instanceof Error ? error.message : String(error);
      throw new SetupError(`${detail}\n${update.output.trim()}`.trim());
    };
    return {
      missingPackages: async (packageName) => {
        const args = ['--simulate', '--no-install-recommends', 'install', packageName];
        return parseSimulation(await mustRun('apt-get', [...aptArgs, ...args]).catch(explain));
      },
      unpack: (packages, targetDir) =>
        unpack(aptArgs, stateDir, packages, targetDir).catch(explain),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function preparePrivateState(
  stateDir: string,
  ownSuite: string,
  suites: readonly string[],
): string[] {
  for (const dir of ['lists/partial', 'archives/partial', 'sources', 'log', 'debs']) {
    mkdirSync(join(stateDir, dir), { recursive: true });
  }
  const sourceFiles = ['/etc/apt/sources.list'];
  if (existsSync(SOURCES_DIR)) {
    sourceFiles.push(...readdirSync(SOURCES_DIR).map((name) => join(SOURCES_DIR, name)));
  }
  let entries = 0;
  for (const file of sourceFiles) {
    const format = file.endsWith('.sources') ? 'sources' : 'list';
    if (!existsSync(file) || !/\.(list|sources)$/.test(file)) continue;
    const rewritten = rewriteSources(readFileSync(file, 'utf8'), format, ownSuite, suites);
    if (rewritten === '') continue;
    entries += 1;
    writeFileSync(join(stateDir, 'sources', basename(file)), `${rewritten}\n`);
  }
  if (entries === 0) throw new SetupError(`no apt source for ${ownSuite} main in /etc/apt`);
  const settings = {
    'Dir::State': stateDir,
    'Dir::State::lists': join(stateDir, 'lists'),
    'Dir::State::status': '/var/lib/dpkg/status',
    'Dir::Cache': stateDir,
    'Dir::Log': join(stateDir, 'log'),
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': join(stateDir, 'sources'),
    'Dir::Etc::preferences': '/dev/null',
    // A later suite must not draw the machine's own packages along when a version is not named.
    'APT::Default-Release': ownSuite,
    'APT::Sandbox::User': userInfo().username,
    'Acquire::Languages': 'none',
    'Debug::NoLocking': 'true',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

async function unpack(
  aptArgs: readonly string[],
  stateDir: string,
  packages: readonly string[],
  targetDir: string,
): Promise<void> {
  const debsDir = mkdtempSync(join(stateDir, 'debs', 'download-'));
  await mustRun('apt-get', [...aptArgs, 'download', '-qq', ...packages], { cwd: debsDir });
  mkdirSync(targetDir, { recursive: true });
  for (const name of readdirSync(debsDir)) {
    await mustRun('dpkg', ['-x', join(debsDir, name), targetDir]);
  }
}
