import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Action, EventFlag, EventSide } from '@foldbook/history';
import { Side } from '@foldbook/protocol';
import { LevelEvents, tradeEvent } from './level-events.ts';

const level = (price: bigint, quantity: bigint) => ({ price, quantity });
const moment = { timeNs: 5n, sequence: 9n };

test('levels that changed are events: what goes is first, and the book is whole at the end', () => {
  const events = new LevelEvents();
  let bids = [level(100n, 3n), level(99n, 1n)];
  let asks = [level(102n, 4n)];
  const changes = () =>
    events
      .changes((side) => (side === Side.BUY ? bids : asks), moment)
      .map(({ action, side, price, quantity, orderId, flags }) => {
        return [action, side, price, quantity, orderId, flags];
      });
  const { ADD, MODIFY, DELETE } = Action;
  const { BUY, SELL } = EventSide;
  assert.deepEqual(changes(), [
    [ADD, BUY, 100n, 3n, 200n, 0],
    [ADD, BUY, 99n, 1n, 198n, 0],
    [ADD, SELL, 102n, 4n, 205n, EventFlag.LAST],
  ]);
  assert.deepEqual(changes(), []);
  bids = [level(102n, 1n), level(100n, 2n)];
  asks = [level(103n, 7n)];
  assert.deepEqual(changes(), [
    [DELETE, BUY, 99n, 1n, 198n, 0],
    [DELETE, SELL, 102n, 4n, 205n, 0],
    [ADD, BUY, 102n, 1n, 204n, 0],
    [MODIFY, BUY, 100n, 2n, 200n, 0],
    [ADD, SELL, 103n, 7n, 207n, EventFlag.LAST],
  ]);
});

test("a trade has the resting order's side", () => {
  const accounts = { takerAccount: 0, makerAccount: 0, makerClientOrderId: 0n };
  const orders = { makerOrderId: 1, takerOrderId: 2 };
  const trade = { sequence: 4, takerSide: Side.BUY, price: 102n, quantity: 2n };
  const event = tradeEvent({ type: 'trade', ...trade, ...orders, ...accounts }, 7n);
  assert.deepEqual(
    [event.action, event.side, event.price, event.quantity, event.timeNs],
    [Action.TRADE, EventSide.SELL, 102n, 2n, 7n],
  );
});
