import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeRefusal, isMsgpackMap, querySubject, readMsgpack, refuse } from '@foldbook/protocol';
import { MemoryBroker } from '@foldbook/runtime';
import { encode } from '@msgpack/msgpack';
import { askOutcome } from './request-outcome.ts';

const MARKET = 'BTC-USD';
const BIG = 2n ** 63n + 1n;

function serve(answers: readonly (object | Uint8Array)[]) {
  const broker = new MemoryBroker();
  const server = broker.connect();
  const asked: unknown[] = [];
  const left = [...answers];
  server.subscribe(querySubject(MARKET, 7), ({ payload, reply }) => {
    const map = readMsgpack(payload, { depth: 1, arrayLength: 0, mapLength: 8, stringBytes: 32 });
    assert(map.ok && isMsgpackMap(map.value) && reply !== undefined);
    asked.push([map.value.get('session'), map.value.get('request')]);
    const next = left.shift();
    const bytes = next instanceof Uint8Array;
    server.publish(reply, bytes ? next : encode({ v: 1, ...next }, { useBigInt64: true }));
  });
  return { transport: broker.connect(), asked };
}

const AS_OF = { code: 0, sequence: 9, pending: 3, term: 2 };

describe('askOutcome', () => {
  it('names the request, and reads ids of any width', async () => {
    const facts = { outcome: 'executed', lastRequestId: BIG, result: 207, firstSequence: 5 };
    const { transport, asked } = serve([{ ...AS_OF, ...facts }]);
    const outcome = await askOutcome(transport, MARKET, 7, { session: 65_535, requestId: BIG });
    assert.deepEqual(asked, [[65_535, BIG]]);
    assert.deepEqual(outcome, {
      ...{ outcome: 'executed', result: 207, firstSequence: 5, lastRequestId: BIG },
      ...{ sequence: 9, pending: 3, term: 2 },
    });
  });

  it('tells why it was refused, in the words that a market service sends', async () => {
    const words = 'x'.repeat(300);
    const refusals = [refuse('UNKNOWN_MARKET', 0, MARKET), refuse('BUSY', 0, words)];
    const { transport } = serve(refusals.map((refusal) => encodeRefusal('msgpack', refusal)));
    const asked = () => askOutcome(transport, MARKET, 7, { session: 0, requestId: 1 });
    await assert.rejects(asked(), { code: 'REFUSED', refusal: 'UNKNOWN_MARKET' });
    await assert.rejects(asked(), { code: 'REFUSED', refusal: 'BUSY' });
  });

  it('refuses an answer that tells nothing', async () => {
    const { transport } = serve([
      { ...AS_OF, lastRequestId: 4n, outcome: 'perhaps' },
      { ...AS_OF, lastRequestId: 4n, outcome: 'executed' },
      { code: 0, outcome: 'not_seen' },
    ]);
    const asked = () => askOutcome(transport, MARKET, 7, { session: 0, requestId: 1 });
    await assert.rejects(asked(), /BAD_ANSWER.* tells no outcome/);
    await assert.rejects(asked(), /BAD_ANSWER.* has no result/);
    await assert.rejects(asked(), /BAD_ANSWER.* has no lastRequestId/);
  });
});
