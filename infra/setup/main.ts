import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { checkRepository } from '../checks/repository.ts';
import { buildBn254, buildCircuits, buildHistory, buildKernel, buildStark } from './build.ts';
import { mustRun, runCommand, runVisibly } from './commands.ts';
import { keepCompiled, projectRoot } from './project-node.mjs';
import { ensureServers } from './servers.ts';
import { formatTable, SetupError, StepRunner } from './steps.ts';
import { listTestFiles, runTestFiles } from './test-run.ts';
import { formatTotals, type TestTotals } from './test-tally.ts';

const DEMO_SECONDS = 3;
const TESTS_STEP = 'tests';
const FOLDBOOK = join(projectRoot, 'services', 'cli', 'bin', 'foldbook.mjs');
const TSC = join(projectRoot, 'node_modules', 'typescript', 'bin', 'tsc');
const BIOME = join(projectRoot, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');

const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<number> {
  const [installMs = '0', command = '', ...args] = process.argv.slice(2);
  // Programs that steps and tests start find the project's Node and tools first.
  const tools = join(projectRoot, 'node_modules', '.bin');
  process.env.PATH = `${tools}${delimiter}${process.env.PATH ?? ''}`;
  keepCompiled();
  const steps = new StepRunner(write);
  recordInstall(steps, Number(installMs));
  switch (command) {
    case 'test':
      return test(steps, args);
    case 'demo':
      return demo(steps, args);
    case 'build':
      return finish(steps, await setUp(steps));
    case 'setup':
      return finish(steps, (await setUp(steps)) && (await provideServers(steps)));
    case 'lint':
      return runVisibly(process.execPath, [BIOME, 'check', '--error-on-warnings', ...args], inRoot);
    case 'format':
      return runVisibly(process.execPath, [BIOME, 'check', '--write', ...args], inRoot);
    case 'types':
      return runVisibly(process.execPath, [TSC, '--noEmit', ...args], inRoot);
    case 'check':
      return finish(steps, await steps.run('repository checks', checkFiles));
    default:
      write(`unknown command ${command}; use: test demo setup build lint format types check`);
      return 2;
  }
}

const inRoot = { cwd: projectRoot };
const CHECK_OPTIONS = { ...inRoot, shownLines: 80 };

function recordInstall(steps: StepRunner, installMs: number): void {
  const note = installMs > 0 ? '' : 'up to date';
  steps.record({ name: 'dependencies', seconds: installMs / 1000, outcome: 'ok', note });
}

/** What every use needs: the compiled kernels, the circuits and their development keys. */
async function setUp(steps: StepRunner): Promise<boolean> {
  return (
    (await steps.run('kernel', buildKernel)) &&
    (await steps.run('bn254', buildBn254)) &&
    (await steps.run('history', buildHistory)) &&
    (await steps.run('stark', buildStark)) &&
    (await steps.run('circuits', buildCircuits))
  );
}

async function provideServers(steps: StepRunner): Promise<boolean> {
  return steps.run('servers', async (report) => {
    const { natsServer, redisServer } = await ensureServers(report);
    process.env.FOLDBOOK_NATS_SERVER = natsServer;
    process.env.FOLDBOOK_REDIS_SERVER = redisServer;
    return '';
  });
}

function finish(steps: StepRunner, isOk: boolean): number {
  write(`\n${formatTable(steps.results)}`);
  return isOk ? 0 : 1;
}

async function demo(steps: StepRunner, args: readonly string[]): Promise<number> {
  if (!(await setUp(steps))) return finish(steps, false);
  write(`\n${formatTable(steps.results)}\n`);
  return runVisibly(process.execPath, [FOLDBOOK, 'demo', ...args], inRoot);
}

/**
 * With filters: only the test files whose paths contain one of them. The last line counts a failed
 * step as a failure, so that it never looks green when a check failed or no test ran.
 */
async function test(steps: StepRunner, filters: readonly string[]): Promise<number> {
  const isReady = (await setUp(steps)) && (await provideServers(steps));
  const isWhole = filters.length === 0;
  let totals: TestTotals = { passed: 0, skipped: [], failures: [] };
  if (isReady) {
    if (isWhole) await runChecks(steps);
    await steps.run(TESTS_STEP, async () => {
      totals = await runTestFiles(listTestFiles(filters), write);
      const counts = formatTotals(totals.passed, totals.failures.length, totals.skipped.length);
      if (totals.failures.length > 0) throw new SetupError(counts);
      return counts;
    });
    if (isWhole) await steps.run(`demo of ${DEMO_SECONDS} s`, shortDemo);
  }
  finish(steps, true);
  const failedSteps = steps.results.filter(
    // The failure of the step that runs the tests is counted test by test, where there were any.
    ({ name, outcome }) =>
      outcome === 'failed' && (name !== TESTS_STEP || totals.failures.length === 0),
  );
  const failed = totals.failures.length + failedSteps.length;
  write(`\n${formatTotals(totals.passed, failed, totals.skipped.length)}`);
  return failed === 0 ? 0 : 1;
}

async function runChecks(steps: StepRunner): Promise<void> {
  await steps.run('lint', async () => {
    await mustRun(process.execPath, [BIOME, 'check', '--error-on-warnings'], CHECK_OPTIONS);
    return '';
  });
  await steps.run('types', async () => {
    await mustRun(process.execPath, [TSC, '--noEmit'], CHECK_OPTIONS);
    return '';
  });
  await steps.run('repository checks', checkFiles);
}

function checkFiles(): string {
  const { files, violations } = checkRepository(projectRoot);
  if (violations.length === 0) return `${files} files`;
  const lines = violations.map(({ path, line, message }) => `${path}:${line}: ${message}`);
  throw new SetupError(lines.join('\n'));
}

/** In a folder of its own: the user's last demo stays as it is. */
async function shortDemo(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'foldbook-test-demo-'));
  try {
    const args = [FOLDBOOK, 'demo', '--seconds', String(DEMO_SECONDS), '--data', dir];
    const { exitCode, output } = await runCommand(process.execPath, args, inRoot);
    const lines = output.trimEnd().split('\n');
    const verdict = lines.find((line) => line.includes('VERIFIED'));
    if (exitCode === 0 && verdict !== undefined) return verdict.trim().replace(/\s+/g, ' ');
    throw new SetupError(
      `foldbook demo failed, exit code ${exitCode}; run npm run demo. Its output ended with:\n` +
        lines.slice(-15).join('\n'),
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

process.exitCode = await main();
