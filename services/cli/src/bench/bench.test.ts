/** The benchmarks as a user runs them, on workloads that take no time. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { platform } from 'node:process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { generateWorkload, WORKLOADS } from './workload-generator.ts';

const ON_LINUX = { skip: platform === 'linux' ? false : 'memory is shared on Linux only' };
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
/** What takes longer hangs: it is told to end, and the test says which command it was. */
const LONGEST_MS = 150_000;
const parameters = { ...WORKLOADS.w1, prefill: 100, commands: 2_000, targetOrders: 100 };

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function foldbook(args: readonly string[], path?: string): Promise<Ended> {
  const env = path === undefined ? process.env : { ...process.env, PATH: path };
  return new Promise((resolve) => {
    const options = { env, timeout: LONGEST_MS };
    execFile(process.execPath, [MAIN, ...args], options, (error, stdout, stderr) => {
      const status = error === null ? 0 : Number(error.code);
      const hung = error?.killed === true ? `did not end: foldbook ${args.join(' ')}` : '';
      resolve({ status, stdout, stderr: `${stderr}${hung}` });
    });
  });
}

function has(program: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, ['--version'], (error) => resolve(error === null));
  });
}

/** A message file of the challenge: orders at rising prices on both sides, each third cancelled. */
function messageFile(count: number): Uint8Array {
  const bytes = new Uint8Array(16 + count * 40);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, 0x4d4542575f303031n, true);
  view.setUint32(8, 1, true);
  view.setUint32(12, count, true);
  for (let index = 0; index < count; index += 1) {
    const at = 16 + index * 40;
    const isCancel = index % 3 === 2;
    view.setUint8(at, isCancel ? 1 : 0);
    view.setUint8(at + 1, index & 1);
    view.setUint32(at + 4, 10, true);
    view.setBigUint64(at + 8, BigInt(index + 1), true);
    view.setBigUint64(at + 16, BigInt(isCancel ? index - 1 : index + 1), true);
    view.setBigInt64(at + 24, BigInt(1_000 + (index % 50)), true);
  }
  return bytes;
}

/** A floor that says what it is told to. */
const floorSource = (line: string) => `#include <cstdio>
int main(int, char** v) { std::printf("%s", "${line} "); std::puts(v[1]); }
`;

describe('bench', () => {
  let folder = '';
  let file = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'foldbook-bench-test-'));
    file = join(folder, 'short.bin');
    await writeFile(file, generateWorkload(parameters));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test('match: one JSON object with the fields of the contract', async () => {
    const { status, stdout, stderr } = await foldbook([
      'bench',
      'match',
      file,
      '--json',
      '--runs=2',
    ]);
    assert.equal(status, 0, stderr);
    const report = JSON.parse(stdout);
    assert.equal(stdout.trim().split('\n').length, 1);
    const { nsPerCommand, latencyNs } = report;
    assert(nsPerCommand.best > 0 && nsPerCommand.best <= nsPerCommand.median);
    assert.equal(report.commandsPerSec > 0, true);
    assert.equal(report.checksumsOk, true);
    assert.deepEqual([report.runs, report.accounts, report.group], [2, 10_000, 1_024]);
    assert.deepEqual(Object.keys(latencyNs), ['p50', 'p90', 'p99', 'p999', 'p9999', 'max']);
    assert.equal('floor' in report, false);
  });

  test('match: words for people, with the method', async () => {
    const { status, stdout } = await foldbook(['bench', 'match', file, '--runs=1', '--group=10']);
    assert.equal(status, 0);
    assert.match(stdout, /^short\.bin: 2,000 commands after 100/);
    assert.match(stdout, /as the workload says/);
    assert.match(stdout, /1 runs, 10,000 accounts, groups of 10, core \d+/);
  });

  test('match: a run that ends elsewhere is a failed check', async () => {
    const wrong = join(folder, 'wrong.bin');
    const bytes = generateWorkload(parameters);
    bytes[48] = (bytes[48] ?? 0) ^ 1;
    await writeFile(wrong, bytes);
    const { status, stdout, stderr } = await foldbook([
      'bench',
      'match',
      wrong,
      '--json',
      '--runs=1',
    ]);
    assert.equal(status, 1);
    assert.equal(JSON.parse(stdout).checksumsOk, false);
    assert.match(stderr, /tradeChecksum is \d+, the workload says \d+/);
  });

  test('bad usage and bad input: one line that says what to do, status 2', async () => {
    const cases: readonly [readonly string[], RegExp][] = [
      [
        ['bench'],
        /say what; there are: match, orders, latency, hosts, growth, memory, sizes, e2e, shm, r/,
      ],
      [
        ['bench', 'nope'],
        /no "bench nope"; there are: match, orders, latency, hosts, growth, memory, sizes, e2e, s/,
      ],
      [['bench', 'match', '--workload', 'w9'], /use w1 or w1-lit/],
      [['bench', 'match', file, '--workload', 'w1'], /not both/],
      [['bench', 'match', file, '--accounts', '0'], /--accounts 0: give a whole number/],
      [['bench', 'match', file, '--core', '1000'], /--core 1000: this process may use/],
      [['bench', 'match', file, '--v8', 'nope'], /nope is no flag/],
      [['bench', 'match', join(folder, 'none.bin')], /WORKLOAD_UNREADABLE: .*none\.bin/],
      [['bench', 'match', MAIN], /WORKLOAD_DAMAGED/],
      [['bench', 'match', file, '--floor', folder], /FLOOR_UNAVAILABLE: no .*b_ref\.cpp/],
      [['bench', 'regress', file, '--rounds', '3'], /--rounds 3: give a whole number from 8/],
    ];
    for (const [args, message] of cases) {
      const { status, stdout, stderr } = await foldbook(args);
      assert.match(stderr, message);
      assert.deepEqual([status, stdout, stderr.trim().split('\n').length], [2, '', 1], stderr);
    }
  });

  test('orders: a row per file and interval, and the worst of each', async () => {
    const messages = join(folder, 'messages.bin');
    await writeFile(messages, messageFile(5_000));
    const args = ['bench', 'orders', messages, '--runs', '1', '--ring', '1', '--json'];
    const { status, stdout, stderr } = await foldbook(args);
    assert.equal(status, 0, stderr);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const rows = lines.slice(0, -1);
    assert.deepEqual(
      rows.map(({ file, publishEvery, isRight, messages }) => [
        file,
        publishEvery,
        isRight,
        messages,
      ]),
      [1, 16, 256].map((every) => ['messages.bin', every, true, 5_000]),
    );
    for (const { msgsPerSec, latencyNs, events } of rows) {
      assert(msgsPerSec.median > 0 && msgsPerSec.best >= msgsPerSec.median);
      assert(latencyNs.p50 > 0 && latencyNs.max >= latencyNs.p9999);
      assert(events > 5_000);
    }
    const { worst, ringPages } = lines.at(-1);
    assert.deepEqual(Object.keys(worst), ['1', '16', '256']);
    assert.equal(ringPages, 1);
  });

  test('orders: a file that is none, cores and rings that are not there', async () => {
    for (const [args, message] of [
      [[], /name at least one message file/],
      [[MAIN], /this is no message file/],
      [[file, '--ring', '3'], /--ring 3: use a power of two/],
      [[file, '--read-core', '1000'], /--read-core 1000: this process may use/],
    ] as const) {
      const { status, stderr } = await foldbook(['bench', 'orders', ...args]);
      assert.match(stderr, message);
      assert.deepEqual([status, stderr.trim().split('\n').length], [2, 1], stderr);
    }
  });

  test('latency: a row for each load, every pair traded', async () => {
    const args = ['bench', 'latency', '--seconds', '1', '--json'];
    const { status, stdout, stderr } = await foldbook(args);
    assert.equal(status, 0, stderr);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      rows.map(({ load, isRight }) => [load, isRight]),
      [0, 0.5, 0.9].map((load) => [load, true]),
    );
    assert.equal(rows[0].trades, 25_000);
    for (const { latencyNs, hopNs, wordNs } of rows) {
      for (const percentiles of [latencyNs, hopNs, wordNs]) {
        const { p50, p90, p99, p999, p9999, max } = percentiles;
        const values = [1, p50, p90, p99, p999, p9999, max];
        assert.deepEqual(
          values,
          values.toSorted((a, b) => a - b),
        );
      }
    }
    const wrong = await foldbook(['bench', 'latency', '--client-core', '1000']);
    assert.match(wrong.stderr, /--client-core 1000: this process may use/);
    assert.equal(wrong.status, 2);
  });

  test('hosts: a row for each limit, and for each size of a market that moves', async () => {
    const few = ['--seconds', '1', '--rate', '500', '--largest', '1000', '--json'];
    const { status, stdout, stderr } = await foldbook(['bench', 'hosts', ...few]);
    assert.equal(status, 0, stderr);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const [alone, usual, ...others] = rows.filter(({ part }) => part === 'neighbour');
    assert.deepEqual([alone.busyPerSec, alone.before.max], [0, 0]);
    assert.equal(others.length, 3);
    for (const { busyPerSec, latencyNs } of [usual, ...others]) {
      assert(busyPerSec > 0);
      assert(latencyNs.p50 > 0 && latencyNs.max >= latencyNs.p9999);
    }
    const crowds = rows.filter(({ part }) => part === 'crowd');
    assert.deepEqual(
      crowds.map(({ busy }) => busy),
      [0, 4, 12],
    );
    for (const { busy, busyPerSec, latencyNs } of crowds) {
      assert(latencyNs.p50 > 0 && busyPerSec.most >= busyPerSec.least);
      // Four times the least: the places of the log go to all of them in turns.
      if (busy > 0) assert(busyPerSec.least * 4 >= busyPerSec.most && busyPerSec.least > 0);
    }
    const [move, ...more] = rows.filter(({ part }) => part === 'moves');
    assert.deepEqual([move.orders, more.length], [1_000, 0]);
    assert(move.moves >= 6 && move.tookMs.most >= move.tookMs.median);
    assert(move.bytes > 1_000 * 64);
    for (const latencyNs of [move.leavingNs, move.comingNs, move.restingNs]) {
      assert(latencyNs.p50 > 0);
    }
    for (const { count, worstNs } of [move.pieces.leaving, move.pieces.coming]) {
      assert(count > 3 && worstNs[0] >= worstNs[1]);
    }
    const unknown = await foldbook(['bench', 'hosts', '--only', 'rings']);
    assert.match(unknown.stderr, /--only rings: use neighbour or crowd or moves/);
    assert.equal(unknown.status, 2);
  });

  test('sizes: a row for each size, and a picture', async () => {
    const svg = join(folder, 'sizes.svg');
    const args = ['bench', 'sizes', '--largest', '1000', '--runs', '1', '--svg', svg, '--json'];
    const { status, stdout, stderr } = await foldbook(args);
    assert.equal(status, 0, stderr);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      rows.map((row) => `${row.axis} ${row[row.axis]}`),
      [
        ...[1, 4, 16, 64, 250, 1_000].map((size) => `markets ${size}`),
        'orders 1000',
        ...[10, 100, 1_000].map((size) => `accounts ${size}`),
      ],
    );
    assert(rows.every(({ nsPerCommand }) => nsPerCommand.best > 0));
    const picture = await readFile(svg, 'utf8');
    assert.equal([...picture.matchAll(/<circle /g)].length, rows.length);
    assert.match(picture, /^<svg .*>\n<title>ns a command/);
    const unknown = await foldbook(['bench', 'sizes', '--only', 'levels']);
    assert.match(unknown.stderr, /--only levels: use markets, orders, accounts/);
    assert.equal(unknown.status, 2);
  });

  for (const engine of [[], ['--inline']]) {
    const title = `shm ${engine}: a row without a durable log, and one with`;
    test(title, ON_LINUX, () => testShm(engine));
  }

  async function testShm(engine: readonly string[]): Promise<void> {
    const args = ['bench', 'shm', '--seconds', '1', '--rate', '200', '--json', ...engine];
    const { status, stdout, stderr } = await foldbook(args);
    assert.equal(status, 0, stderr);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      rows.map(({ durable, trips, perSec, isRight }) => [durable, trips, perSec, isRight]),
      [false, true].map((durable) => [durable, 200, 200, true]),
    );
    const isInline = engine.length > 0;
    assert.deepEqual(new Set(rows.map(({ inline }) => inline)), new Set([isInline]));
    for (const { latencyNs, echoNs } of rows) {
      for (const percentiles of [latencyNs, echoNs]) {
        assert.deepEqual(Object.keys(percentiles), ['p50', 'p90', 'p99', 'p999', 'p9999', 'max']);
        assert(percentiles.p50 > 0 && percentiles.max >= percentiles.p9999);
      }
    }
  }

  test('shm: what it can not be told', ON_LINUX, async () => {
    for (const [args, message] of [
      [['--idle', 'sleep'], /--idle sleep: use busy-spin, yield, park/],
      [['--rate', '0'], /--rate 0: give a whole number/],
      [['--core', '1000'], /--core 1000: this process may use/],
      [['--inline', '--idle', 'park'], /--idle is of the engine's thread, which --inline leaves/],
      [['--inline', '--core', '0'], /--core is of the engine's thread/],
    ] as const) {
      const { status, stderr } = await foldbook(['bench', 'shm', ...args]);
      assert.match(stderr, message);
      assert.deepEqual([status, stderr.trim().split('\n').length], [2, 1], stderr);
    }
  });

  test('growth: a row for one account and one for many', async () => {
    const args = ['bench', 'growth', '--orders', '3000', '--runs', '2', '--reserve', '8', '--json'];
    const { status, stdout, stderr } = await foldbook(args);
    assert.equal(status, 0, stderr);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      rows.map(({ orders, accounts }) => [orders, accounts]),
      [
        [3_000, 1],
        [3_000, 10_000],
      ],
    );
    for (const { latencyNs, worst, over20us } of rows) {
      assert.equal(worst[0].ns, latencyNs.max);
      assert(over20us <= 3_000 && latencyNs.p50 > 0);
    }
  });

  test('memory: pools, page faults and a workload, by what is done to the pages', async () => {
    const args = ['bench', 'memory', '--orders', '100000', '--runs', '1', '--json'];
    const { status, stdout, stderr } = await foldbook(args);
    assert.equal(status, 0, stderr);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const of = (kind: string) => rows.filter((row) => kind in row).map((row) => row[kind]);
    assert.deepEqual(
      of('pool').map(({ orders }) => orders),
      [100, 1_000_000],
    );
    for (const { freshNs, againNs } of of('pool')) assert(freshNs > 0 && againNs > 0);
    const preparations = ['none', 'touched', 'huge', 'locked', 'huge+locked'];
    for (const kind of ['faults', 'w1']) {
      assert.deepEqual(
        of(kind).map(({ preparation }) => preparation),
        preparations,
      );
    }
    if (process.platform !== 'linux') return;
    const [untouched, touched] = of('faults').map(({ faultsPerMillion }) => faultsPerMillion);
    assert(untouched > 10 * touched, `${untouched} faults, and ${touched} where all was touched`);
  });

  test('--help of the group and of its commands', async () => {
    const group = await foldbook(['bench', '--help']);
    assert.equal(group.status, 0);
    assert.match(
      group.stdout,
      /match .*\n.*orders .*\n.*latency .*\n.*hosts .*\n.*growth .*\n.*memory .*\n.*sizes /,
    );
    for (const name of [
      'match',
      'orders',
      'latency',
      'hosts',
      'growth',
      'memory',
      'sizes',
      'regress',
    ]) {
      const { status, stdout } = await foldbook(['bench', name, '--help']);
      assert.equal(status, 0);
      assert.match(stdout, new RegExp(`Usage: foldbook bench ${name}`));
      const long = stdout.split('\n').filter((line) => line.length > 100);
      assert.deepEqual(long, []);
    }
  });

  test('match --floor without a compiler says so', async () => {
    const floor = join(folder, 'no-compiler');
    await mkdir(floor);
    await writeFile(join(floor, 'b_ref.cpp'), floorSource(''));
    const args = ['bench', 'match', file, '--floor', floor];
    const { status, stderr } = await foldbook(args, floor);
    assert.equal(status, 2);
    assert.match(stderr, /FLOOR_UNAVAILABLE: no g\+\+ on this machine: install it/);
  });

  test('match --floor: what the floor prints, and the ratio to it', async (t) => {
    if (!(await has('g++'))) return t.skip('g++ is not installed');
    const floor = join(folder, 'floor');
    await mkdir(floor);
    const source = join(floor, 'b_ref.cpp');
    const args = ['bench', 'match', file, '--json', '--runs=2', '--floor', floor];
    await writeFile(source, floorSource('x OK  med    10.0 ns/cmd ( 1 M/s) best     8.0 ( 1 M/s)'));
    const { status, stdout, stderr } = await foldbook(args);
    assert.equal(status, 0, stderr);
    const { floor: printed, ratio, nsPerCommand, cpuNsPerCommand } = JSON.parse(stdout);
    assert.deepEqual(printed, { nsPerCommand: { median: 10, best: 8 } });
    assert(Math.abs(ratio.median - nsPerCommand.median / 10) < 0.01);
    assert(Math.abs(ratio.cpuBest - cpuNsPerCommand.best / 8) < 0.01);
    await writeFile(source, floorSource('x BAD med    10.0 ns/cmd ( 1 M/s) best     8.0 ( 1 M/s)'));
    const bad = await foldbook(args);
    assert.equal(bad.status, 1);
    assert.match(bad.stderr, /FLOOR_FAILED: .*checksums are wrong/);
    await writeFile(source, 'this is no C++');
    const broken = await foldbook(args);
    assert.equal(broken.status, 2);
    assert.match(broken.stderr, /FLOOR_UNAVAILABLE: .*does not compile/);
  });

  test('regress: a verdict with its numbers', async (t) => {
    const parent = await new Promise((resolve) => {
      const args = ['-C', dirname(MAIN), 'rev-parse', '--verify', 'HEAD'];
      execFile('git', args, (error) => resolve(error === null));
    });
    if (parent !== true) return t.skip('not in a git repository');
    const args = ['bench', 'regress', file, '--against', 'HEAD', '--rounds', '8', '--json'];
    const { status, stdout, stderr } = await foldbook(args);
    assert.equal(stderr.includes('the workload says'), false, stderr);
    const report = JSON.parse(stdout);
    assert.equal(status, report.verdict === 'slower' ? 1 : 0);
    assert(['faster', 'slower', 'no difference'].includes(report.verdict));
    assert.deepEqual([report.rounds, report.checksumsOk], [8, true]);
    assert(report.pValue > 0 && report.pValue <= 1 && report.ratio > 0);
    assert(report.cpuNsPerCommand.this.median > 0 && report.cpuNsPerCommand.against.median > 0);
  });
});
