import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OperatorClient } from '@foldbook/client';
import {
  adminSubject,
  CommandKind,
  commandSubject,
  decodeReply,
  encodeCommands,
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
import { serveMarket } from './testing/served-market.ts';

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

test('an owner makes no market of another, and answers nobody in its place', async (test) => {
  const names = Array.from({ length: 40 }, (_, index) => `M${index}`);
  const own = names.find((name) => partitionOf(name, COUNT) === 0) ?? '';
  const other = names.find((name) => partitionOf(name, COUNT) === 1) ?? '';
  const served = serveMarket({ partitions: COUNT });
  test.after(() => served.stop());
  const transport = served.connect();
  await new OperatorClient(transport, own).createMarket(0, 0);
  assert.equal((await new OperatorClient(transport, own).info()).market, own);
  const create = encodeCommands([
    {
      kind: CommandKind.CREATE_MARKET,
      makerFeePpm: 0,
      takerFeePpm: 0,
      session: 1,
      requestId: 1n,
    },
  ]);
  const wrong = await transport.request(`req.0.adm.${other}`, create, 5_000);
  const reply = decodeReply(wrong);
  assert(reply.ok);
  assert.equal(reply.value.name, 'WRONG_PARTITION');
  const asked = transport.request(infoSubject(other), new Uint8Array(0), 100);
  await assert.rejects(asked, { code: 'TIMEOUT' });
  served.refuseAll();
  const late = decodeReply(await transport.request(adminSubject(own), create, 5_000));
  assert.equal(late.ok && late.value.name, 'BUSY');
});
