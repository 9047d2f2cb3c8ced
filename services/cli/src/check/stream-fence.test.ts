import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeTerm } from '@foldbook/protocol';
import { StreamFence } from './stream-fence.ts';

interface Written {
  readonly by?: string;
  readonly term?: number;
  readonly sequence?: number;
}

/** What is told of a stream with these records, each by a writer, or a barrier. */
function violationsOf(records: readonly Written[]): string[] {
  const told: string[] = [];
  const fence = new StreamFence('LOG_0', (words) => told.push(words));
  for (const [index, { by = '', term, sequence = index + 1 }] of records.entries()) {
    const isBarrier = term !== undefined;
    const messageId = by === '' ? '' : by.includes(':') ? by : `${by}:${index}`;
    fence.take({
      sequence,
      subject: isBarrier ? 'log.0.$term' : 'log.0.M',
      payload: isBarrier
        ? encodeTerm({ term, node: 'n', timeNs: 1n, previous: 0 })
        : new Uint8Array(64),
      messageId,
    });
  }
  return told;
}

test('owners one after the other are as it must be', () => {
  const records = [{ term: 5 }, { by: 'a' }, { by: 'a' }, { term: 6 }, { by: 'b' }];
  assert.deepEqual(violationsOf(records), []);
});

test('barriers of who never wrote, and one that was stored twice, are nothing', () => {
  const records = [{ term: 5 }, { term: 6 }, { term: 6 }, { term: 7 }, { by: 'a' }];
  assert.deepEqual(violationsOf(records), []);
});

test('barriers of outputs are by their writers', () => {
  const records = [{ term: 5, by: 'a' }, { by: 'a' }, { term: 6, by: 'b' }, { by: 'b' }];
  assert.deepEqual(violationsOf(records), []);
});

test('an earlier owner behind a barrier', () => {
  const told = violationsOf([{ term: 5 }, { by: 'a' }, { term: 6 }, { by: 'a' }]);
  assert.match(told.join(), /LOG_0: record 4 is of an earlier owner, behind the barrier of term 6/);
});

test('an earlier owner between those of the next one', () => {
  const told = violationsOf([{ term: 5 }, { by: 'a' }, { term: 6 }, { by: 'b' }, { by: 'a' }]);
  assert.match(told.join(), /record 5 is of an earlier owner/);
});

test('two writers in one term', () => {
  const told = violationsOf([{ term: 5 }, { by: 'a' }, { by: 'b' }]);
  assert.match(told.join(), /record 3 is of a second writer in term 5/);
});

test('a term that does not rise', () => {
  const told = violationsOf([{ term: 5 }, { by: 'a' }, { term: 5 }, { by: 'b' }]);
  assert.match(told.join(), /record 4 is of term 5, behind term 5/);
});

test('a record before any barrier, one without a writer, a gap, and one stored twice', () => {
  assert.match(violationsOf([{ by: 'a' }]).join(), /record 1 has no barrier before it/);
  assert.match(violationsOf([{ term: 5 }, {}]).join(), /record 2 names no writer/);
  const gap = violationsOf([{ term: 5 }, { by: 'a', sequence: 3 }]);
  assert.match(gap.join(), /record 3 follows 1/);
  const twice = violationsOf([{ term: 5 }, { by: 'a:1' }, { by: 'a:1' }]);
  assert.match(twice.join(), /record 3 is a:1 a second time/);
});
