// SPDX-License-Identifier: GPL-3.0-or-later
/** STARK chains among other chains, and among processes. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';
import { diffStream, type EpochProved, type EpochPublished } from '@foldbook/protocol';
import { createLogger, SegmentStore } from '@foldbook/runtime';
import { startRedisServer } from '@foldbook/runtime/testing';
import { DEFAULT_PARAMETERS } from '@foldbook/stark';
import { type ChainKind, checkAccountProof, verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { kernelCommitments as commitments } from '@foldbook/verifier/stark-data';
import { Queue } from 'bullmq';
import { proofQueueName } from './bullmq-queue.ts';
import { InProcessQueue } from './in-process-queue.ts';
import { queueTurns } from './job-turns.ts';
import { loadOperatorKey } from './operator-key.ts';
import { LocalCommits } from './part-commits.ts';
import { isPart } from './proof-job.ts';
import type { ProofMaker } from './proof-queue.ts';
import { ProverService } from './prover-service.ts';
import { DiffScript, depositBase } from './testing/diff-script.ts';
import { MemoryStream } from './testing/memory-stream.ts';
import { PartMaker } from './testing/part-maker.ts';
import { Processes, polled } from './testing/prover-process.ts';
import { TrapdoorMaker, trapdoorCircuits, trustedKeys } from './testing/trapdoor-circuits.ts';

const MARKET = 'TEST-USD';
let dir = '';
let processes: Processes;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-stark-'));
  processes = new Processes();
});

afterEach(async () => {
  processes.killAll();
  await rm(dir, { recursive: true, force: true });
});

async function accepted(chain: ChainKind): Promise<number> {
  const source = openStoreFolder(join(dir, 'proofs'), MARKET, { chain });
  const result = await verifyChain(source, { level: 'data', trustedKeys, commitments });
  assert(result.ok, inspect(result));
  return result.epochs;
}

/** Epochs of eight deposits each. */
function messages(epochs: number): Uint8Array[] {
  const script = new DiffScript(7).create(0, 0);
  const deposits = Array.from({ length: 8 }, (_, account) => depositBase(2 + account, 5n));
  return Array.from({ length: epochs }, () => script.move(...deposits).closeEpoch());
}

test('a market has both chains, of the same data, and tells of each', async () => {
  const [circuits, parts] = [new TrapdoorMaker(), new PartMaker()];
  const maker: ProofMaker = {
    concurrency: 4,
    refuses: () => undefined,
    make: (job) => (isPart(job) ? parts.make(job) : circuits.make(job)),
  };
  const stream = new MemoryStream();
  for (const message of messages(2)) stream.append(`diff.0.${MARKET}`, message);
  const [proved, published]: [EpochProved[], EpochPublished[]] = [[], []];
  const queue = new InProcessQueue(maker);
  const service = new ProverService({
    ...{ reader: stream, queue, turns: queueTurns(queue), circuits: trapdoorCircuits, lookMs: 5 },
    chains: {
      of: (market) => {
        assert.equal(market, MARKET, 'no name that anybody thinks of is looked up');
        return ['poseidon', 'stark'];
      },
    },
    stark: { commits: new LocalCommits(), parameters: DEFAULT_PARAMETERS, partRecords: 8 },
    operator: await loadOperatorKey(join(dir, 'operator.key')),
    storeDir: join(dir, 'proofs'),
    logger: createLogger({ service: 'test', level: 'error' }),
    onPublished: (epoch) => published.push(epoch),
    onProved: (epoch) => proved.push(epoch),
  });
  try {
    const chains = () => service.status().flatMap((main) => [main, main.secondChain]);
    await polled(async () => {
      const done = chains().filter((chain) => chain?.epochsProved === 2);
      return done.length === 2;
    });
    assert.equal(chains().length, 2, 'one market');
    const file = service.owedTo(MARKET, 2);
    const owed = checkAccountProof(file instanceof Uint8Array ? file : new Uint8Array());
    assert(owed.ok && owed.chain === 'poseidon', 'the chain whose proofs bind what is owed');
    assert.equal(service.proofOf('ANY-USD', 1), undefined);
    assert.equal(service.proofOf(MARKET, 1)?.devKeys, false, "the STARK's, which has no keys");
    assert.equal(service.owedTo('ANY-USD', 2), undefined);
  } finally {
    await queue.close();
    await service.stop();
  }
  assert.deepEqual([proved.length, published.length], [2, 2], 'one chain is announced');
  assert.deepEqual([await accepted('poseidon'), await accepted('stark')], [2, 2]);
});

test('a STARK chain alone, proved by threads of another process', {
  timeout: 120_000,
}, async () => {
  const redis = await startRedisServer();
  try {
    const streams = new SegmentStore({ dir: join(dir, 'streams') });
    const writer = await streams.writer(diffStream(0), ['diff.0.*']);
    for (const message of messages(1)) await writer.append(`diff.0.${MARKET}`, message);
    await streams.close();
    const worker = processes.start('worker', { redisUrl: redis.url, workers: 2, nice: 0 });
    const prover = processes.start('prover', {
      ...{ redisUrl: redis.url, workers: 0, nice: 0, dataDir: join(dir, 'proofs') },
      source: { kind: 'segment', dir: join(dir, 'streams') },
      ...{ chains: 'stark', stark: { blowup: 8, partRecords: 4 } },
    });
    await prover.untilProved(0);
    const waiting = new Queue(proofQueueName(0), { connection: { url: redis.url } });
    try {
      // A proof that is in the store is not in Redis' memory as well.
      await polled(async () => (await waiting.getCompletedCount()) === 0);
    } finally {
      await waiting.close();
    }
    assert.deepEqual(await prover.end('SIGTERM'), [0, null], prover.log);
    assert.deepEqual(await worker.end('SIGTERM'), [0, null], worker.log);
    const told = prover.messages.find((message) => message.type === 'epoch-proved');
    assert(told?.type === 'epoch-proved');
    assert.deepEqual([told.recordCount, told.proofs], [8, 2]);
    assert.equal(await accepted('stark'), 1);
  } finally {
    await redis.close();
  }
});
