/** Several markets on a host, several hosts, and markets that go from one to another. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { MarketViewReader, OperatorClient } from '@foldbook/client';
import { type Command, type MarketEvent, RECORD_BYTES, readEvents } from '@foldbook/protocol';
import { MetricsReader } from '@foldbook/runtime';
import fc from 'fast-check';
import type { FinishedMove } from './dispatcher.ts';
import { buy, cancel, closeEpoch, createMarket, fund, sell } from './testing/commands.ts';
import { Pipeline, type PipelineOptions, recordsOf, type Sent } from './testing/pipeline.ts';
import { serveMarket } from './testing/served-market.ts';

const MARKETS = ['A', 'B', 'C'];
const HOSTS = 3;

/** All records that went to a subject, whichever batches they went in. */
function streams(sent: readonly Sent[]): Map<string, MarketEvent[]> {
  const events = new Map<string, MarketEvent[]>();
  for (const { subject, payload } of sent) {
    events.set(subject, [...(events.get(subject) ?? []), ...readEvents(recordsOf(payload))]);
  }
  return events;
}

/** What threads and other processes see of the markets, and of their accounts. */
function shown(pipeline: Pipeline) {
  const views = new MarketViewReader(new MetricsReader(pipeline.metricsBuffer));
  return [...views.markets()].map(([name, id]) => {
    const balances = [0, 1, 7, 8].map((account) => ({
      ...views.balance(id, account),
      // Written when it changed, on either host.
      sequence: 0n,
    }));
    return { name, view: views.read(id), balances };
  });
}

/** Commands have numbers of their own: two pipelines do the same only with the same commands. */
const setUp = () => MARKETS.map(() => [createMarket(-20, 50), ...fund(7), ...fund(8)]);
const closeAll = () => MARKETS.map(() => [closeEpoch()]);

function submitAll(pipeline: Pipeline, commands: readonly (readonly Command[])[]): void {
  for (const [index, of] of MARKETS.entries()) pipeline.submit(of, 0, commands[index] ?? []);
}

function open(options: PipelineOptions, commands = setUp()): Pipeline {
  const pipeline = new Pipeline(options);
  submitAll(pipeline, commands);
  return pipeline;
}

type Step =
  | { readonly kind: 'order'; readonly market: number; readonly commands: readonly Command[] }
  | { readonly kind: 'turn' }
  | { readonly kind: 'move'; readonly market: number; readonly host: number };

const market = fc.nat(MARKETS.length - 1);
const name = fc.integer({ min: 1, max: 9 });
const price = fc.integer({ min: 98, max: 102 });
const command = fc.oneof(
  fc.tuple(name, price).map(([id, at]) => buy(id, at, 3)),
  fc.tuple(name, price).map(([id, at]) => sell(id, at, 2)),
  name.map(cancel),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(market, fc.array(command, { minLength: 1, maxLength: 5 }))
      .map(([of, commands]) => ({ kind: 'order' as const, market: of, commands })),
  },
  { weight: 4, arbitrary: fc.constant({ kind: 'turn' as const }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(market, fc.nat(HOSTS - 1))
      .map(([of, host]) => ({ kind: 'move' as const, market: of, host })),
  },
);

/** Does the steps; moves where that is possible. */
async function play(pipeline: Pipeline, steps: readonly Step[]): Promise<FinishedMove[]> {
  const moves: FinishedMove[] = [];
  for (const each of steps) {
    const turn = () => pipeline.turn();
    if (each.kind === 'turn') {
      turn();
      // Appends are durable in the next turn of the loop.
      await new Promise<void>((resolve) => setImmediate(resolve));
      continue;
    }
    const of = MARKETS[each.market] ?? assert.fail();
    if (each.kind === 'order') {
      const account = 7 + (each.commands.length % 2);
      assert.equal(pipeline.submit(of, account, each.commands), 'ADMITTED');
      continue;
    }
    const moving = pipeline.market(of);
    if (pipeline.mover.isBusy || each.host >= pipeline.mover.hosts) continue;
    if (moving.host !== each.host) {
      pipeline.mover.move(moving, each.host, (move) => moves.push(move));
    }
  }
  await pipeline.settle();
  return moves;
}

describe('hosts of markets', () => {
  it('give each market what it has on a host of its own, wherever it moves', async () => {
    let moves = 0;
    let refused = 0;
    let held = 0;
    const steps = fc.array(step, { minLength: 20, maxLength: 80 });
    // Of one chunk after another that comes to a host.
    const room = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.boolean()), {
      minLength: 10,
    });
    await fc.assert(
      fc.asyncProperty(steps, room, async (steps, room) => {
        const [first, last] = [setUp(), closeAll()];
        const finish = async (pipeline: Pipeline) => {
          submitAll(pipeline, last);
          await pipeline.settle();
        };
        // Cancels go first in a group, so groups must be the same.
        const limits = { maxGroupsInFlight: 64 };
        const alone = open({ limits }, first);
        await play(alone, steps);
        await finish(alone);
        const cycle = { records: 2, timeNs: 1 };
        const hasRoom = () => room.shift() ?? true;
        const moved = open({ hosts: HOSTS, cycle, limits, hasRoom }, first);
        for (const move of await play(moved, steps)) {
          moves += 1;
          held += move.held;
          if (move.isRefused) refused += 1;
        }
        await finish(moved);
        assert.deepEqual(streams(moved.reports.records), streams(alone.reports.records));
        assert.deepEqual(
          new Set(moved.published.map(({ subject }) => subject)),
          new Set(alone.published.map(({ subject }) => subject)),
        );
        assert.deepEqual(shown(moved), shown(alone));
        assert.equal(moved.sequencer.pending, 0);
        assert.equal(moved.dispatcher.undelivered, 0);
      }),
      { numRuns: 60 },
    );
    assert(moves > 20 && held > 5, `${moves} moves, ${held} groups came meanwhile`);
    assert(refused > 0 && refused < moves / 2, `${refused} of them refused`);
  });

  it('keep a market that the other one has no memory for', async () => {
    for (const chunks of [0, 1]) {
      let isFull = true;
      const hasRoom = (_: number, there: number) => !isFull || there !== chunks;
      const pipeline = open({ hosts: 2, hasRoom });
      await pipeline.settle();
      const a = pipeline.market('A');
      const moves: FinishedMove[] = [];
      pipeline.mover.move(a, 1, (move) => moves.push(move));
      pipeline.submit('A', 7, [buy(1, 90, 1)]);
      await pipeline.settle();
      assert.deepEqual([a.host, moves[0]?.isRefused, moves[0]?.held], [0, true, 1]);
      assert.match(pipeline.logged.at(-1) ?? '', /warn.* market stays where it is/i);
      assert.equal(pipeline.sequencer.pending, 0, 'what came meanwhile ran where it is');
      isFull = false;
      pipeline.mover.move(a, 1, (move) => moves.push(move));
      await pipeline.settle();
      assert.deepEqual([a.host, moves[1]?.isRefused], [1, false]);
      pipeline.submit('A', 7, [cancel(1)]);
      await pipeline.settle();
      assert.equal(pipeline.sequencer.pending, 0);
    }
  });

  it('are told about by a code where there is no memory, or the service ends', async () => {
    const served = serveMarket({ hosts: 2, hasRoom: () => false });
    after(() => served.stop());
    const operator = new OperatorClient(served.connect(), 'A');
    await operator.createMarket(0, 0);
    await assert.rejects(operator.move(1), /NO_ROOM host 1/);
    assert.equal((await operator.info()).host, 0);
    const ending = serveMarket({
      hosts: 2,
      hasRoom: () => {
        void ending.stop();
        return true;
      },
    });
    after(() => ending.stop());
    const other = new OperatorClient(ending.connect(), 'A');
    await other.createMarket(0, 0);
    await assert.rejects(other.move(1), /UNAVAILABLE the service ends/);
  });

  it('have one passage between two of them, however often markets move', async () => {
    const pipeline = open({ hosts: 2 });
    await pipeline.settle();
    const a = pipeline.market('A');
    for (let move = 0; move < 20; move += 1) {
      pipeline.mover.move(a, 1 - a.host);
      await pipeline.settle();
    }
    assert.equal(pipeline.posted, 2, 'an end for each of the two');
  });

  it('put new markets on hosts in turns', () => {
    const pipeline = open({ hosts: 2 });
    assert.deepEqual(
      MARKETS.map((of) => pipeline.market(of).host),
      [0, 1, 0],
    );
  });

  it('answer nothing about a market while it moves, and the same afterwards', async () => {
    const pipeline = open({ hosts: 2 });
    await pipeline.settle();
    const record = new Uint8Array(RECORD_BYTES);
    const a = pipeline.market('A');
    pipeline.mover.move(a, 1);
    assert.equal(pipeline.dispatcher.query(a, record), false);
    assert(pipeline.mover.isBusy);
    await pipeline.settle();
    assert.equal(a.host, 1);
    assert.match(pipeline.logged.at(-1) ?? '', /market moved market=A from=0 to=1/);
  });

  it('have their groups logged in turns, however many of them are busy', async () => {
    const markets = Array.from({ length: 7 }, (_, index) => `M${index}`);
    const pipeline = new Pipeline({ limits: { maxGroupsInFlight: 2 } });
    for (const of of markets) pipeline.submit(of, 0, [createMarket(), ...fund(7)]);
    await pipeline.settle();
    const before = pipeline.log.records.length;
    for (let pass = 0; pass < 140; pass += 1) {
      for (const of of markets) pipeline.submit(of, 7, [cancel(pass)]);
      pipeline.turn();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    const logged = pipeline.log.records.slice(before).map(({ subject }) => subject);
    const groups = markets.map((of) => logged.filter((subject) => subject.endsWith(of)).length);
    assert(Math.min(...groups) > 20, `groups of each: ${groups.join(', ')}`);
    assert(Math.max(...groups) - Math.min(...groups) <= 2, `groups of each: ${groups.join(', ')}`);
  });

  it('leave places of the log to others that wait for one', async () => {
    const limits = { maxGroupsInFlight: 4, maxGroupCommands: 8 };
    const full = Array.from({ length: 8 }, (_, index) => cancel(index));
    const pipeline = open({ limits });
    await pipeline.settle();
    const places = (sent: readonly Sent[], of: string) =>
      sent.filter(({ subject }) => subject.endsWith(of)).length;
    const before = pipeline.log.records.length;
    pipeline.log.stall();
    pipeline.submit('B', 7, [cancel(1)]);
    pipeline.submit('C', 7, [cancel(1)]);
    const answers = Array.from({ length: 6 }, () => pipeline.submit('A', 7, full));
    assert.deepEqual(new Set(answers), new Set(['ADMITTED', 'BUSY']));
    assert.equal(pipeline.log.inFlight(), 1, 'its share, as three of them wait');
    for (let passes = 0; passes < 2; passes += 1) pipeline.sequencer.doWork();
    assert.equal(pipeline.log.inFlight(), 4, 'theirs, and what they do not need');
    pipeline.log.recover();
    await pipeline.settle();
    const logged = pipeline.log.records.slice(before);
    const groups = ['A', 'B', 'C'].map((of) => places(logged, of));
    assert.deepEqual(groups, [2, 1, 1]);
    pipeline.log.stall();
    for (let times = 0; times < 5; times += 1) pipeline.submit('A', 7, full);
    assert.equal(pipeline.log.inFlight(), 4, 'alone it may have all of them');
    pipeline.log.recover();
    await pipeline.settle();
  });

  it('know how long commands wait that have no place in the log yet', async () => {
    const pipeline = open({ limits: { maxGroupsInFlight: 1, maxLagMs: 1_000 } });
    await pipeline.settle();
    pipeline.log.stall();
    pipeline.submit('A', 7, [buy(1, 90, 1)]);
    pipeline.submit('B', 7, [buy(1, 90, 1)]);
    pipeline.sequencer.doWork();
    assert.equal(pipeline.log.inFlight(), 1);
    pipeline.clock.advanceNs(1_001_000_000n);
    assert.equal(pipeline.submit('B', 7, [buy(2, 90, 1)]), 'UNAVAILABLE');
    assert.equal(pipeline.submit('C', 7, [buy(2, 90, 1)]), 'ADMITTED', 'nothing of it waits');
    pipeline.log.recover();
    await pipeline.settle();
    assert.equal(pipeline.submit('B', 7, [buy(2, 90, 1)]), 'ADMITTED');
  });

  it('let others of a host have their turn while one market is busy', async () => {
    const order = async (records: number) => {
      const pipeline = open({ cycle: { records, timeNs: 1e9 }, limits: { maxGroupsInFlight: 64 } });
      await pipeline.settle();
      const before = pipeline.log.records.length;
      for (let group = 0; group < 20; group += 1) {
        pipeline.submit('A', 7, [buy(100 + group, 90, 1)]);
        pipeline.sequencer.doWork();
      }
      pipeline.submit('B', 7, [buy(1, 90, 1)]);
      pipeline.sequencer.doWork();
      assert.equal(pipeline.log.records.length, before + 21);
      const told = pipeline.reports.records.length;
      await pipeline.settle();
      const accepted = pipeline.reports.records
        .slice(told)
        .flatMap(({ subject, payload }) =>
          readEvents(recordsOf(payload)).map(({ type }) => `${type} ${subject}`),
        )
        .filter((line) => line.startsWith('accepted'));
      return accepted.indexOf('accepted rpt.0.7.B');
    };
    assert.equal(await order(1_000), 20, 'without a limit it waits for all of them');
    assert.equal(await order(4), 2, 'its turn comes after two groups of two records');
  });
});
