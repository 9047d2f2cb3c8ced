// SPDX-License-Identifier: GPL-3.0-or-later
/** A worker among others: what it leaves to them, and what it believes to be at. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RedisServer, startRedisServer } from '@foldbook/runtime/testing';
import { Queue } from 'bullmq';
import { BullmqQueue, RECONNECTING } from './bullmq-queue.ts';
import { BullmqWorker } from './bullmq-worker.ts';
import type { ProofJob, ProofResult } from './proof-job.ts';
import type { ProofMaker } from './proof-queue.ts';
import { ProverError } from './prover-error.ts';
import { polled } from './testing/prover-process.ts';
import { expectedResult, ScriptedMaker, someJobs } from './testing/scripted-maker.ts';
import { TrackedRedis } from './tracked-redis.ts';

let server: RedisServer;

before(async () => {
  server = await startRedisServer();
});

after(async () => {
  await server.close();
});

/** A queue without a worker, a connection for workers, and whatever they refuse. */
class Setting {
  readonly redis = new TrackedRedis(server.url, RECONNECTING);
  readonly refusals: string[] = [];
  readonly queue: BullmqQueue;
  readonly #name: string;
  readonly #workers: BullmqWorker[] = [];
  #told = Promise.withResolvers<void>();

  constructor(name: string) {
    this.#name = name;
    this.queue = new BullmqQueue({ redisUrl: server.url, name, sweepMs: 100 });
  }

  work(maker: ProofMaker): BullmqWorker {
    const worker = new BullmqWorker({
      ...{ name: this.#name, connection: this.redis, maker },
      isAwaited: () => false,
      onRefusal: (reason) => {
        this.refusals.push(reason);
        this.#told.resolve();
        this.#told = Promise.withResolvers();
      },
      onError: () => undefined,
    });
    this.#workers.push(worker);
    return worker;
  }

  async untilRefused(times: number): Promise<void> {
    while (this.refusals.length < times) await this.#told.promise;
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
    await this.queue.close();
    this.redis.disconnectAll();
  }
}

/** Makes all but one job. */
class PickyMaker implements ProofMaker {
  readonly concurrency = 1;
  readonly #id: string;

  constructor({ id }: ProofJob) {
    this.#id = id;
  }

  refuses({ id }: ProofJob): string | undefined {
    return id === this.#id ? 'no such circuit here' : undefined;
  }

  async make(job: ProofJob): Promise<ProofResult> {
    return expectedResult(job);
  }
}

test('a worker that refuses a job leaves it to others, and makes those that it can', async () => {
  const setting = new Setting('picky');
  const [refused, ...jobs] = someJobs(6);
  assert(refused);
  try {
    const answer = setting.queue.prove(refused);
    setting.work(new PickyMaker(refused));
    await setting.untilRefused(2);
    const answers = await Promise.all(jobs.map((job) => setting.queue.prove(job)));
    assert.deepEqual(answers, jobs.map(expectedResult));
    assert.deepEqual(new Set(setting.refusals), new Set(['no such circuit here']));
    setting.work(new ScriptedMaker());
    assert.deepEqual(await answer, expectedResult(refused));
  } finally {
    await setting.end();
  }
});

test('what is wrong at a worker is no try of the job', async () => {
  const setting = new Setting('faulty');
  const [job] = someJobs(1);
  assert(job);
  const faulty: ProofMaker = {
    concurrency: 1,
    refuses: () => undefined,
    make: async () => {
      throw new ProverError('PROVING_KEY', 'the key is damaged here');
    },
  };
  try {
    const answer = setting.queue.prove(job);
    setting.work(faulty);
    await setting.untilRefused(4);
    assert.equal(setting.refusals[3], 'the key is damaged here');
    const maker = new ScriptedMaker();
    // Two tries fail and the third does not: all three are left.
    maker.fail(job, 2);
    setting.work(maker);
    assert.deepEqual(await answer, expectedResult(job));
  } finally {
    await setting.end();
  }
});

test('a job of an unknown form is left to others, and a failed one names its worker', async () => {
  const setting = new Setting('unknown-form');
  const queue = new Queue('unknown-form', { connection: setting.redis });
  const [job] = someJobs(1);
  assert(job);
  try {
    await queue.add('later', { ...job, id: 'later', curve: 'other' }, { jobId: 'later' });
    const maker = new ScriptedMaker();
    maker.fail(job, 3);
    setting.work(maker);
    await setting.untilRefused(1);
    assert.match(setting.refusals[0] ?? '', /^a job is of another release: .*curve/);
    await assert.rejects(setting.queue.prove(job), {
      message: new RegExp(`scripted failure, 1 to go \\(worker \\S+:${process.pid}\\)$`),
    });
    assert.equal(await queue.getJobState('later'), 'delayed');
  } finally {
    await setting.end();
  }
});

test('a job that was flushed and made elsewhere is not under way for ever', {
  timeout: 60_000,
}, async () => {
  const setting = new Setting('flushed');
  const [job] = someJobs(1);
  assert(job);
  const slow = new ScriptedMaker();
  slow.hold();
  try {
    const answer = setting.queue.prove(job);
    const worker = setting.work({
      concurrency: 1,
      refuses: () => undefined,
      make: () => slow.make(job),
    });
    await slow.untilStarted(1);
    assert(worker.has(job.id));
    await setting.redis.flushall();
    setting.work(new ScriptedMaker());
    assert.deepEqual(await answer, expectedResult(job));
    slow.open();
    await polled(async () => !worker.has(job.id));
  } finally {
    slow.open();
    await setting.end();
  }
});
