// SPDX-License-Identifier: GPL-3.0-or-later
/** What every proof queue does, whatever carries its jobs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProofJob, ProofResult } from '../proof-job.ts';
import type { ProofQueue } from '../proof-queue.ts';
import { expectedResult, ScriptedMaker, someJobs } from './scripted-maker.ts';

/** An empty queue over this maker that tries each job three times. */
export type OpenQueue = (maker: ScriptedMaker) => Promise<ProofQueue>;

export function testProofQueue(name: string, open: OpenQueue): void {
  const run = (what: string, body: (queue: ProofQueue, maker: ScriptedMaker) => Promise<void>) =>
    test(`${name}: ${what}`, async () => {
      const maker = new ScriptedMaker();
      const queue = await open(maker);
      try {
        await body(queue, maker);
      } finally {
        maker.open();
        await queue.close();
      }
    });

  run('each job gets its own result, whole', async (queue) => {
    const jobs = someJobs(8);
    assert.deepEqual(await proveAll(queue, jobs), jobs.map(expectedResult));
  });

  run('a job asked for twice is made once, and both get the result', async (queue, maker) => {
    const [job] = someJobs(1);
    assert(job);
    maker.hold();
    const answers = [queue.prove(job), queue.prove({ ...job })];
    await maker.untilStarted(1);
    maker.open();
    assert.deepEqual(await Promise.all(answers), [expectedResult(job), expectedResult(job)]);
    assert.equal(maker.started.length, 1);
  });

  run('a job that fails is tried again', async (queue, maker) => {
    const [job, other] = someJobs(2);
    assert(job && other);
    maker.fail(job, 2);
    assert.deepEqual(await proveAll(queue, [job, other]), [job, other].map(expectedResult));
    assert.equal(maker.started.filter((id) => id === job.id).length, 3);
  });

  run(
    'after three tries a job fails, with the reason; asked again, it starts afresh',
    async (queue, maker) => {
      const [job] = someJobs(1);
      assert(job);
      maker.fail(job, 3);
      await assert.rejects(queue.prove(job), {
        code: 'PROOF_FAILED',
        message: /failed 3 times.*scripted failure, 1 to go/,
      });
      assert.deepEqual(await queue.prove(job), expectedResult(job));
    },
  );

  run('closing rejects what is open and what comes after', async (queue, maker) => {
    const jobs = someJobs(3);
    maker.hold();
    const answers = proveAllSettled(queue, jobs);
    await maker.untilStarted(1);
    const closed = queue.close();
    for (const answer of await answers) assert.equal(rejectionCode(answer), 'CLOSED');
    maker.open();
    await closed;
    const [late] = await proveAllSettled(queue, someJobs(1));
    assert.equal(rejectionCode(late), 'CLOSED');
  });
}

export function proveAll(queue: ProofQueue, jobs: readonly ProofJob[]): Promise<ProofResult[]> {
  return Promise.all(jobs.map((job) => queue.prove(job)));
}

function proveAllSettled(
  queue: ProofQueue,
  jobs: readonly ProofJob[],
): Promise<PromiseSettledResult<ProofResult>[]> {
  return Promise.allSettled(jobs.map((job) => queue.prove(job)));
}

function rejectionCode(answer: PromiseSettledResult<ProofResult> | undefined): unknown {
  return answer?.status === 'rejected' ? answer.reason.code : answer?.status;
}
