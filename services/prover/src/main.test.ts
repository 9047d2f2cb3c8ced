// SPDX-License-Identifier: GPL-3.0-or-later
/** The prover as a process: real streams, real circuits, real proofs, killed and started again. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { diffStream } from '@foldbook/protocol';
import { SegmentStore } from '@foldbook/runtime';
import { startRedisServer } from '@foldbook/runtime/testing';
import { verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import type { ProverMessage } from './announcement.ts';
import {
  DiffScript,
  depositBase,
  depositQuote,
  fee,
  rebate,
  trade,
  withdrawBase,
  withdrawQuote,
} from './testing/diff-script.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const MARKET = 'TEST-USD';
/** The highest account there can be: every digit of its path is a 3. */
const LAST = 2 ** 24 - 1;

let dir = '';
const children = new Set<ChildProcess>();

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-main-'));
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(dir, { recursive: true, force: true });
});

interface Prover {
  readonly child: ChildProcess;
  /** All that it wrote to stderr so far. */
  log(): string;
  readonly messages: readonly ProverMessage[];
  /** Resolves when the epoch is proved; rejects when the process ends before. */
  untilProved(epoch: number): Promise<void>;
}

function startProver(config: unknown): Prover {
  const args = ['--config-json', JSON.stringify(config)];
  const child = fork(MAIN, args, {
    serialization: 'advanced',
    stdio: ['ignore', 1, 'pipe', 'ipc'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  let log = '';
  child.stderr?.on('data', (data) => {
    log += data;
  });
  const messages: ProverMessage[] = [];
  child.on('message', (message: ProverMessage) => messages.push(message));
  const untilProved = (epoch: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (messages.some((told) => told.type === 'epoch-proved' && told.epoch === epoch))
          resolve();
      };
      child.on('message', check);
      child.once('close', (code) => reject(new Error(`the prover ended (${code}):\n${log}`)));
      check();
    });
  return { child, log: () => log, messages, untilProved };
}

async function end(prover: Prover, signal: NodeJS.Signals): Promise<unknown[]> {
  const closed = once(prover.child, 'close');
  prover.child.kill(signal);
  return closed;
}

test('from a stream through two lives of the prover to a chain that verifies', async () => {
  const redis = await startRedisServer();
  const streams = new SegmentStore({ dir: join(dir, 'streams') });
  try {
    const writer = await streams.writer(diffStream(0), ['diff.0.*']);
    const append = (message: Uint8Array) => writer.append(`diff.0.${MARKET}`, message);
    const script = new DiffScript(7).create(-100, 300);
    const first = script
      .move(depositBase(2, 1_000n), depositQuote(LAST, 1_000_000n), depositQuote(2, 5n))
      .closeEpoch();
    const empty = script.closeEpoch();
    // 300 ppm of some 200, rounded up; what a maker would get is rounded down to nothing.
    const trades = Array.from({ length: 7 }, (_, index) => [
      trade(2, LAST, 100n + BigInt(index), 2n),
      fee(LAST, 1n),
    ]).flat();
    const opening = script.move(...trades, rebate(2, 3n), depositQuote(2, 1n)).take();
    const closing = script
      .move(withdrawBase(LAST, 4n), withdrawQuote(2, 100n), depositBase(2, 1n))
      .closeEpoch();

    const config = {
      dataDir: join(dir, 'proofs'),
      source: { kind: 'segment', dir: join(dir, 'streams') },
      workers: 1,
    };
    for (const message of [first, empty, opening]) await append(message);
    const one = startProver(config);
    await one.untilProved(1);
    await end(one, 'SIGKILL');
    // A market that starts again repeats itself.
    for (const message of [empty, opening, closing]) await append(message);
    const two = startProver({ ...config, redisUrl: redis.url });
    await two.untilProved(2);
    assert.deepEqual(await end(two, 'SIGTERM'), [0, null], two.log());
    const told = two.messages.filter((message) => message.type === 'epoch-proved');
    assert.deepEqual(
      told.map(({ epoch, recordCount, proofs }) => [epoch, recordCount, proofs]),
      [[2, 19, 3]],
    );

    const source = openStoreFolder(join(dir, 'proofs'), MARKET);
    const result = await verifyChain(source, { level: 'data' });
    assert(result.ok, inspect(result));
    assert.deepEqual([result.epochs, result.proofs, result.devKeys], [3, 5, true]);
    assert.equal(result.headHash, told[0]?.headerHash);
    await access(join(dir, 'operator.key'));
  } finally {
    await streams.close();
    await redis.close();
  }
});

test('bad configuration ends it with status 2 and one line', async () => {
  const prover = startProver({ dataDir: join(dir, 'proofs'), source: { kind: 'segment' } });
  assert.deepEqual(await once(prover.child, 'close'), [2, null]);
  assert.match(prover.log(), /^.*ERROR prover: --config-json: source\.dir: .*\n$/);
});

test('it ends when the process that forked it goes away', async () => {
  const source = { kind: 'segment', dir: join(dir, 'streams') };
  const prover = startProver({ dataDir: join(dir, 'proofs'), source });
  await once(prover.child, 'message');
  const ended = once(prover.child, 'exit');
  prover.child.disconnect();
  assert.deepEqual(await ended, [0, null], prover.log());
});
