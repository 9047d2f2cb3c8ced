import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecordList } from './record-list.ts';
import { everyKind, record, trades } from './testing/records.ts';

test('a list gives back what was pushed, however often it grew', () => {
  const records = [...everyKind, ...trades(1_000)];
  const list = new RecordList(0);
  for (const one of records) list.push(one);
  assert.equal(list.length, records.length);
  assert.deepEqual([...list], records);
  assert.deepEqual(list.slice(5, 20), records.slice(5, 20));
  assert.deepEqual(list.slice(1_000, 2_000), records.slice(1_000));
  assert.deepEqual(list.slice(2_000, 3_000), []);
  assert.equal(RecordList.from(list), list);
});

test('what does not fit its field is no record, and a place beyond the end has none', () => {
  const list = RecordList.from(everyKind);
  const good = record.trade(2, 3, 4, 5);
  for (const wrong of [{ a: 2 ** 24 }, { b: -1 }, { kind: 256 }, { dBase: -1n }]) {
    assert.throws(() => list.push({ ...good, ...wrong }), /assertion failed/);
  }
  assert.equal(list.length, everyKind.length);
  assert.throws(() => list.get(everyKind.length), /record 7 of 7/);
});
