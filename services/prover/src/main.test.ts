// SPDX-License-Identifier: GPL-3.0-or-later
/** The prover as a process: real streams, real circuits, real proofs, killed and started again. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import { diffStream } from '@foldbook/protocol';
import { SegmentStore } from '@foldbook/runtime';
import { startRedisServer } from '@foldbook/runtime/testing';
import { verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
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
import { Processes } from './testing/prover-process.ts';

const COMMAND = fileURLToPath(new URL('../../cli/src/main.ts', import.meta.url));
const MARKET = 'TEST-USD';
/** The highest account there can be: every digit of its path is a 3. */
const LAST = 2 ** 24 - 1;

let dir = '';
let processes: Processes;

beforeEach(async () => {
  processes = new Processes();
  dir = await mkdtemp(join(tmpdir(), 'foldbook-main-'));
});

afterEach(async () => {
  processes.killAll();
  await rm(dir, { recursive: true, force: true });
});

/** A command of the operator's; gives its one result. */
async function foldbook(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(process.execPath, [COMMAND, ...args]);
  return JSON.parse(stdout);
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
    const trades = Array.from({ length: 14 }, (_, index) =>
      trade(2, LAST, 100n + BigInt(index), 2n),
    );
    const opening = script
      .setFees(0, 0)
      .move(...trades.slice(0, -1))
      .setFees(-45_000, 86_200)
      .move(...trades.slice(-1), fee(LAST, 20n), rebate(2, 10n))
      .take();
    const closing = script
      .move(withdrawBase(LAST, 4n), withdrawQuote(2, 100n), depositBase(2, 1n))
      .closeEpoch();

    const config = {
      dataDir: join(dir, 'proofs'),
      aheadEpochs: 2,
      nice: 0,
      source: { kind: 'segment', dir: join(dir, 'streams') },
      workers: 1,
      chains: 'poseidon',
    };
    for (const message of [first, empty, opening]) await append(message);
    const one = processes.start('prover', config);
    await one.untilProved(1);
    assert.match(one.log, /chain started.*DEVELOPMENT/, 'its log says that the keys are insecure');
    await one.end('SIGKILL');
    // A market that starts again repeats itself.
    for (const message of [empty, opening, closing]) await append(message);
    const two = processes.start('prover', { ...config, redisUrl: redis.url });
    await two.untilProved(2);
    assert.deepEqual(await two.end('SIGTERM'), [0, null], two.log);
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
    const costs = JSON.parse(await readFile(join(dir, 'proofs', 'router-costs.json'), 'utf8'));
    const circuits = costs.steps.map((step: { circuit: string }) => step.circuit);
    assert.deepEqual(new Set(circuits), new Set(['batch-15', 'accounts-4']));
  } finally {
    await streams.close();
    await redis.close();
  }
});

test('a wait ends when the market is stopped, with the reason', async () => {
  const streams = new SegmentStore({ dir: join(dir, 'streams') });
  try {
    const writer = await streams.writer(diffStream(0), ['diff.0.*']);
    const script = new DiffScript(7).create(-100, 300).move(depositBase(2, 1n));
    script.closeEpoch();
    await writer.append(`diff.0.${MARKET}`, script.move(depositBase(2, 1n)).closeEpoch());
    const source = { kind: 'segment', dir: join(dir, 'streams') };
    const prover = processes.start('prover', { dataDir: join(dir, 'proofs'), source });
    await assert.rejects(prover.untilProved(0), /TEST-USD is stopped: DIFF_GAP/);
  } finally {
    await streams.close();
  }
});

test('two lives around a change of the key, which the command makes in between', async () => {
  const streams = new SegmentStore({ dir: join(dir, 'streams') });
  const writer = await streams.writer(diffStream(0), ['diff.0.*']);
  const script = new DiffScript(7).create(-100, 300);
  for (let epoch = 0; epoch < 2; epoch += 1) {
    const message = script.move(depositBase(2, 10n)).closeEpoch();
    await writer.append(`diff.0.${MARKET}`, message);
  }
  await streams.close();
  const source = { kind: 'segment', dir: join(dir, 'streams') };
  const store = join(dir, 'proofs');
  const config = { dataDir: store, source, workers: 1, nice: 0, chains: 'poseidon' };
  const one = processes.start('prover', { ...config, maxEpochs: 1 });
  await one.untilProved(0);
  await one.end('SIGTERM');

  const [oldKey, newKey] = [join(dir, 'operator.key'), join(dir, 'new.key')];
  const rotate = ['keys', 'rotate', '--operator-key', oldKey, '--new', newKey];
  const told = await foldbook(...rotate, '--store', store, '--json');
  assert.equal(told.fromEpoch, 1);
  const two = processes.start('prover', config);
  const reason = /KEY_CHANGED: .*epoch 1 is to be signed by .*operatorKeyFile/;
  await assert.rejects(two.untilProved(1), reason);
  await two.end('SIGTERM');

  const three = processes.start('prover', { ...config, operatorKeyFile: newKey });
  await three.untilProved(1);
  assert.deepEqual(await three.end('SIGTERM'), [0, null], three.log);
  const verify = ['verify', '--store', store, '--operator', `${told.newKey}`, '--json'];
  const verified = await foldbook(...verify);
  assert.deepEqual([verified.ok, verified.epochs, verified.level], [true, 2, 'data']);
  assert.deepEqual(verified.operatorKeys, [
    { firstEpoch: '0', key: told.oldKey },
    { firstEpoch: '1', key: told.newKey },
  ]);
});

test('bad configuration ends it with status 2 and one line', async () => {
  const prover = processes.start('prover', {
    dataDir: join(dir, 'proofs'),
    source: { kind: 'segment' },
  });
  assert.deepEqual(await once(prover.child, 'close'), [2, null]);
  assert.match(prover.log, /^.*ERROR prover: --config-json: source\.dir: .*\n$/);
});

test('it ends when the process that forked it goes away', async () => {
  const source = { kind: 'segment', dir: join(dir, 'streams') };
  const prover = processes.start('prover', { dataDir: join(dir, 'proofs'), source });
  await once(prover.child, 'message');
  const ended = once(prover.child, 'exit');
  prover.child.disconnect();
  assert.deepEqual(await ended, [0, null], prover.log);
});
