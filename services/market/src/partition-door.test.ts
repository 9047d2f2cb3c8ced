import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  adminSubject,
  commandSubject,
  infoSubject,
  parseClientSubject,
  parseMarketSubject,
  partitionOf,
  querySubject,
  replaySubject,
  requestFilter,
  snapshotSubject,
} from '@foldbook/protocol';
import { PartitionDoor } from './partition-door.ts';

const MARKET = 'BTC-USD';
const COUNT = 4;
const OWN = partitionOf(MARKET, COUNT);
const OTHER = (OWN + 1) % COUNT;
const ASKED = [adminSubject, infoSubject, snapshotSubject, replaySubject].map((of) => of(MARKET));

test('a market is let in at one partition alone, wherever its messages are heard', () => {
  for (const subject of [...ASKED, commandSubject(MARKET, 7), querySubject(MARKET, 7)]) {
    const answers = Array.from({ length: COUNT }, (_, partition) =>
      new PartitionDoor({ partition, partitions: COUNT }).strangerTo(subject),
    );
    assert.deepEqual(
      answers,
      answers.map((_, partition) => (partition === OWN ? undefined : 'others')),
    );
  }
});

test('what the broker brings to the wrong partition is refused with the right one', () => {
  const door = new PartitionDoor({ partition: OTHER, partitions: COUNT });
  const mapped = [...ASKED, querySubject(MARKET, 7)].map((one) => requestFilter(OTHER, one));
  for (const subject of [...mapped, `in.${OTHER}.${MARKET}.7`]) {
    const refusal = door.strangerTo(subject);
    assert(typeof refusal === 'object');
    assert.equal(refusal.name, 'WRONG_PARTITION');
    assert.match(refusal.detail, new RegExp(`${MARKET} is of partition ${OWN} of ${COUNT}`));
  }
});

test('with one partition nothing is asked of names', () => {
  const door = new PartitionDoor({ partition: 3, partitions: 1 });
  assert.equal(door.strangerTo(`in.3.${MARKET}.7`), undefined);
  assert.deepEqual(door.commandFilters, ['in.3.*.*']);
  const first = new PartitionDoor({ partition: 0, partitions: 1 });
  assert.deepEqual(first.commandFilters, ['in.0.*.*', 'cmd.*.*']);
  assert.deepEqual(first.requestFilters('adm.*'), ['req.0.adm.*', 'adm.*']);
});

test('mapped subjects are read as those that were published to', () => {
  assert.deepEqual(parseClientSubject(`req.2.qry.${MARKET}.7`), { market: MARKET, account: 7 });
  assert.equal(parseMarketSubject(`req.2.adm.${MARKET}`), MARKET);
  for (const subject of [`req.2.cmd.${MARKET}.7`, `req.x.qry.${MARKET}.7`, 'req.2.qry.7']) {
    assert.equal(parseClientSubject(subject), undefined, subject);
  }
  for (const subject of [`req.x.adm.${MARKET}`, `req.2.adm.${MARKET}.7`, `in.2.adm.${MARKET}`]) {
    assert.equal(parseMarketSubject(subject), undefined, subject);
  }
});
