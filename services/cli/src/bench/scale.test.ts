/** `bench scale` as a user runs it, in its smallest form; what follows from runs; the formulas. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { platform } from 'node:process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deploy, PLANS } from './scale-model.ts';
import type { ScaleRun } from './scale-run.ts';
import { type Constants, constantsOf, fitCores, specsOf } from './scale-sections.ts';
import { withWorkFolder } from './work-folder.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const ON_LINUX = { skip: platform === 'linux' ? false : 'processes are looked at in /proc' };
const MARKS = ['before', '<!-- bench scale -->', 'old', '<!-- end of bench scale -->', 'behind'];

function foldbook(...args: string[]) {
  return new Promise<{ status: number; stdout: string; stderr: string }>((resolve) => {
    const options = { timeout: 140_000 };
    execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

const json = (line: string | undefined) => JSON.parse(line ?? '');

test('two sizes of partitions on a real broker, and the tables in a file', {
  timeout: 150_000,
  ...ON_LINUX,
}, async () => {
  await withWorkFolder(async (dir) => {
    const file = join(dir, 'scale.md');
    await writeFile(file, MARKS.join('\n'));
    const small = ['--idle=1', '--seconds=1', '--warm-up=0', '--rate=500', '--clients=8'];
    const args = ['--only=partitions', '--steps=2', '--json', `--into=${file}`];
    const { status, stdout, stderr } = await foldbook('bench', 'scale', ...args, ...small);
    assert.equal(status, 0, stderr);
    const [one, two, end] = stdout.trim().split('\n').map(json);
    assert.deepEqual([one.spec.partitions, two.spec.partitions], [1, 2]);
    for (const run of [one, two]) {
      assert(run.isWhole && run.commandsPerSec > 0 && run.loaded.log.messages > 0);
      assert(run.idle.services.residentBytes > 2 ** 25 && run.idle.brokers.residentBytes > 2 ** 22);
      assert(run.perCommand.logBytes > 64 && run.perCommand.brokerInBytes > 64);
      assert.equal(run.loaded.routes.bytes, 0, 'one broker');
    }
    assert.equal(end.constants.partition.streams, 4);
    assert(end.constants.partition.residentBytes > 2 ** 25);
    const text = await readFile(file, 'utf8');
    const lines = text.split('\n');
    assert.deepEqual([lines[0], lines[1]], MARKS.slice(0, 2));
    assert.deepEqual(lines.slice(-2), MARKS.slice(-2));
    assert.match(text, /\| `S_p`: streams of a partition \| 4 \|/);
    assert.doesNotMatch(text, /^old$/m);
  });
});

test('a file without marks, and a section that there is not', async () => {
  await withWorkFolder(async (dir) => {
    const file = join(dir, 'scale.md');
    await writeFile(file, 'nothing');
    const unmarked = await foldbook('bench', 'scale', '--into', file);
    assert.equal(unmarked.status, 2);
    assert.match(unmarked.stderr, /it has no lines "<!-- bench scale -->"/);
    const unknown = await foldbook('bench', 'scale', '--only', 'regions');
    assert.equal(unknown.status, 2);
    assert.match(unknown.stderr, /--only regions: use partitions or markets/);
  });
});

const BASE = {
  ...{ replicas: 1, partitions: 1, markets: 1, nodes: 1, clients: 128 },
  ...{ perSec: 1_000, restarts: false },
};

const usage = (cores: number, residentBytes: number) => ({ cores, residentBytes, writtenBytes: 0 });
const still = { inMessages: 0, inBytes: 0, outMessages: 0, outBytes: 0 };
const stream = (messages: number) => ({ messages, bytes: 100 * messages, subjects: 3 });

/** A run that does what the model says. */
function madeUp(partitions: number, perSec: number, cores: (c: number, m: number) => number) {
  const stored = perSec / 10;
  const seen = (load: 0 | 1) => ({
    seconds: 1,
    brokers: usage(0.01 * partitions + load * cores(perSec, stored), 2e7),
    nodes: usage(0.01, 1e8),
    services: usage(0.03 * partitions + load * 2 * cores(perSec, stored), 1e8 * partitions),
    clients: still,
    marketConnections: still,
    nodeConnections: still,
    routes: { messages: 0, bytes: 0 },
    log: stream(load * stored * 0.5),
    reports: stream(load * stored * 0.25),
    diffs: stream(load * stored * 0.25),
    streams: 4 * partitions + 1,
    consumers: 0,
    subscriptions: 0,
  });
  const run: ScaleRun = {
    spec: { ...BASE, partitions, perSec },
    idle: seen(0),
    loaded: seen(1),
    commandsPerSec: perSec,
    messagesPerSec: perSec / 10,
    reportMessagesPerSec: stored * 0.25,
    reportBytesPerSec: 0,
    publicMessagesPerSec: 0,
    publicBytesPerSec: 0,
    receivedMs: undefined,
    startMs: { empty: 1 },
    replayedCommands: 0,
    createMs: 1,
    isWhole: true,
  };
  return run;
}

describe('what follows from runs', () => {
  test('cores are told apart by commands, groups with their batches, and reports', () => {
    const run = (perSec: number, groups: number, reports: number) => {
      const made = madeUp(1, perSec, () => 0);
      const of = { log: stream(groups / 2), diffs: stream(groups / 2), reports: stream(reports) };
      return { ...made, loaded: { ...made.loaded, ...of } };
    };
    const runs = [run(1_000, 900, 10), run(10_000, 900, 500), run(10_000, 100, 2_000)];
    const cores = ({ commandsPerSec, loaded }: ScaleRun) =>
      (commandsPerSec + 400 * 2 * loaded.log.messages + 100 * loaded.reports.messages) / 1e6;
    const fitted = fitCores(runs, cores);
    assert(fitted !== undefined);
    assert(Math.abs(fitted.perCommand - 1e-6) < 1e-9, `${fitted.perCommand}`);
    assert(Math.abs(fitted.perGroup - 400e-6) < 1e-9, `${fitted.perGroup}`);
    assert(Math.abs(fitted.perReport - 100e-6) < 1e-9, `${fitted.perReport}`);
    assert.equal(fitCores([], cores), undefined);
  });

  test('slopes of the sizes, and nothing of sections that were not measured', () => {
    const runs = [1, 2, 4].map((partitions) => madeUp(partitions, 1_000, (c) => c / 1e6));
    const { partition, market, ofThree } = constantsOf(new Map([['partitions', runs]]));
    assert.equal(partition.streams, 4);
    assert(Math.abs((partition.idleCores ?? 0) - 0.03) < 1e-9);
    assert(Math.abs((partition.residentBytes ?? 0) - 1e8) < 1);
    assert.equal(market.residentBytes, undefined);
    assert.equal(ofThree, undefined);
  });

  test('each section varies one thing', () => {
    for (const section of ['nodes', 'accounts'] as const) {
      const [first, ...others] = specsOf(section, BASE, 3);
      assert(first !== undefined && others.length === 2);
      for (const other of others) {
        const before: ReadonlyMap<string, unknown> = new Map(Object.entries(first));
        const differs: readonly unknown[] = Object.entries(other).filter(
          ([key, value]) => before.get(key) !== value,
        );
        assert.equal(differs.length, 1, section);
      }
    }
  });
});

describe('the model', () => {
  const small = madeUp(1, 10_000, (c, m) => c / 1e6 + (20 * m) / 1e6);
  const copied = [1, 4].map((partitions) => {
    const run = madeUp(partitions, 10_000, (c, m) => 3 * (c / 1e6 + (20 * m) / 1e6));
    return { ...run, spec: { ...run.spec, replicas: 3 } };
  });
  const other = madeUp(1, 1_000, (c, m) => c / 1e6 + (20 * m) / 1e6);
  const constants: Constants = constantsOf(
    new Map([
      ['bytes', [small, other, ...copied]],
      ['partitions', [1, 2].map((partitions) => madeUp(partitions, 10_000, (c) => c / 1e6))],
    ]),
  );
  const [plan] = PLANS;
  assert(plan !== undefined);

  test('twice the orders take twice the bytes, and less than twice the cores', () => {
    const once = deploy(constants, plan);
    const twice = deploy(constants, { ...plan, ordersPerSec: 2 * plan.ordersPerSec });
    assert(once !== undefined && twice !== undefined);
    assert.equal(twice.diskBytesPerDay, 2 * once.diskBytesPerDay);
    assert(twice.coresOfPartition > once.coresOfPartition);
    assert(twice.coresOfPartition < 2 * once.coresOfPartition);
    assert.equal(once.streams, 4 * plan.partitions + 1);
    assert.equal(once.copiesPerBroker, (3 * once.streams) / plan.brokers);
    assert.equal(once.consumers, plan.partitions);
  });

  test('nothing without what three brokers took', () => {
    assert.equal(deploy(constantsOf(new Map([['bytes', [small]]])), plan), undefined);
  });
});
