// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { EpochProved } from '@foldbook/protocol';
import { createLogger, proofStoreHolder, StreamError, takeProofStore } from '@foldbook/runtime';
import { verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { InProcessQueue } from './in-process-queue.ts';
import { queueTurns } from './job-turns.ts';
import { loadOperatorKey } from './operator-key.ts';
import { ProverService, type ToldStatus } from './prover-service.ts';
import { DiffScript, depositBase, depositQuote } from './testing/diff-script.ts';
import { MemoryStream } from './testing/memory-stream.ts';
import { TrapdoorMaker, trapdoorCircuits, trustedKeys } from './testing/trapdoor-circuits.ts';

let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-service-'));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** A service on `stream`, with what it told so far and a way to wait for more. */
async function start(stream: MemoryStream, markets?: readonly string[]) {
  const proved: EpochProved[] = [];
  const statuses = new Map<string, ToldStatus>();
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const notify = (): void => {
    for (const check of waiting) check();
  };
  const queue = new InProcessQueue(new TrapdoorMaker());
  const service = new ProverService({
    reader: stream,
    queue,
    turns: queueTurns(queue),
    circuits: trapdoorCircuits,
    chains: { of: () => ['poseidon'] },
    operator: await loadOperatorKey(join(dir, 'operator.key')),
    storeDir: join(dir, 'proofs'),
    logger: createLogger({ service: 'test', level: 'info', write: (line) => lines.push(line) }),
    lookMs: 5,
    markets,
    onPublished: () => undefined,
    onProved: (epoch) => {
      proved.push(epoch);
      notify();
    },
    onStatus: (status) => {
      statuses.set(status.market, status);
      notify();
    },
  });
  const until = (holds: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!holds()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  const stop = async (): Promise<void> => {
    await queue.close();
    await service.stop();
  };
  const proofOf = (market: string, sequence: number) => service.proofOf(market, sequence);
  const owedTo = (market: string, account: number) => service.owedTo(market, account);
  return { proved, statuses, lines, until, stop, proofOf, owedTo };
}

async function accepted(market: string): Promise<number | undefined> {
  const source = openStoreFolder(join(dir, 'proofs'), market);
  const result = await verifyChain(source, { level: 'data', trustedKeys });
  return result.ok ? result.epochs : undefined;
}

test('markets are met as they appear, and each has its chain', async () => {
  const stream = new MemoryStream();
  const running = await start(stream);
  let proofBefore: unknown;
  try {
    const first = new DiffScript(1).create(0, 0).move(depositBase(2, 5n));
    stream.append('diff.0.FIRST', first.closeEpoch());
    await running.until(() => running.proved.length === 1);
    const second = new DiffScript(2).create(0, 0).move(depositBase(3, 7n));
    stream.append('diff.0.SECOND', second.closeEpoch());
    stream.append('diff.0.FIRST', first.move(depositQuote(2, 8n)).closeEpoch());
    await running.until(() => running.proved.length === 3);
    await running.until(() => running.statuses.get('FIRST')?.recordsProved === 2);
    assert.equal(running.proofOf('OTHER', 1), undefined);
    const answer = running.proofOf('FIRST', 4);
    assert.deepEqual([answer?.epochs, answer?.proof?.epoch], [2, 1]);
    const told = running.proved.find(({ market, epoch }) => market === 'FIRST' && epoch === 1);
    assert.equal(answer?.proof?.headerHash, told?.headerHash);
    proofBefore = answer?.proof;
    const {
      proving,
      rssBytes = 0,
      treePages,
      treeHitRate,
      ...status
    } = running.statuses.get('FIRST') ?? {};
    assert(rssBytes > 1_000_000);
    assert.equal(treePages, 4);
    assert(typeof treeHitRate === 'number' && treeHitRate > 0 && treeHitRate < 1);
    assert.deepEqual(status, {
      market: 'FIRST',
      epochsClosed: 2,
      epochsProved: 2,
      recordsProved: 2,
      recordsBacklog: 0,
      epochsBacklog: 0,
      setAside: [],
      msPerBatch: 1,
      msPerAccountProof: 1,
    });
  } finally {
    await running.stop();
  }
  assert.deepEqual([await accepted('FIRST'), await accepted('SECOND')], [2, 1]);
  const again = await start(stream);
  await again.until(() => again.statuses.get('FIRST')?.recordsProved === 2);
  assert.deepEqual(again.proofOf('FIRST', 4)?.proof, proofBefore, 'it knows what is in its store');
  await again.stop();
  await rm(join(dir, 'operator.key'));
  const stranger = await start(stream);
  await stranger.until(() => stranger.statuses.get('FIRST')?.stopped !== undefined);
  const { stopped, epochsProved, epochsBacklog, recordsBacklog } =
    stranger.statuses.get('FIRST') ?? {};
  assert.match(stopped ?? '', /STORE_CONFLICT/);
  assert.deepEqual([epochsProved, epochsBacklog, recordsBacklog], [2, 0, 0], 'they are stored');
  await stranger.stop();
});

test('a market that cannot be proved stops alone, and says why', async () => {
  const stream = new MemoryStream();
  const gap = new DiffScript(1).create(0, 0).move(depositBase(2, 5n));
  gap.closeEpoch();
  stream.append('diff.0.GAP', gap.move(depositBase(2, 6n)).closeEpoch());
  const whole = new DiffScript(2).create(0, 0).move(depositBase(3, 7n));
  stream.append('diff.0.WHOLE', whole.closeEpoch());
  const running = await start(stream);
  try {
    await running.until(() => running.statuses.get('GAP')?.stopped !== undefined);
    assert.match(running.statuses.get('GAP')?.stopped ?? '', /^DIFF_GAP: market GAP: record 1/);
    assert.equal(running.lines.filter((line) => line.includes('not proved any further')).length, 1);
    const { recordsBacklog, msPerBatch, msPerAccountProof } = running.statuses.get('GAP') ?? {};
    assert.deepEqual([recordsBacklog, msPerBatch, msPerAccountProof], [2, null, null]);
    const nothing = { name: 'NO_ACCOUNT_PROOF', detail: 'nothing is proved yet' };
    assert.deepEqual(running.owedTo('GAP', 2), nothing);
    await running.until(() => running.proved.length === 1);
    stream.append('diff.0.WHOLE', whole.move(depositBase(3, 1n)).closeEpoch());
    await running.until(() => running.proved.length === 2);
  } finally {
    await running.stop();
  }
  assert.equal(await accepted('WHOLE'), 2);
});

test('only the markets asked for are proved', async () => {
  const stream = new MemoryStream();
  for (const [index, market] of ['ONE', 'TWO'].entries()) {
    const script = new DiffScript(index).create(0, 0).move(depositBase(2, 5n));
    stream.append(`diff.0.${market}`, script.closeEpoch());
  }
  const running = await start(stream, ['TWO']);
  try {
    await running.until(() => running.proved.length === 1);
    assert.deepEqual([...running.statuses.keys()], ['TWO']);
  } finally {
    await running.stop();
  }
});

test('what the disk refuses for a while ends no market', async () => {
  class FullDisk extends MemoryStream {
    failures = 3;

    override async *read(options: Parameters<MemoryStream['read']>[0]) {
      for await (const record of super.read(options)) {
        // As the account tree's file says it, which is written in the midst of a plan.
        if (this.failures > 0) {
          this.failures -= 1;
          throw new Error('ENOSPC: no space left on device, write');
        }
        yield record;
      }
    }
  }
  const stream = new FullDisk();
  const script = new DiffScript(1).create(0, 0).move(depositBase(2, 5n));
  stream.append('diff.0.FULL', script.closeEpoch());
  const running = await start(stream);
  try {
    await running.until(() => running.statuses.get('FULL')?.stopped !== undefined);
    assert.match(running.statuses.get('FULL')?.stopped ?? '', /^STORE_DISK: .*ENOSPC.*make room/);
    await running.until(() => running.statuses.get('FULL')?.recordsProved === 1);
    assert.equal(running.statuses.get('FULL')?.stopped, undefined);
    const waits = running.lines.filter((line) => line.includes('market waits'));
    assert.deepEqual(
      waits.map((line) => /looks["=:]+(\d+)/.exec(line)?.[1]),
      ['1', '2', '4'],
      'it asks less and less often',
    );
  } finally {
    await running.stop();
  }
  assert.equal(await accepted('FULL'), 1);
});

test('a store that another prover has is waited for, and its process named', async () => {
  const stream = new MemoryStream();
  const script = new DiffScript(1).create(0, 0).move(depositBase(2, 5n));
  stream.append('diff.0.HELD', script.closeEpoch());
  const folder = join(dir, 'proofs', 'HELD');
  await mkdir(folder, { recursive: true });
  const lock = takeProofStore(folder);
  const running = await start(stream);
  try {
    await running.until(() => running.statuses.get('HELD')?.stopped !== undefined);
    const { stopped } = running.statuses.get('HELD') ?? {};
    assert.match(stopped ?? '', new RegExp(`^STORE_LOCKED: .*process ${process.pid} has it`));
    assert.deepEqual(await readdir(folder), ['prover.lock']);
    lock.release();
    await running.until(() => running.proved.length === 1);
  } finally {
    await running.stop();
  }
  assert.equal(await accepted('HELD'), 1);
  assert.equal(proofStoreHolder(folder), undefined, 'who ends in good order gives it back');
});

test('a stream that is away for a while is read again where the store ends', async () => {
  class FlakyStream extends MemoryStream {
    failures = 2;

    override async *read(options: Parameters<MemoryStream['read']>[0]) {
      for await (const record of super.read(options)) {
        if (record.sequence === 2 && this.failures > 0) {
          this.failures -= 1;
          throw new StreamError('UNAVAILABLE', 'the broker is away');
        }
        yield record;
      }
    }
  }
  const stream = new FlakyStream();
  const script = new DiffScript(1).create(0, 0).move(depositBase(2, 5n));
  stream.append('diff.0.FLAKY', script.closeEpoch());
  stream.append('diff.0.FLAKY', script.move(depositBase(2, 6n)).closeEpoch());
  const running = await start(stream);
  try {
    await running.until(() => running.proved.length === 2);
    // Proofs and data are read for each by itself.
    const lost = running.lines.filter((line) => line.includes('diff stream lost'));
    assert.equal(lost.length, 2);
  } finally {
    await running.stop();
  }
  assert.equal(await accepted('FLAKY'), 2);
});
