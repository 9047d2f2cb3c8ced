// SPDX-License-Identifier: GPL-3.0-or-later
/** Workers as processes of their own: real Redis, real proofs, killed in the middle of one. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { inspect } from 'node:util';
import { diffStream } from '@foldbook/protocol';
import { availableCores, SegmentStore } from '@foldbook/runtime';
import { type RedisServer, startRedisServer } from '@foldbook/runtime/testing';
import { verifyChain } from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { BullmqQueue, proofQueueName } from './bullmq-queue.ts';
import { DiffScript, depositBase } from './testing/diff-script.ts';
import { Processes, type ProverProcess, polled } from './testing/prover-process.ts';
import { expectedResult, ScriptedMaker, someJobs } from './testing/scripted-maker.ts';
import { sampleJob } from './testing/statements.ts';
import type { SupervisorStatus } from './worker-supervisor.ts';

const MARKET = 'TEST-USD';
const LOCK_MS = 2_000;

let redis: RedisServer;
let dir = '';
let partition = 0;
let processes: Processes;

before(async () => {
  redis = await startRedisServer();
});

after(async () => {
  await redis.close();
});

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'foldbook-workers-'));
  partition += 1;
  processes = new Processes();
});

afterEach(async () => {
  processes.killAll();
  await rm(dir, { recursive: true, force: true });
});

/** A prover that proves nothing itself, over a stream of so many epochs of three proofs each. */
async function startProver(epochs: number): Promise<ProverProcess> {
  const streams = new SegmentStore({ dir: join(dir, 'streams') });
  const writer = await streams.writer(diffStream(partition), [`diff.${partition}.*`]);
  const script = new DiffScript(7).create(0, 0);
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    script.move(...[2, 3, 4, 5].map((account) => depositBase(account, 5n)));
    await writer.append(`diff.${partition}.${MARKET}`, script.closeEpoch());
  }
  await streams.close();
  return processes.start('prover', {
    ...{ partition, redisUrl: redis.url, workers: 0, nice: 0, dataDir: join(dir, 'proofs') },
    source: { kind: 'segment', dir: join(dir, 'streams') },
    chains: 'poseidon',
  });
}

const startWorker = () =>
  processes.start('worker', { redisUrl: redis.url, partition, nice: 0, lockMs: LOCK_MS });

async function accepted(): Promise<number> {
  const source = openStoreFolder(join(dir, 'proofs'), MARKET);
  const result = await verifyChain(source, { level: 'data' });
  assert(result.ok, inspect(result));
  return result.epochs;
}

/** Resolves once so many jobs are being made. */
function untilActive(jobs: number): Promise<void> {
  const asked = `LLEN bull:${proofQueueName(partition)}:active`;
  return polled(async () => Number((await redis.say(asked)).slice(1)) >= jobs);
}

test('a worker that is killed in the middle of a proof loses it to another one', {
  timeout: 600_000,
}, async () => {
  const workers = [startWorker(), startWorker()];
  const [one, two] = workers;
  assert(one && two);
  await Promise.all(workers.map((worker) => worker.untilReady()));
  const prover = await startProver(1);
  await prover.untilReady();
  await untilActive(2);
  assert.deepEqual(await one.end('SIGKILL'), [null, 'SIGKILL']);
  await prover.untilProved(0);
  assert.deepEqual(await two.end('SIGTERM'), [0, null], two.log);
  assert.deepEqual(await prover.end('SIGTERM'), [0, null], prover.log);
  assert.equal(await accepted(), 1);
});

test('a worker of another release says so, and leaves the job to others', {
  timeout: 120_000,
}, async () => {
  const name = proofQueueName(partition);
  const asker = new BullmqQueue({ redisUrl: redis.url, name, sweepMs: 100 });
  const [job] = someJobs(1);
  assert(job);
  const answer = asker.prove(job);
  const worker = startWorker();
  try {
    await worker.until(() => /is for the key 07 of batch-15, and this worker has/.test(worker.log));
    assert.deepEqual(await worker.end('SIGTERM'), [0, null]);
    const maker = new ScriptedMaker();
    const helper = new BullmqQueue({ redisUrl: redis.url, name, maker });
    assert.deepEqual(await answer, expectedResult(job));
    await helper.close();
  } finally {
    await asker.close();
  }
});

test('jobs that the prover holds back are of the backlog', async () => {
  const supervisor = processes.start('supervisor', {
    // No worker fits.
    ...{ redisUrl: redis.url, partition, max: 1, memoryMb: 64, workerMb: 100, lookMs: 50 },
  });
  await redis.say(`SET bull:${proofQueueName(partition)}:held 7`);
  await supervisor.until(() =>
    supervisor.messages.some((told) => told.type === 'workers' && told.backlog === 7),
  );
  assert.deepEqual(await supervisor.end('SIGTERM'), [0, null], supervisor.log);
});

test('workers appear and go as the backlog does, on their cores, within their memory', {
  timeout: 600_000,
}, async () => {
  const core = availableCores()[0] ?? 0;
  const supervisor = processes.start('supervisor', {
    ...{ redisUrl: redis.url, partition, max: 4, jobsPerWorker: 1, coolDownMs: 200 },
    // Enough for two.
    ...{ memoryMb: 2_500, workerMb: 1_000, cores: [core], nice: 0, lookMs: 50, lockMs: LOCK_MS },
  });
  const statuses = (): SupervisorStatus[] =>
    supervisor.messages.flatMap((told) => (told.type === 'workers' ? [told] : []));
  await supervisor.until(() => statuses().length > 1);
  assert.deepEqual(statuses().at(-1)?.workers, []);
  const prover = await startProver(1);
  await prover.untilProved(0);
  await supervisor.until(() => statuses().at(-1)?.workers.length === 0);
  const most = Math.max(...statuses().map(({ workers }) => workers.length));
  assert.equal(most, 2, supervisor.log);
  const cores = new Set(statuses().flatMap(({ workers }) => workers.map((worker) => worker.core)));
  assert.deepEqual([...cores], [core]);
  const { started, ended, failed } = statuses().at(-1) ?? {};
  assert.deepEqual([started === ended, failed], [true, 0]);
  assert(statuses().some(({ reason }) => /memory: 2500 MiB for workers of up to/.test(reason)));
  assert.match(supervisor.log, new RegExp(`worker ready.*cores.*${core}`));
  assert.deepEqual(await supervisor.end('SIGTERM'), [0, null], supervisor.log);
  await prover.end('SIGTERM');
  assert.equal(await accepted(), 1);
});

test('workers outlive a job of another release, and their commands show no password', {
  timeout: 600_000,
}, async () => {
  const name = proofQueueName(partition);
  const asker = new BullmqQueue({ redisUrl: redis.url, name, sweepMs: 100 });
  const [stale] = someJobs(1);
  assert(stale);
  const left = asker.prove(stale).catch(() => undefined);
  const secured = redis.url.replace('//', '//:top-secret@');
  const supervisor = processes.start('supervisor', {
    ...{ redisUrl: secured, partition, min: 1, max: 1, memoryMb: 4_000, nice: 0, lookMs: 50 },
  });
  const last = () => supervisor.messages.findLast((told) => told.type === 'workers');
  try {
    await supervisor.until(() => last()?.refusal !== null && last()?.refusal !== undefined);
    assert.match(last()?.refusal ?? '', /is for the key 07 of batch-15, and this worker has/);
    const { pid } = last()?.workers[0] ?? {};
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    assert.match(command, /worker-main/);
    assert.doesNotMatch(command, /top-secret/);
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
    assert.match(environment, /\0FOLDBOOK_REDIS_PASSWORD=top-secret\0/);
    const own = sampleJob('accounts-4', 2);
    const { publicSignals, worker } = await asker.prove(own);
    assert.deepEqual(publicSignals, own.publicSignals);
    assert.match(worker ?? '', new RegExp(`:${pid}$`));
    assert.deepEqual([last()?.started, last()?.failed], [1, 0], supervisor.log);
    const told = supervisor.log.match(/workers leave jobs to others/g);
    assert.equal(told?.length, 1, 'once, however often it is refused');
    assert.deepEqual(await supervisor.end('SIGTERM'), [0, null], supervisor.log);
  } finally {
    await asker.close();
    await left;
  }
});

test('a supervisor does not start with cores that there are not', { timeout: 60_000 }, async () => {
  const limits = { max: 1, memoryMb: 1_000 };
  const config = { redisUrl: redis.url, partition, ...limits, cores: [100_000] };
  const supervisor = processes.start('supervisor', config);
  await assert.rejects(supervisor.untilReady(), /it ended \(2\)/);
  assert.match(supervisor.log, /cores: no core 100000 for this process, choose of/);
});
