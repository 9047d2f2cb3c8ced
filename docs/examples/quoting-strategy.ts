/** Bids one at the best bid and offers one at the best ask, and holds no more than ten. */
import { defineStrategy, type OrderSide } from '@foldbook/history';

const MOST_HELD = 10;

export default defineStrategy({
  start({ orders }) {
    if (orders === undefined) throw new Error('run it with --backtest, or live');
    /** Each side's order: its id, 0 for none, and the price that it was placed at. */
    const quotes = { buy: { id: 0, price: 0 }, sell: { id: 0, price: 0 } };
    let held = 0;
    const move = (side: OrderSide, price: number, instrument: number) => {
      const quote = quotes[side];
      if (!(price > 0) || price === quote.price) return;
      if (quote.id !== 0) orders.cancel(quote.id);
      const isFull = side === 'buy' ? held >= MOST_HELD : held <= -MOST_HELD;
      quote.id = isFull ? 0 : orders.place({ instrument, side, price, quantity: 1 });
      quote.price = price;
    };
    const forget = (id: number, isAgain: boolean) => {
      const quote = Object.values(quotes).find((one) => one.id === id);
      if (quote === undefined) return;
      quote.id = 0;
      if (isAgain) quote.price = 0;
    };
    return {
      onBlock(events, { bidPrice, askPrice }) {
        const row = events.count - 1;
        const instrument = events.instrumentAt(row);
        move('buy', bidPrice[row] ?? Number.NaN, instrument);
        move('sell', askPrice[row] ?? Number.NaN, instrument);
      },
      onOrder({ type, id }) {
        // What was refused would be refused again: it waits until the price moves.
        if (type === 'cancelled' || type === 'rejected') forget(id, type === 'cancelled');
      },
      onFill({ id, side, quantity, left }) {
        held += side === 'buy' ? quantity : -quantity;
        if (left === 0) forget(id, true);
      },
      result: () => ({ held }),
    };
  },
});
