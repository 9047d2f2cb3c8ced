import assert from 'node:assert/strict';
import { describe, it, type TestContext, test } from 'node:test';
import { type ProofStatus, proofSubject, proofsSubject } from '@foldbook/protocol';
import { MemoryBroker } from '@foldbook/runtime';
import { askOwed, type ProofWait, whenProved } from './proofs.ts';

const MARKET = 'BTC-USD';

/** A prover of which a test says how far it is; epoch N has the market sequences 10N to 10N + 9. */
function prover(test: TestContext) {
  const broker = new MemoryBroker();
  const server = broker.connect();
  let [epochs, stopped]: [number, string | null] = [0, null];
  let asked = 0;
  const answer = ({ payload, reply }: { payload: Uint8Array; reply: string | undefined }) => {
    asked += 1;
    const { sequence } = JSON.parse(new TextDecoder().decode(payload));
    const epoch = Math.floor(sequence / 10);
    const sequences = { sequenceFirst: epoch * 10, sequenceLast: epoch * 10 + 9 };
    const hashes = { headerHash: 'ab', rootNew: 'cd', level: 'settlement', path: `X/${epoch}` };
    const proof = epoch < epochs ? { epoch, recordCount: 3, ...sequences, ...hashes } : null;
    const status = { epochs, provedTo: epochs * 10, recordsBacklog: 2, devKeys: true, stopped };
    const text = JSON.stringify({ v: 1, code: 0, market: MARKET, ...status, proof });
    server.publish(reply ?? '_INBOX.none', new TextEncoder().encode(text));
  };
  const transport = broker.connect();
  test.after(() => transport.close());
  return {
    transport,
    asked: () => asked,
    serve: () => server.subscribe(proofsSubject(MARKET), answer),
    proves(epoch: number, isHeard = true) {
      epochs = epoch + 1;
      if (isHeard) server.publish(proofSubject(MARKET, epoch), new Uint8Array(2));
    },
    stops(reason: string) {
      stopped = reason;
    },
    wait: (sequence: number, more: Partial<ProofWait> = {}) =>
      whenProved({ transport, market: MARKET, sequence, askEveryMs: 3_600_000, ...more }),
  };
}

const turns = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

test('where no prover is, it is asked after, not the market', async (test) => {
  const { transport } = prover(test);
  const message = /no answer on owed\.BTC-USD\.7 .*; is a prover up \("foldbook up prover"\)/;
  await assert.rejects(askOwed(transport, MARKET, 7), { code: 'UNREACHABLE', message });
});

describe('whenProved', () => {
  it('tells of an epoch that was proved before anybody asked', async (test) => {
    const { serve, proves, wait, asked } = prover(test);
    serve();
    proves(3, false);
    assert.deepEqual(await wait(27), {
      ...{ epoch: 2, sequenceFirst: 20, sequenceLast: 29, recordCount: 3 },
      ...{ headerHash: 'ab', rootNew: 'cd', level: 'settlement', path: 'X/2' },
      devKeys: true,
    });
    assert.equal(asked(), 1);
  });

  it('waits for the epoch, and shows how far the proofs are', async (test) => {
    const { serve, proves, wait } = prover(test);
    serve();
    const seen: (ProofStatus | undefined)[] = [];
    const proved = wait(25, { onProgress: (status) => seen.push(status) });
    for (const epoch of [0, 1, 2]) {
      await turns(() => seen.length === epoch + 1);
      proves(epoch);
    }
    assert.equal((await proved).epoch, 2);
    assert.deepEqual(
      seen.map((status) => status?.provedTo),
      [0, 10, 20, 30],
    );
  });

  it('asks again when it heard of nothing, and while no prover is there', async (test) => {
    const { serve, proves, wait, asked } = prover(test);
    const seen: (ProofStatus | undefined)[] = [];
    const proved = wait(5, { askEveryMs: 5, onProgress: (status) => seen.push(status) });
    await turns(() => seen.length > 0);
    assert.equal(seen[0], undefined);
    serve();
    await turns(() => asked() > 0);
    proves(0, false);
    assert.equal((await proved).epoch, 0);
  });

  it("takes the caller's word on a proof, not the prover's", async (test) => {
    const { serve, proves, wait } = prover(test);
    serve();
    proves(0);
    const verified: number[] = [];
    const verify = async ({ epoch }: { epoch: number }) => {
      verified.push(epoch);
      return verified.length > 1;
    };
    await assert.rejects(wait(5, { verify }), { code: 'PROOF_REFUSED' });
    assert.equal((await wait(5, { verify })).epoch, 0);
    assert.deepEqual(verified, [0, 0]);
  });

  it('ends when it is told to, and where nothing will be proved', async (test) => {
    const { serve, stops, wait, transport } = prover(test);
    serve();
    const abort = new AbortController();
    const waiting = wait(5, { signal: abort.signal });
    abort.abort();
    await assert.rejects(waiting, { code: 'CLOSED' });
    const seen: unknown[] = [];
    const closed = wait(5, { onProgress: (status) => seen.push(status) });
    await turns(() => seen.length > 0);
    await transport.close();
    await assert.rejects(closed, { code: 'CLOSED' });
    const other = prover(test);
    other.serve();
    stops('');
    other.stops('DIFF_GAP: record 7 is missing');
    await assert.rejects(other.wait(5), /REFUSED: BTC-USD is not proved any further: DIFF_GAP/);
  });
});
