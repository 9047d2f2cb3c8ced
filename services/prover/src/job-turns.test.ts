// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EpochTurns, JobTurns, type Urgency } from './job-turns.ts';

/** Deadlines of markets at time 0; every job is done at once. */
function urgency(deadlines: Readonly<Record<string, number>>): Urgency {
  const standing = (market: string) => {
    const deadlineMs = deadlines[market];
    return deadlineMs === undefined ? undefined : { deadlineMs, restMs: 0 };
  };
  return { nowMs: () => 0, standing };
}

/** Asks for turns and writes down who began; each job ends when it is told to. */
class Jobs {
  readonly begun: string[] = [];
  readonly #running: EpochTurns[] = [];

  ask(turns: EpochTurns, jobs: number): Promise<unknown> {
    const { market, epoch } = turns.place;
    const job = async (): Promise<void> => {
      await turns.enter();
      this.begun.push(`${market}${epoch}`);
      this.#running.push(turns);
    };
    return Promise.all(Array.from({ length: jobs }, job));
  }

  /** The job that began first ends. */
  async end(): Promise<void> {
    this.#running.shift()?.leave();
    await undefined;
  }

  async endAll(): Promise<void> {
    while (this.#running.length > 0) await this.end();
  }
}

test('deadlines come first, whoever asked; each fourth turn is for who is late', async () => {
  const turns = new JobTurns({
    places: () => 1,
    urgency: urgency({ LATE: -1, SOON: 10, LATER: 20 }),
  });
  const jobs = new Jobs();
  const of = (market: string) => turns.of({ market, epoch: 0 });
  const asked = [jobs.ask(of('LATER'), 3), jobs.ask(of('LATE'), 2), jobs.ask(of('NEW'), 1)];
  asked.push(jobs.ask(of('SOON'), 3));
  await undefined;
  assert.deepEqual([turns.busy, turns.waiting], [1, 8]);
  await jobs.endAll();
  await Promise.all(asked);
  const order = jobs.begun.map((name) => name.slice(0, -1));
  const expected = ['LATER', 'SOON', 'SOON', 'LATE', 'SOON', 'LATER', 'LATER', 'LATE', 'NEW'];
  assert.deepEqual(order, expected);
  assert.deepEqual([turns.busy, turns.waiting], [0, 0]);
});

test("a market's epochs begin in order, and one has no more workers than were chosen", async () => {
  const turns = new JobTurns({ places: () => 3 });
  const jobs = new Jobs();
  const first = turns.of({ market: 'A', epoch: 1 }, 1);
  const second = turns.of({ market: 'A', epoch: 2 });
  const asked = [jobs.ask(second, 4), jobs.ask(first, 3)];
  await undefined;
  assert.deepEqual(jobs.begun, ['A2', 'A2', 'A2']);
  await jobs.end();
  assert.deepEqual(jobs.begun.slice(3), ['A1']);
  // Its one worker is busy: the next place goes to the epoch behind it.
  await jobs.end();
  assert.deepEqual(jobs.begun.slice(3), ['A1', 'A2']);
  await jobs.endAll();
  await Promise.all(asked);
  assert.deepEqual(jobs.begun.slice(5), ['A1', 'A1']);
});

test('without deadlines who asks first is served first; more places are taken', async () => {
  let places = 1;
  const turns = new JobTurns({ places: () => places });
  const jobs = new Jobs();
  const asked = ['B', 'A'].map((market) => jobs.ask(turns.of({ market, epoch: 0 }), 2));
  await undefined;
  assert.deepEqual(jobs.begun, ['B0']);
  places = 3;
  turns.look();
  await undefined;
  assert.deepEqual(jobs.begun, ['B0', 'B0', 'A0']);
  await jobs.endAll();
  await Promise.all(asked);
});

test('closing rejects what waits and what is asked later, and nothing of the others', async () => {
  const turns = new JobTurns({ places: () => 1 });
  const jobs = new Jobs();
  const one = turns.of({ market: 'ONE', epoch: 0 });
  const other = turns.of({ market: 'OTHER', epoch: 0 });
  const asked = [jobs.ask(one, 2), jobs.ask(other, 1)] as const;
  await undefined;
  one.close();
  await assert.rejects(asked[0], { code: 'CLOSED', message: /market ONE, epoch 0/ });
  await assert.rejects(one.enter(), { code: 'CLOSED' });
  await jobs.end();
  await asked[1];
  assert.deepEqual(jobs.begun, ['ONE0', 'OTHER0']);
  const waiting = jobs.ask(other, 2);
  turns.close();
  await assert.rejects(waiting, { code: 'CLOSED' });
  await assert.rejects(other.enter(), { code: 'CLOSED' });
  await assert.rejects(turns.of({ market: 'NEW', epoch: 0 }).enter(), { code: 'CLOSED' });
  assert.equal(turns.waiting, 0);
});
