import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { connectNats, type NatsTransport } from '@foldbook/runtime';
import { type NatsServer, startNatsServer } from '@foldbook/runtime/testing';
import { leftOnBroker } from './broker-streams.ts';

describe('what a demo leaves on a broker', { timeout: 60_000 }, () => {
  let nats: NatsServer;
  let transport: NatsTransport;
  before(async () => {
    nats = await startNatsServer();
    transport = await connectNats({ servers: nats.url, name: 'test' });
  });
  after(async () => {
    await transport.close();
    await nats.close();
  });

  const json = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  const request = (subject: string, value: object) =>
    transport.request(subject, json(value), 5_000);

  beforeEach(async () => {
    for (const [name, filter] of [
      ['LOG_0', 'log.0.*'],
      ['RPT_0', 'rpt.0.*.*'],
      ['DIFF_0', 'diff.0.*'],
      ['OBJ_SNAP_0', '$O.SNAP_0.>'],
    ] as const) {
      await request(`$JS.API.STREAM.CREATE.${name}`, { name, subjects: [filter], storage: 'file' });
    }
    for (const subject of ['log.0.$term', 'rpt.0.0.$term', 'diff.0.$term'])
      await request(subject, {});
    for (const subject of ['log.0.DEMO-1A', 'log.0.DEMO-2B', 'rpt.0.7.DEMO-1A', 'diff.0.DEMO-1A']) {
      await request(subject, {});
    }
  });

  it('says what stays, and changes nothing unless it is asked to', async () => {
    const left = await leftOnBroker(nats.url, false);
    assert.equal(left.removed, false);
    assert.deepEqual(
      left.streams.map(({ name, messages }) => [name, messages]),
      [
        ['LOG_0', 3],
        ['RPT_0', 2],
        ['DIFF_0', 2],
      ],
    );
    assert.deepEqual(await leftOnBroker(nats.url, false), left);
  });

  it('keeps all streams where one holds a market of somebody else', async () => {
    await request('rpt.0.7.BTC-USD', {});
    const left = await leftOnBroker(nats.url, true);
    assert.deepEqual([left.removed, left.kept], [false, 'they hold BTC-USD as well']);
    assert.equal((await leftOnBroker(nats.url, false)).streams.length, 3);
    for (const name of ['LOG_0', 'RPT_0', 'DIFF_0', 'OBJ_SNAP_0']) {
      await request(`$JS.API.STREAM.DELETE.${name}`, {});
    }
  });

  it('removes what demos left', async () => {
    const left = await leftOnBroker(nats.url, true);
    assert.deepEqual([left.removed, left.streams.length], [true, 3]);
    assert.deepEqual((await leftOnBroker(nats.url, false)).streams, []);
    // Without their log they would keep the next market from starting.
    const facts = await request('$JS.API.STREAM.INFO.OBJ_SNAP_0', {});
    assert.match(new TextDecoder().decode(facts), /stream not found/);
  });
});
