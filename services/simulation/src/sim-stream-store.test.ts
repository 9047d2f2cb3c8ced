import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Dice } from '@foldbook/engine';
import { StreamError } from '@foldbook/runtime';
import { Coverage } from './coverage.ts';
import { Scheduler } from './scheduler.ts';
import { SimBroker } from './sim-broker.ts';
import { SimProcess } from './sim-process.ts';
import { SimStreamStore } from './sim-stream-store.ts';

const FOREVER_NS = 1e15;
const STREAM = 'LOG_0';
const BARRIER = 'log.0.$term';
const GROUP = 'log.0.BTC-USD';
const NOTHING = new Uint8Array(0);

function open() {
  const dice = new Dice(1);
  const coverage = new Coverage();
  const fail = (error: unknown) => assert.fail(String(error));
  const scheduler = new Scheduler(dice, () => undefined, fail);
  const network = {
    leastNs: 10,
    mostNs: 20,
    lossOneIn: 0,
    twiceOneIn: 0,
    reconnectNs: 10,
    lateOneIn: 0,
  };
  const disk = { sync: 'always', syncEveryNs: 1e9, storeNs: 100 } as const;
  const watcher = { stored: () => undefined, lost: () => undefined };
  const plant = undefined;
  const onReached = () => undefined;
  const broker = new SimBroker({ scheduler, dice, network, disk, watcher, coverage, plant });
  const newStore = (name: string) => {
    const clock = { offsetNs: 0, driftPpm: 0 };
    const process = new SimProcess({ name, scheduler, dice, clock, turnNs: 10 });
    const line = broker.connect(process);
    return {
      line,
      store: new SimStreamStore(line, broker, { ackTimeoutMs: 50, plant, dice, onReached }),
    };
  };
  /** Lets the world go on until it is there. */
  const soon = async <Result>(work: Promise<Result>): Promise<Result> => {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    done.catch(() => undefined);
    assert.equal(await scheduler.run(() => isDone, FOREVER_NS), 'done');
    return done;
  };
  const subjects = () => broker.findStream(STREAM)?.records.map(({ subject }) => subject);
  return { newStore, soon, subjects, broker };
}

const barrier = { subject: BARRIER, payload: NOTHING };

describe('a simulated stream that is opened with a record', () => {
  it('takes it behind whatever another writer has appended, and refuses that one', async () => {
    const { newStore, soon, subjects } = open();
    const before = await soon(newStore('before').store.writer(STREAM, ['log.0.*'], barrier));
    assert.equal(before.lastSequence, 1);
    assert.equal(await soon(before.append(GROUP, NOTHING)), 2);
    const after = await soon(newStore('after').store.writer(STREAM, ['log.0.*'], barrier));
    assert.equal(after.lastSequence, 3);
    const isStale = (error: unknown) =>
      error instanceof StreamError && error.code === 'STALE_WRITER';
    await assert.rejects(soon(before.append(GROUP, NOTHING)), isStale);
    assert.equal(await soon(after.append(GROUP, NOTHING)), 4);
    assert.deepEqual(subjects(), [BARRIER, GROUP, BARRIER, GROUP]);
  });

  it('is opened through a break of its line', async () => {
    const { newStore, soon, subjects } = open();
    const { line, store } = newStore('one');
    const opening = store.writer(STREAM, ['log.0.*'], barrier);
    line.cut(1e6);
    const writer = await soon(opening);
    assert.equal(subjects()?.length, writer.lastSequence);
  });
});
