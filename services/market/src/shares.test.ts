/** What one sender, or one kind of question, may take of a market that serves all. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { OperatorClient } from '@foldbook/client';
import {
  commandSubject,
  decodeReply,
  encodeCommands,
  querySubject,
  RECORD_BYTES,
  snapshotSubject,
} from '@foldbook/protocol';
import { ManualClock, type Transport } from '@foldbook/runtime';
import { AnswerShare } from './answer-share.ts';
import { createMarket, deposit, fund, sell } from './testing/commands.ts';
import { Pipeline } from './testing/pipeline.ts';
import { type ServeOptions, serveMarket } from './testing/served-market.ts';

const MARKET = 'BTC-USD';
const EMPTY = new Uint8Array(0);

function serve(test: TestContext, options: ServeOptions = {}) {
  const served = serveMarket(options);
  const transport = served.connect();
  test.after(async () => {
    await served.stop();
    await transport.close();
  });
  return { served, transport, operator: new OperatorClient(transport, MARKET) };
}

/** The name of the refusal, or undefined for an answer. */
async function refusalOf(asked: Promise<Uint8Array>): Promise<string | undefined> {
  const reply = decodeReply(await asked);
  return reply.ok && reply.value.code !== 0 ? reply.value.name : undefined;
}

const askMany = (transport: Transport, subject: string, times: number) =>
  Promise.all(
    Array.from({ length: times }, () => refusalOf(transport.request(subject, EMPTY, 5_000))),
  );

const count = (names: readonly unknown[], name: string) =>
  names.filter((found) => found === name).length;

describe('an account', () => {
  it('has a share of the commands that wait, and others still get in', async () => {
    const limits = { maxPendingCommands: 64, maxPendingPerAccount: 16 };
    const pipeline = new Pipeline({ limits });
    pipeline.submit(MARKET, 0, [createMarket()]);
    pipeline.submit(MARKET, 0, [...fund(7), ...fund(8)]);
    await pipeline.settle();
    const flood = Array.from({ length: 20 }, (_, id) =>
      pipeline.submit(MARKET, 7, [sell(id, 100, 1)]),
    );
    assert.equal(count(flood, 'ADMITTED'), 16);
    assert.equal(count(flood, 'SHARE_USED'), 4);
    assert.equal(pipeline.submit(MARKET, 8, [sell(1, 100, 1)]), 'ADMITTED');
    const many = Array.from({ length: 17 }, () => fund(9)).flat();
    assert.equal(pipeline.submit(MARKET, 0, many), 'ADMITTED', 'operators are not counted');
    await pipeline.settle();
    assert.equal(pipeline.sequencer.pending, 0);
    const again = Array.from({ length: 16 }, (_, id) =>
      pipeline.submit(MARKET, 7, [sell(100 + id, 100, 1)]),
    );
    assert.equal(count(again, 'ADMITTED'), 16, 'what was executed waits no more');
  });

  it('is told BUSY beyond it', async (test) => {
    const { served, transport, operator } = serve(test, { limits: { maxPendingPerAccount: 2 } });
    await operator.createMarket(0, 0);
    served.pipeline.submit(MARKET, 0, fund(7));
    const subject = commandSubject(MARKET, 7);
    const orders = encodeCommands([sell(1, 100, 1), sell(2, 100, 1), sell(3, 100, 1)]);
    assert.equal(await refusalOf(transport.request(subject, orders, 5_000)), 'BUSY');
    const fewer = encodeCommands([sell(1, 100, 1), sell(2, 100, 1)]);
    assert.equal(await refusalOf(transport.request(subject, fewer, 5_000)), undefined);
  });

  it('has a share of the questions to the market thread', async (test) => {
    const { transport, operator } = serve(test);
    await operator.createMarket(0, 0);
    const flood = askMany(transport, querySubject(MARKET, 7), 100);
    const other = askMany(transport, querySubject(MARKET, 8), 1);
    assert.equal(count(await flood, 'BUSY'), 36);
    assert.equal(count(await other, 'BUSY'), 0);
    const later = await askMany(transport, querySubject(MARKET, 7), 64);
    assert.equal(count(later, 'BUSY'), 0);
  });
});

describe('a node', () => {
  it('refuses a market more than it may have, and leaves no trace of it', async (test) => {
    const { served, transport, operator } = serve(test, { maxMarkets: 1 });
    await operator.createMarket(0, 0);
    const second = new OperatorClient(transport, 'ETH-USD');
    await assert.rejects(second.createMarket(0, 0), /CAPACITY/);
    assert.equal(served.pipeline.log.records.length, 1);
  });
});

describe('readers of a book', () => {
  it('share what their answers may cost, and get it back with time', () => {
    const clock = new ManualClock();
    const share = new AnswerShare(clock);
    let bytes = 0;
    for (; share.isOpen(); bytes += 1024 * 1024) share.spend(1024 * 1024);
    assert.equal(bytes, 64 * 1024 * 1024);
    clock.advanceNs(1_000_000n);
    assert(share.isOpen());
    share.spend(33 * 1024 * 1024);
    clock.advanceNs(1_000_000_000n);
    assert(!share.isOpen(), 'a long answer is waited for');
    clock.advanceNs(1_000_000_000n);
    assert(share.isOpen());
  });

  it('are told BUSY when it is used up', async (test) => {
    const { served, transport, operator } = serve(test, { answerBytes: 10 * RECORD_BYTES });
    await operator.createMarket(0, 0);
    const subject = snapshotSubject(MARKET);
    // A snapshot of an empty book is its header.
    const flood = await askMany(transport, subject, 30);
    assert.equal(count(flood, 'BUSY'), 20);
    served.pipeline.clock.advanceNs(1_000_000_000n);
    assert.equal(count(await askMany(transport, subject, 1), 'BUSY'), 0);
  });
});

describe('the name of a market', () => {
  it('is not used up by a creation that the engine refused', async (test) => {
    const { served, operator } = serve(test);
    const typo = await operator.createMarket(-200_000, 0);
    assert.equal(typo.type, 'rejected');
    assert.equal((await operator.createMarket(0, 0)).type, 'market-created');
    served.pipeline.submit(MARKET, 0, [deposit(7, 0, 5n)]);
    await served.pipeline.settle();
    assert.equal(served.pipeline.market(MARKET).id, 1, 'and keeps its number');
    await assert.rejects(operator.createMarket(0, 0), /MARKET_EXISTS/);
  });
});
