import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  adminSubject,
  CommandKind,
  decodeCommandBatch,
  EventKind,
  encodeReply,
  MarketOffset,
  RECORD_BYTES,
  readSymbol,
  viewOf,
} from '@foldbook/protocol';
import { MemoryBroker } from '@foldbook/runtime';
import { OperatorClient } from './operator-client.ts';

const MARKET = 'BTC-USD';

test('a market is created with its terms, or with none', async (context) => {
  const broker = new MemoryBroker();
  const server = broker.connect();
  const taken: DataView[] = [];
  server.subscribe(adminSubject(MARKET), ({ payload, reply }) => {
    const batch = decodeCommandBatch(payload, 'operator', 0);
    assert(batch.ok && reply !== undefined);
    taken.push(viewOf(batch.value.records));
    const created = new Uint8Array(RECORD_BYTES);
    created[0] = EventKind.MARKET_CREATED;
    server.publish(reply, encodeReply('binary', 1, created));
  });
  const transport = broker.connect();
  context.after(() => transport.close());
  const operator = new OperatorClient(transport, MARKET);
  const symbols = { baseSymbol: 'BTC', quoteSymbol: 'USD' };
  const decimals = { priceDecimals: 2, quantityDecimals: 6 };
  await operator.createMarket(-20, 50, { maxFeePpm: 500, ...symbols, ...decimals });
  const answer = await operator.createMarket(0, 0);
  assert.equal(answer.type, 'market-created');
  const facts = taken.map((view) => [
    view.getUint8(0),
    view.getUint8(MarketOffset.PRICE_DECIMALS),
    view.getUint8(MarketOffset.QUANTITY_DECIMALS),
    view.getUint32(MarketOffset.MAX_FEE_PPM, true),
    readSymbol(view, MarketOffset.BASE_SYMBOL),
    readSymbol(view, MarketOffset.QUOTE_SYMBOL),
  ]);
  assert.deepEqual(facts, [
    [CommandKind.CREATE_MARKET, 2, 6, 500, 'BTC', 'USD'],
    [CommandKind.CREATE_MARKET, 0, 0, 0, '', ''],
  ]);
});
