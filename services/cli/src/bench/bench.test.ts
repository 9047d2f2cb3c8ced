/** The benchmarks as a user runs them, on workloads that take no time. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { benchRows, foldbook, SHORT_FEED, SHORT_WORKLOAD } from '../testing/bench-run.ts';
import { generateWorkload } from './workload-generator.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

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
  let feed = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'foldbook-bench-test-'));
    file = join(folder, 'short.bin');
    await writeFile(file, generateWorkload(SHORT_WORKLOAD));
    feed = join(folder, 'feed.bin');
    await writeFile(feed, generateWorkload(SHORT_FEED));
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
    const bytes = generateWorkload(SHORT_WORKLOAD);
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

  test('replay: one JSON object with the fields of the contract, or words', async () => {
    const [report] = await benchRows(['bench', 'replay', feed, '--json', '--runs=2']);
    const { nsPerEvent } = report;
    assert(nsPerEvent.best > 0 && nsPerEvent.best <= nsPerEvent.median);
    assert(report.eventsPerSec > 0);
    assert.deepEqual([report.checksumsOk, report.runs, report.books], [true, 2, 3]);
    assert.equal('floor' in report, false);
    const { stdout } = await foldbook(['bench', 'replay', feed, '--runs=1']);
    assert.match(stdout, /^feed\.bin: 9,0\d\d events, 3 books\n.* an event; [\d,]+\/s/);
    assert.match(stdout, /as the workload says/);
  });

  test('replay: a run that ends elsewhere is a failed check', async () => {
    const wrong = join(folder, 'wrong-feed.bin');
    const bytes = generateWorkload(SHORT_FEED);
    bytes[52] = (bytes[52] ?? 0) ^ 1;
    await writeFile(wrong, bytes);
    const { status, stderr } = await foldbook(['bench', 'replay', wrong, '--json', '--runs=1']);
    assert.equal(status, 1);
    assert.match(stderr, /l2Checksum is \d+, the workload says \d+/);
  });

  test('bad usage and bad input: one line that says what to do, status 2', async () => {
    const cases: readonly [readonly string[], RegExp][] = [
      [
        ['bench'],
        /say what; there are: match, orders, replay, latency, hosts, .*, e2e, shm, scale, r/,
      ],
      [
        ['bench', 'nope'],
        /no "bench nope"; there are: match, orders, .*, pack, prove, router, sizes, e2e, s/,
      ],
      [['bench', 'match', '--workload', 'w9'], /use w1 or w1-lit/],
      [['bench', 'match', file, '--workload', 'w1'], /not both/],
      [['bench', 'match', '--workload', 'w2-1'], /use w1 or w1-lit/],
      [['bench', 'match', feed], /WORKLOAD_UNSUPPORTED/],
      [['bench', 'replay', '--workload', 'w1'], /use w2-1 or w2-100/],
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

  test('sizes: a row for each size, and a picture', async () => {
    const svg = join(folder, 'sizes.svg');
    const args = [
      'bench',
      'sizes',
      '--largest',
      '1000',
      '--runs',
      '1',
      '--commands',
      '20000',
      '--svg',
      svg,
      '--json',
    ];
    const rows = await benchRows(args);
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

  test('growth: a row for one account and one for many', async () => {
    const args = ['bench', 'growth', '--orders', '3000', '--runs', '2', '--reserve', '8', '--json'];
    const rows = await benchRows(args);
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
    const args = ['bench', 'memory', file, '--orders', '100000', '--runs', '1', '--json'];
    const rows = await benchRows(args);
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
      /match .*\n.*orders .*\n.*replay .*\n.*latency .*\n.*hosts .*\n.*growth .*\n.*memory /,
    );
    for (const name of [
      'match',
      'orders',
      'replay',
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
});
