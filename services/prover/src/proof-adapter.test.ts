// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeOwedAnswer, owedSubject, proofsSubject } from '@foldbook/protocol';
import { MemoryBroker } from '@foldbook/runtime';
import { serveOwed, serveProofs } from './proof-adapter.ts';
import { ProvedEpochs } from './proved-epochs.ts';

function epochs(market: string, ...ends: number[]): ProvedEpochs {
  const proved = new ProvedEpochs(market);
  let sequenceFirst = 1;
  for (const sequenceLast of ends) {
    const headerHash = `h${sequenceLast}`;
    proved.add({ sequenceFirst, sequenceLast, headerHash, rootNew: 'r', recordCount: 1 });
    sequenceFirst = sequenceLast + 1;
  }
  return proved;
}

test('each market sequence has its epoch, whatever the lengths', () => {
  const ends = [1, 4, 5, 900, 901, 1_000];
  const proved = epochs('BTC-USD', ...ends);
  for (let sequence = 1; sequence <= 1_000; sequence += 1) {
    const epoch = ends.findIndex((end) => end >= sequence);
    assert.equal(proved.of(sequence)?.epoch, epoch);
    assert.equal(proved.of(sequence)?.headerHash, `h${ends[epoch]}`);
  }
  assert.equal(proved.of(1_001), undefined);
  assert.equal(proved.provedTo, 1_000);
  assert.equal(proved.of(2)?.path, 'BTC-USD/epochs/00000001.fbe');
  assert.equal(epochs('BTC-USD').of(1), undefined);
});

test('questions are answered for the markets that are proved here, and no others', async () => {
  const broker = new MemoryBroker();
  const proved = epochs('BTC-USD', 10, 20);
  const served = serveProofs(broker.connect(), (market, sequence) => {
    if (market !== 'BTC-USD') return undefined;
    const status = { epochs: 2, provedTo: 20, recordsBacklog: 0, devKeys: true, stopped: null };
    return { market, ...status, proof: proved.of(sequence) ?? null };
  });
  const client = broker.connect();
  const ask = async (market: string, question: string) => {
    const bytes = new TextEncoder().encode(question);
    const answer = await client.request(proofsSubject(market), bytes, 100);
    return JSON.parse(new TextDecoder().decode(answer));
  };
  const { code, provedTo, proof } = await ask('BTC-USD', '{"v":1,"sequence":11}');
  assert.deepEqual([code, provedTo, proof.epoch, proof.sequenceLast], [0, 20, 1, 20]);
  assert.equal((await ask('BTC-USD', '{"v":1,"sequence":21}')).proof, null);
  for (const wrong of [
    '',
    '7',
    'null',
    '{}',
    '{"sequence":0}',
    `{"sequence":1${' '.repeat(300)}}`,
  ]) {
    assert.equal((await ask('BTC-USD', wrong)).name, 'FIELD_RANGE', wrong);
  }
  await assert.rejects(ask('ETH-USD', '{"v":1,"sequence":11}'), { code: 'TIMEOUT' });
  served.unsubscribe();
  await client.close();
});

test('what an account is owed is answered by its subject, or refused with the reason', async () => {
  const broker = new MemoryBroker();
  const file = Uint8Array.of(1, 0xab, 0);
  const served = serveOwed(broker.connect(), (market, account) => {
    if (market !== 'BTC-USD') return undefined;
    return account === 7 ? file : { name: 'NO_ACCOUNT_PROOF', detail: 'none given' };
  });
  const client = broker.connect();
  const ask = (subject: string) => client.request(subject, new Uint8Array(), 100);
  const given = decodeOwedAnswer(await ask(owedSubject('BTC-USD', 7)));
  assert(given.ok && !given.value.isRefused);
  assert.deepEqual(given.value.file, file);
  const refused = decodeOwedAnswer(await ask(owedSubject('BTC-USD', 8)));
  assert(refused.ok && refused.value.isRefused);
  assert.deepEqual([refused.value.name, refused.value.detail], ['NO_ACCOUNT_PROOF', 'none given']);
  for (const subject of [owedSubject('ETH-USD', 7), 'owed.BTC-USD.x', 'owed.BTC-USD.16777216']) {
    await assert.rejects(ask(subject), { code: 'TIMEOUT' });
  }
  const text = (words: string) => new TextEncoder().encode(words);
  for (const wrong of ['', '{"v":1,"code":0}', '{"v":1,"code":0,"file":"0"}']) {
    assert(!decodeOwedAnswer(text(wrong)).ok, wrong);
  }
  served.unsubscribe();
  await client.close();
});
