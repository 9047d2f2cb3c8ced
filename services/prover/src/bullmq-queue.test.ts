// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import { type RedisServer, startRedisServer } from '@foldbook/runtime/testing';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { BullmqQueue, RECONNECTING, withoutPassword } from './bullmq-queue.ts';
import { BullmqWorker } from './bullmq-worker.ts';
import { type JobTurns, queueTurns, type Urgency } from './job-turns.ts';
import type { ProofJob } from './proof-job.ts';
import type { QueueTrouble } from './proof-queue.ts';
import { ProverError } from './prover-error.ts';
import { polled } from './testing/prover-process.ts';
import { proveAll, testProofQueue } from './testing/queue-conformance.ts';
import { expectedResult, ScriptedMaker, someJobs } from './testing/scripted-maker.ts';
import { TrackedRedis } from './tracked-redis.ts';

let server: RedisServer;
let queues = 0;

before(async () => {
  server = await startRedisServer();
});

after(async () => {
  await server.close();
});

interface OpenOptions {
  readonly held?: () => number;
  readonly redisUrl?: string;
  readonly name?: string;
  readonly sweepMs?: number;
}

function open(maker: ScriptedMaker | undefined, options: OpenOptions = {}): BullmqQueue {
  queues += 1;
  const name = `queue-${queues}`;
  return new BullmqQueue({ redisUrl: server.url, name, maker, sweepMs: 100, ...options });
}

testProofQueue('BullMQ', async (maker) => open(maker));

/** Resolves when the queue next tells of `state`. */
function untilTrouble(queue: BullmqQueue, state: QueueTrouble): Promise<string> {
  return new Promise((resolve) => {
    const stop = queue.onTrouble((told, detail) => {
      if (told !== state) return;
      stop();
      resolve(detail);
    });
  });
}

async function withRedis(work: (redis: Redis) => Promise<void>): Promise<void> {
  const redis = new Redis(server.url);
  try {
    await work(redis);
  } finally {
    redis.disconnect();
  }
}

test('Redis killed and started again with jobs in flight: every job is answered', async () => {
  const maker = new ScriptedMaker();
  const queue = open(maker);
  try {
    const jobs = someJobs(12);
    maker.hold();
    const answers = proveAll(queue, jobs);
    await maker.untilStarted(2);
    const lost = untilTrouble(queue, 'lost');
    const recovered = untilTrouble(queue, 'recovered');
    await server.kill();
    assert.match(await lost, /^Redis at redis:\/\/127\.0\.0\.1:\d+ is gone/);
    // Two proofs are done while nobody can be told.
    maker.open();
    await server.restart();
    assert.match(await recovered, /is back; 12 jobs open/);
    assert.deepEqual(await answers, jobs.map(expectedResult));
    assert.deepEqual(new Set(maker.started), new Set(jobs.map(({ id }) => id)));
  } finally {
    maker.open();
    await queue.close();
  }
});

test('Redis flushed with jobs in flight: submitted again, proofs made are kept', async () => {
  const maker = new ScriptedMaker();
  const queue = open(maker);
  try {
    const jobs = someJobs(12);
    maker.hold();
    const answers = proveAll(queue, jobs);
    await maker.untilStarted(2);
    await withRedis(async (redis) => {
      await redis.flushall();
    });
    maker.open();
    assert.deepEqual(await answers, jobs.map(expectedResult));
    assert.equal(maker.started.length, jobs.length, 'no proof is made twice');
  } finally {
    maker.open();
    await queue.close();
  }
});

test('jobs asked for before Redis is there are answered once it is', async () => {
  await server.stop();
  const maker = new ScriptedMaker();
  const queue = open(maker);
  try {
    const lost = untilTrouble(queue, 'lost');
    const jobs = someJobs(3);
    const answers = proveAll(queue, jobs);
    await lost;
    await server.restart();
    assert.deepEqual(await answers, jobs.map(expectedResult));
  } finally {
    await queue.close();
  }
});

test('a Redis that refuses is told of once, and its jobs wait for it', async () => {
  const maker = new ScriptedMaker();
  const queue = open(maker, { name: 'refused' });
  const [first, second] = someJobs(2);
  assert(first && second);
  try {
    await queue.prove(first);
    const told: string[] = [];
    queue.onTrouble((state) => told.push(state));
    const refused = untilTrouble(queue, 'lost');
    const accepted = untilTrouble(queue, 'recovered');
    await withRedis(async (redis) => {
      await redis.config('SET', 'maxmemory', '1');
      const answer = queue.prove(second);
      assert.match(await refused, /refuses \(.*OOM/);
      await redis.config('SET', 'maxmemory', '0');
      await accepted;
      assert.deepEqual(await answer, expectedResult(second));
    });
    assert.deepEqual(told, ['lost', 'recovered']);
  } finally {
    await queue.close();
  }
});

/** Has jobs made in their turns; `LATER` has the later deadline. */
function askInTurns(turns: JobTurns, queue: BullmqQueue, market: string, jobs: ProofJob[]) {
  const of = turns.of({ market, epoch: 0 });
  return jobs.map(async (job) => {
    await of.enter();
    return queue.prove(job).finally(() => of.leave());
  });
}

const urgency: Urgency = {
  nowMs: () => 0,
  standing: (market) => ({ deadlineMs: market === 'LATER' ? 2 : 1, restMs: 0 }),
};

test('Redis is given what its workers can be busy with, the nearest deadline first', async () => {
  const maker = new ScriptedMaker(1);
  const name = 'turns';
  const queue: BullmqQueue = open(maker, { name, held: () => turns.waiting });
  const turns = queueTurns(queue, urgency);
  try {
    maker.hold();
    const later = someJobs(6, 1);
    const soon = someJobs(3, 2);
    const answers = askInTurns(turns, queue, 'LATER', later);
    await maker.untilStarted(1);
    answers.push(...askInTurns(turns, queue, 'SOON', soon));
    await withRedis(async (redis) => {
      const given = async () =>
        (await redis.llen(`bull:${name}:wait`)) + (await redis.llen(`bull:${name}:active`));
      await polled(async () => (await given()) === 3);
      await polled(async () => (await redis.get(`bull:${name}:held`)) === '6');
      assert.equal(turns.waiting, 6);
      maker.open();
      assert.deepEqual(await Promise.all(answers), [...later, ...soon].map(expectedResult));
      await polled(async () => (await redis.get(`bull:${name}:held`)) === '0');
    });
    const expected = [...later.slice(0, 3), ...soon, ...later.slice(3)].map(({ id }) => id);
    assert.deepEqual(maker.started, expected);
  } finally {
    maker.open();
    await queue.close();
  }
});

test('workers that connect are given more; what waits when it closes is not lost', async () => {
  const name = 'places';
  const asker: BullmqQueue = open(undefined, { name, held: () => turns.waiting });
  const turns = queueTurns(asker, urgency);
  const jobs = someJobs(20);
  const answers = Promise.allSettled(askInTurns(turns, asker, 'LATER', jobs));
  // None is there yet.
  assert.deepEqual([asker.places(), turns.waiting], [4, 16]);
  const maker = new ScriptedMaker(8);
  maker.hold();
  const worker = open(maker, { name });
  await maker.untilStarted(8);
  await polled(async () => asker.places() === 10 && turns.waiting === 10);
  await withRedis((redis) => polled(async () => (await redis.get(`bull:${name}:held`)) === '10'));
  turns.close();
  await asker.close();
  for (const answer of await answers) assert.equal(answer.status, 'rejected');
  assert.equal(turns.waiting, 0);
  await withRedis(async (redis) => {
    assert.equal(await redis.exists(`bull:${name}:held`), 0);
    assert.equal(await redis.llen(`bull:${name}:wait`), 0);
  });
  maker.open();
  const again = open(undefined, { name });
  try {
    assert.deepEqual(
      await Promise.all(askInTurns(queueTurns(again), again, 'LATER', jobs)),
      jobs.map(expectedResult),
    );
    assert.equal(maker.started.length, jobs.length, 'what was under way is not made again');
  } finally {
    await again.close();
    await worker.close();
  }
});

test('closing ends although Redis is gone', async () => {
  const maker = new ScriptedMaker();
  const queue = open(maker);
  maker.hold();
  const [job] = someJobs(1);
  assert(job);
  const answer = assert.rejects(queue.prove(job), { code: 'CLOSED' });
  await maker.untilStarted(1);
  await server.kill();
  try {
    await queue.close();
    await answer;
  } finally {
    maker.open();
    await server.restart();
  }
});

test('closing withdraws the jobs that nobody has started', async () => {
  const maker = new ScriptedMaker();
  const name = 'withdrawn';
  const queue = open(maker, { name });
  maker.hold();
  const answers = Promise.allSettled(someJobs(12).map((job) => queue.prove(job)));
  await maker.untilStarted(2);
  const closing = queue.close();
  maker.open();
  await closing;
  await answers;
  await withRedis(async (redis) => {
    assert.equal(await redis.llen(`bull:${name}:wait`), 0);
    assert.equal(await redis.zcard(`bull:${name}:prioritized`), 0);
  });
  assert.equal(maker.started.length, 2);
});

test('a prover that starts again takes the results that its earlier life left', async () => {
  const jobs = someJobs(4);
  const earlier = new ScriptedMaker();
  const first = open(earlier, { name: 'lives' });
  await proveAll(first, jobs);
  await first.close();
  const maker = new ScriptedMaker();
  const second = open(maker, { name: 'lives' });
  try {
    assert.deepEqual(await proveAll(second, jobs), jobs.map(expectedResult));
    assert.deepEqual(maker.started, []);
  } finally {
    await second.close();
  }
});

test('a result that is no proof is not handed out again: the job is made once more', async () => {
  const maker = new ScriptedMaker();
  const queue = open(maker, { name: 'tampered' });
  const [job] = someJobs(1);
  assert(job);
  try {
    maker.hold();
    const answer = queue.prove(job);
    await maker.untilStarted(1);
    maker.open();
    await answer;
    await withRedis(async (redis) => {
      await redis.hset(`bull:tampered:${job.id}`, 'returnvalue', '{"proof":"00"}');
    });
    assert.deepEqual(await queue.prove(job), expectedResult(job));
    assert.deepEqual(maker.started, [job.id, job.id]);
  } finally {
    maker.open();
    await queue.close();
  }
});

/** A worker that is none of ours. */
function strangeWorker(name: string, answer: () => unknown): Worker {
  const { hostname: host, port } = new URL(server.url);
  const connection = { host, port: Number(port), maxRetriesPerRequest: null };
  return new Worker(name, async () => answer(), { connection });
}

test('answers that are no proofs are tries, and whoever gave the last one is named', async () => {
  const [job, other] = someJobs(2);
  assert(job && other);
  let answers = 0;
  const garbage = { proof: 'zz', worker: 'evil-host:7', 'a\nb': '\u001b[2J' };
  const good = { ...expectedResult(other), proof: '01'.repeat(256), later: 'field' };
  const worker = strangeWorker('strange', () => {
    answers += 1;
    return answers > 5 ? good : garbage;
  });
  const queue = new BullmqQueue({ redisUrl: server.url, name: 'strange', sweepMs: 100 });
  try {
    const failure = await queue.prove(job).catch((error: unknown) => error);
    assert(failure instanceof ProverError && failure.code === 'PROOF_FAILED');
    assert.match(failure.message, /failed 3 times.*worker evil-host:7 returned no proof: .*proof/);
    assert.doesNotMatch(failure.message, /\p{Cc}/u);
    assert.equal(answers, 3);
    assert.deepEqual(await queue.prove(other), expectedResult(other));
    assert.equal(answers, 6);
  } finally {
    await worker.close();
    await queue.close();
  }
});

test('a job that Redis has, and has in none of its lists, is submitted again', async () => {
  const name = 'unlisted';
  const queue = new BullmqQueue({ redisUrl: server.url, name, sweepMs: 100 });
  const [job] = someJobs(1);
  assert(job);
  const answer = queue.prove(job);
  await withRedis(async (redis) => {
    await polled(async () => (await redis.llen(`bull:${name}:wait`)) === 1);
    await redis.del(`bull:${name}:wait`);
  });
  const helper = new BullmqQueue({ redisUrl: server.url, name, maker: new ScriptedMaker() });
  try {
    assert.deepEqual(await answer, expectedResult(job));
  } finally {
    await helper.close();
    await queue.close();
  }
});

test('jobs of another release that nobody asks for are taken out, others stay', async () => {
  const [foreign, left, asked] = someJobs(3);
  assert(foreign && left && asked);
  const name = 'foreign';
  const earlier = new BullmqQueue({ redisUrl: server.url, name });
  const answers = [foreign, left].map((job) => earlier.prove(job).catch(() => undefined));
  const cleared = Promise.withResolvers<number>();
  await withRedis(async (redis) => {
    await polled(async () => (await redis.llen(`bull:${name}:wait`)) === 2);
    const queue = new BullmqQueue({
      ...{ redisUrl: server.url, name, sweepMs: 100, onCleared: cleared.resolve },
      isForeign: (job) => inspect(job).includes(foreign.id) || inspect(job).includes(asked.id),
    });
    const own = queue.prove(asked).catch(() => undefined);
    assert.equal(await cleared.promise, 1);
    const ids = await redis.lrange(`bull:${name}:wait`, 0, -1);
    assert.deepEqual(ids.sort(), [left.id, asked.id].sort());
    await queue.close();
    await earlier.close();
    await Promise.all([own, ...answers]);
  });
});

test('what BullMQ cannot do is told, once', async () => {
  const redis = new TrackedRedis(server.url, RECONNECTING);
  const told: string[] = [];
  const first = Promise.withResolvers<void>();
  const worker = new BullmqWorker({
    ...{ name: 'told', connection: redis, maker: new ScriptedMaker(), lockMs: 600.5 },
    isAwaited: () => false,
    onRefusal: () => undefined,
    onError: (reason) => {
      told.push(reason);
      first.resolve();
    },
  });
  const queue = new BullmqQueue({ redisUrl: server.url, name: 'told', sweepMs: 100 });
  for (const job of someJobs(1)) queue.prove(job).catch(() => undefined);
  await first.promise;
  assert.match(told[0] ?? '', /integer/);
  await worker.close();
  await queue.close();
  redis.disconnectAll();
});

test('what is shown of an address has no password', () => {
  assert.equal(withoutPassword('redis://me:secret@db:6379/2'), 'redis://db:6379/2');
  assert.equal(withoutPassword('nonsense'), 'an address that is no URL');
});
