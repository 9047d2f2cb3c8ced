/** The benchmarks that have threads of their own, as a user runs them. */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { platform } from 'node:process';
import { describe, test } from 'node:test';
import { benchRows, foldbook } from '../testing/bench-run.ts';

const ON_LINUX = { skip: platform === 'linux' ? false : 'memory is shared on Linux only' };

const CORES = { skip: availableParallelism() < 2 && 'proofs need a core of their own' };

describe('benches of threads', () => {
  test('latency: a row for each load, every pair traded', async () => {
    const args = ['bench', 'latency', '--seconds', '1', '--json'];
    const rows = await benchRows(args);
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

  test('latency beside proofs: both rows, in turns, on cores that it names', CORES, async () => {
    const rounds = ['--rounds', '2', '--seconds', '1', '--circuit', 'batch-15', '--nice', '0'];
    const args = ['bench', 'latency', '--while-proving', ...rounds, '--json'];
    const rows = await benchRows(args);
    assert.deepEqual(
      rows.map(({ measure, isRight }) => [measure, isRight]),
      [
        ['matching', true],
        ['commandToTrade', true],
      ],
    );
    for (const row of rows) {
      for (const { p50, p99, max } of [row.without, row.with]) {
        assert(p50 > 0 && p99 >= p50 && max >= p99);
      }
      for (const { ratio, ratioRange } of [row.ratio.p50, row.ratio.p99]) {
        assert(ratio > 0 && ratioRange[0] <= ratio && ratio <= ratioRange[1]);
      }
      assert(row.workers.length > 0);
      for (const { cpuset, proofs, cpuMs } of row.workers) {
        assert.match(cpuset, /^\d+$/);
        assert.notEqual(Number(cpuset), row.matchCore);
        assert(proofs >= 2 && cpuMs > 0);
      }
    }
    const core = `${rows[0].matchCore}`;
    for (const [options, words] of [
      [['--rounds', '2'], /--rounds is for --while-proving/],
      [['--while-proving', '--core', core, '--prover-cores', core], /besides the market's core/],
      [['--while-proving', '--circuit', 'none'], /MEASUREMENT_FAILED: prepare: .*circuit/s],
    ] as const) {
      const wrong = await foldbook(['bench', 'latency', ...options]);
      assert.match(wrong.stderr, words);
      assert.notEqual(wrong.status, 0);
    }
  });

  test('hosts: a row for each limit, and for each size of a market that moves', async () => {
    const few = ['--seconds', '1', '--rate', '500', '--largest', '1000', '--json'];
    const rows = await benchRows(['bench', 'hosts', ...few]);
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

  for (const engine of [[], ['--inline']]) {
    const title = `shm ${engine}: a row without a durable log, and one with`;
    test(title, ON_LINUX, () => testShm(engine));
  }

  async function testShm(engine: readonly string[]): Promise<void> {
    const few = ['--seconds', '1', '--rate', '200', '--warm-up', '100'];
    const rows = await benchRows(['bench', 'shm', ...few, '--json', ...engine]);
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
});
