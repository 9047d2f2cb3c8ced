/** Mappings of partitions, against what a real broker makes of them. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import {
  adminSubject,
  commandSubject,
  infoSubject,
  isMarketName,
  MAX_PARTITIONS,
  parseMarketSubject,
  partitionFilter,
  partitionOf,
  querySubject,
  replaySubject,
  requestFilter,
  snapshotSubject,
} from '@foldbook/protocol';
import { connectNats } from '@foldbook/runtime';
import { startNatsServer } from '@foldbook/runtime/testing';
import { forPartitions, mappingsText } from './broker-partitions.ts';

const SHIPPED = new URL('../../../infra/docker/nats.conf', import.meta.url);
const NOTHING = new Uint8Array(0);
const NAMES = 3_000;

/** Of all lengths, the shortest and the longest among them. */
function marketNames(): string[] {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-';
  let seed = 7;
  const names = Array.from({ length: NAMES }, (_, index) => {
    const chars = Array.from({ length: (index % 32) + 1 }, () => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return letters[seed % letters.length];
    });
    return chars.join('').replace(/^-/, 'Z');
  });
  return [...new Set(names.filter(isMarketName))];
}

describe('the mappings of a broker', { timeout: 60_000 }, () => {
  for (const count of [1, 4, 7, MAX_PARTITIONS]) {
    it(`bring each market's messages to its partition of ${count}`, async (test) => {
      const nats = await startNatsServer({ config: mappingsText(count) });
      test.after(() => nats.close());
      const transport = await connectNats({ servers: nats.url, name: 'test' });
      test.after(() => transport.close());
      const heard: string[] = [];
      for (const filter of ['in.>', 'req.>', 'cmd.>', 'adm.>', 'qry.>', 'info.>', 'md.>']) {
        transport.subscribe(filter, ({ subject }) => heard.push(subject));
      }
      await transport.flush();
      const names = marketNames();
      assert(names.length > 2_000);
      for (const name of names) transport.publish(commandSubject(name, 7), NOTHING);
      await transport.flush();
      const expected = (name: string) => `in.${partitionOf(name, count)}.${name}.7`;
      assert.deepEqual(heard.splice(0), names.map(expected));
      for (const name of names.slice(0, 100)) {
        const asked = [adminSubject, infoSubject, snapshotSubject, replaySubject].map((subject) =>
          subject(name),
        );
        asked.push(querySubject(name, 0));
        for (const subject of asked) transport.publish(subject, NOTHING);
        await transport.flush();
        const mapped = asked.map((subject) => requestFilter(partitionOf(name, count), subject));
        assert.deepEqual(heard.splice(0), mapped);
      }
    });
  }

  it('let no command arrive as anything else, whatever its tokens are', async (test) => {
    const nats = await startNatsServer({ config: mappingsText(4) });
    test.after(() => nats.close());
    const transport = await connectNats({ servers: nats.url, name: 'test' });
    test.after(() => transport.close());
    const heard: string[] = [];
    transport.subscribe('>', ({ subject }) => heard.push(subject));
    await transport.flush();
    // A market may well be named "7", which is what a trader's command has in the place of it.
    for (const market of ['adm', 'req', 'qry', 'in', '0']) {
      transport.publish(`cmd.${market}.7`, NOTHING);
    }
    await transport.flush();
    assert.equal(heard.length, 5);
    for (const subject of heard) {
      assert.match(subject, /^in\.[0-3]\.\w+\.7$/);
      assert.equal(parseMarketSubject(subject), undefined);
    }
    assert.equal(partitionFilter(0).split('.').length, 4);
  });

  it('of the configuration that ships are what is generated for one partition', async () => {
    const shipped = await readFile(SHIPPED, 'utf8');
    assert.equal(forPartitions(shipped, 1), shipped);
    const four = forPartitions(shipped, 4);
    assert.equal(forPartitions(four, 1), shipped);
    for (const text of ['partition(4,1)', 'SNAP_3.>', 'STREAM.INFO.DIFF_3"', 'MSG.GET.LOG_3"']) {
      assert(four.includes(text), text);
    }
    assert(!four.includes('partition(1,1)'));
    assert.throws(() => forPartitions('accounts {}', 4), /"# partitions: mappings"/);
  });
});
