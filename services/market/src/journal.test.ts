import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import {
  createLogger,
  listSegments,
  SegmentStore,
  StreamError,
  type StreamWriter,
  systemTimers,
  type Timers,
} from '@foldbook/runtime';
import fc from 'fast-check';
import { Journal, type JournalFiles } from './journal.ts';
import { checkJournal } from './journal-check.ts';
import { MemoryReader } from './testing/memory-reader.ts';
import { MemoryWriter } from './testing/pipeline.ts';

/** Waiting takes a turn. */
/** Of a disk that fails at first and is tried again. */
const WHOLE_WITHIN_MS = 20_000;
const hasty: Timers = { ...systemTimers, after: (_ms, run) => systemTimers.nextTurn(run) };
const NAME = 'LOG_0';

const recordOf = (sequence: number, bytes = 20) => ({
  sequence,
  subject: `log.0.${sequence % 3 === 0 ? '$term' : 'A'}`,
  payload: new Uint8Array(bytes).fill(sequence),
});

/** A log of so many records, and where the journal of it goes. */
function world(logLast: number, files: JournalFiles, bytes = 20) {
  const log = new MemoryWriter(NAME);
  for (let sequence = 1; sequence <= logLast; sequence += 1) {
    log.records.push(recordOf(sequence, bytes));
  }
  const lines: string[] = [];
  let onLine = () => {};
  const write = (line: string) => {
    lines.push(line);
    onLine();
  };
  const open = (
    more: { maxQueuedBytes?: number; timers?: Timers; begin?: 'now'; log?: MemoryReader } = {},
  ) =>
    Journal.open({
      ...{ files, stream: NAME, begin: 'log' as const, everyMs: 0, compareRecords: 100 },
      ...{ log: new MemoryReader(log), holes: async () => [], maxQueuedBytes: 1e6 },
      ...{ logger: createLogger({ service: 'test', level: 'info', write }), timers: hasty },
      ...more,
    });
  const untilTold = (wanted: RegExp) =>
    new Promise<void>((resolve) => {
      onLine = () => lines.some((line) => wanted.test(line)) && resolve();
      onLine();
    });
  return { log, lines, open, untilTold };
}

/** A disk in memory, of which each opening takes so many records before it fails. */
function fickle(lives: readonly number[]) {
  const records: { subject: string; payload: Uint8Array }[] = [];
  let opened = 0;
  const open = async (firstSequence: number): Promise<StreamWriter> => {
    assert(records.length > 0 || firstSequence === 1);
    let left = lives[opened] ?? Number.POSITIVE_INFINITY;
    opened += 1;
    return {
      name: NAME,
      get lastSequence() {
        return records.length;
      },
      async append(subject, payload) {
        await Promise.resolve();
        left -= 1;
        if (left < 0) throw new StreamError('IO_FAILED', 'ENOSPC: no space left on device');
        records.push({ subject, payload });
        return records.length;
      },
      inFlight: () => 0,
      onTrouble: () => () => {},
      close: async () => {},
    };
  };
  const writer = new MemoryWriter(NAME);
  const reader = new MemoryReader(writer);
  const files: JournalFiles = { folder: 'memory', reader, open, first: async () => undefined };
  return { files, records };
}

function folder(test: TestContext, dir = mkdtempSync(join(tmpdir(), 'foldbook-journal-'))) {
  test.after(() => rmSync(dir, { recursive: true, force: true }));
  const at = join(dir, NAME);
  const notices: string[] = [];
  const onNotice = (text: string) => void notices.push(text);
  const files: JournalFiles = {
    folder: at,
    reader: new SegmentStore({ dir }).reader(NAME),
    first: async () => (await listSegments(at))[0],
    open: (firstSequence) => new SegmentStore({ dir, firstSequence, onNotice }).writer(NAME, ['>']),
  };
  const textOf = async () => {
    const found: number[] = [];
    const fromSequence = (await listSegments(at))[0] ?? 1;
    for await (const record of files.reader.read({ fromSequence, follow: false })) {
      const { payload } = recordOf(record.sequence, record.payload.length);
      assert.equal(Buffer.compare(record.payload, payload), 0);
      found.push(record.sequence);
    }
    return found;
  };
  return { dir, at, files, notices, sequences: textOf };
}

function mount(dir: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', dir], { stdio: 'ignore' });
}

function canMount(): boolean {
  const dir = mkdtempSync(join(tmpdir(), 'foldbook-journal-mount-'));
  try {
    mount(dir);
    execFileSync('umount', [dir]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('a journal', { timeout: 60_000 }, () => {
  it('has the log in its order, whatever it was told of and whatever the disk took', async () => {
    const told = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 80 });
    const lives = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 4 });
    const room = fc.constantFrom(1, 400, 1e6);
    await fc.assert(
      fc.asyncProperty(told, lives, room, fc.boolean(), async (sequences, fails, bytes, waits) => {
        const { files, records } = fickle(fails);
        const { log, open } = world(60, files);
        const journal = await open({ maxQueuedBytes: bytes });
        const kept: Promise<void>[] = [];
        for (const sequence of sequences) {
          if (waits) kept.push(journal.keep(recordOf(sequence)));
          else journal.offer(recordOf(sequence));
          if (sequence % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
        await Promise.all(kept);
        const heard = Math.max(...sequences);
        const isWhole = () => !journal.isBehind && journal.lastSequence >= heard;
        const lateMs = performance.now() + WHOLE_WITHIN_MS;
        while (!isWhole() && performance.now() < lateMs) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        await journal.close();
        assert(records.length >= heard);
        assert.deepEqual(
          records,
          log.records
            .slice(0, records.length)
            .map(({ subject, payload }) => ({ subject, payload })),
        );
      }),
      { numRuns: 200 },
    );
  });

  it('begins with the first record, though the disk did not take it at first', async () => {
    const { files, records } = fickle([0, 0]);
    const { open, untilTold } = world(3, files);
    const journal = await open();
    await journal.keep(recordOf(1));
    await untilTold(/the journal has caught up/);
    assert.deepEqual([records.length, journal.lastSequence], [3, 3]);
    await journal.close();
  });

  it('keeps nobody waiting for a disk that fails, and tells of it', async () => {
    const { files, records } = fickle([2, 0, 0]);
    const { open, lines, untilTold } = world(9, files);
    const journal = await open();
    await Promise.all(range(1, 9).map((sequence) => journal.keep(recordOf(sequence))));
    await untilTold(/the journal has caught up/);
    assert.equal(records.length, 9);
    assert.match(lines.join(''), /falls behind: it can't be written: ENOSPC.*goes on without it/);
    await journal.close();
  });

  it('goes on when a full file system has room again', {
    skip: canMount() ? false : 'only who may mount a file system can fill one',
  }, async (test) => {
    const dir = mkdtempSync(join(tmpdir(), 'foldbook-journal-full-'));
    mount(dir);
    test.after(() => execFileSync('umount', [dir]));
    const { files, sequences } = folder(test, dir);
    const { open, untilTold } = world(20, files, 4_000);
    const journal = await open();
    const ballast = join(dir, 'ballast');
    journal.offer(recordOf(1, 4_000));
    writeFileSync(ballast, new Uint8Array(200_000));
    for (const sequence of range(2, 20)) journal.offer(recordOf(sequence, 4_000));
    await untilTold(/ENOSPC.*goes on without it/);
    assert(journal.isBehind);
    rmSync(ballast);
    await untilTold(/the journal has caught up/);
    await journal.close();
    assert.deepEqual(await sequences(), range(1, 20));
  });

  it('fetches from the log what it had no memory for', async (test) => {
    const { files, sequences } = folder(test);
    const { open, lines, untilTold } = world(30, files);
    const journal = await open({ maxQueuedBytes: 1_000 });
    for (const sequence of range(1, 30)) journal.offer(recordOf(sequence));
    await untilTold(/the journal has caught up/);
    assert.match(lines.join(''), /the disk is too slow/);
    await journal.close();
    assert.deepEqual(await sequences(), range(1, 30));
  });

  it('cuts a torn record off its end, once, and fetches it again', async (test) => {
    const { at, files, notices, sequences } = folder(test);
    const { open, untilTold } = world(6, files);
    const first = await open();
    for (const sequence of range(1, 4)) first.offer(recordOf(sequence));
    await first.close();
    const [segment = ''] = readdirSync(at).filter((name) => name.endsWith('.segment'));
    appendFileSync(join(at, segment), Buffer.from([90, 0, 0, 0, 1, 2, 3]));
    for (const times of [1, 1]) {
      const journal = await open();
      assert.equal(notices.length, times);
      await journal.check();
      await journal.close();
    }
    const journal = await open();
    journal.offer(recordOf(6));
    await untilTold(/caught up/);
    await journal.close();
    assert.deepEqual(await sequences(), range(1, 6));
  });

  it('begins behind what it was not told of, and goes on there', async (test) => {
    const { files, sequences } = folder(test);
    const { open, log } = world(8, files);
    const journal = await open({ begin: 'now' });
    log.records.push(recordOf(9));
    journal.offer(recordOf(9));
    await journal.close();
    const again = await open({ begin: 'now' });
    journal.offer(recordOf(9));
    log.records.push(recordOf(10));
    again.offer(recordOf(10));
    await again.close();
    await again.check();
    assert.deepEqual(await sequences(), [9, 10]);
  });

  it('ends where the log has nothing to go on with', async (test) => {
    const { files } = folder(test);
    const { open, log, untilTold } = world(0, files);
    const gap = async () => {
      throw new StreamError('GAP', 'the stream begins at 7');
    };
    const read = () => ({ [Symbol.asyncIterator]: () => ({ next: gap }) });
    const journal = await open({ log: Object.assign(new MemoryReader(log), { read }) });
    journal.offer(recordOf(8));
    await untilTold(/the journal ends here: .*no longer has/);
    assert(journal.isBehind);
    await journal.close();
  });

  it('ends without a log that does not answer', async (test) => {
    const { files, sequences } = folder(test);
    const { open, log, lines } = world(3, files);
    const silent = new Promise<never>(() => {});
    const asked = Promise.withResolvers<void>();
    const next = () => {
      asked.resolve();
      return silent;
    };
    const read = () => ({ [Symbol.asyncIterator]: () => ({ next }) });
    const journal = await open({ log: Object.assign(new MemoryReader(log), { read }) });
    await journal.keep(recordOf(1));
    journal.offer(recordOf(3));
    await asked.promise;
    await journal.close();
    assert.deepEqual(await sequences(), [1]);
    assert.deepEqual(lines, []);
  });

  it('names the first of several differences, however few records it compares', async () => {
    const { log } = world(50, fickle([]).files);
    const other = world(50, fickle([]).files).log;
    for (const sequence of [20, 49]) other.records[sequence - 1] = recordOf(sequence, 21);
    const parts = { stream: NAME, folder: 'x', first: 1, last: 50, timers: hasty };
    const check = (depth: number) =>
      checkJournal({
        ...{ ...parts, depth, holes: async () => [] },
        journal: new MemoryReader(log),
        log: new MemoryReader(other),
      });
    await check(1);
    await assert.rejects(check(2), {
      code: 'JOURNAL_DIFFERS',
      message: /another record at 20 than.*21 bytes, not 20/,
    });
  });
});
