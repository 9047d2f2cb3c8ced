/** Joins the side with more quantity, one order at a time, and gives up one that is not filled. */
import { defineStrategy } from '@foldbook/history';

const LEAST_IMBALANCE = 0.6;
const MOST_HELD = 3;
const PATIENCE_NS = 5_000_000_000n;

export default defineStrategy({
  features: ['imbalance'],
  start({ orders }) {
    let position = 0;
    let open: { readonly id: number; readonly endNs: bigint; isCancelled: boolean } | undefined;
    return {
      onBlock(events, { bidPrice, askPrice }, [imbalances]) {
        if (orders === undefined) throw new Error('this strategy trades: run it with --backtest');
        for (let row = 0; row < events.count; row += 1) {
          const timeNs = events.baseTimeNs + BigInt(events.timeNs[row] ?? 0);
          if (open !== undefined) {
            if (open.isCancelled || timeNs < open.endNs) continue;
            open.isCancelled = true;
            orders.cancel(open.id);
            continue;
          }
          const imbalance = imbalances?.[row] ?? Number.NaN;
          // False for NaN, too: then a side is empty.
          if (!(Math.abs(imbalance) >= LEAST_IMBALANCE)) continue;
          const side = imbalance > 0 ? 'buy' : 'sell';
          if ((side === 'buy' ? position : -position) >= MOST_HELD) continue;
          const price = (side === 'buy' ? bidPrice[row] : askPrice[row]) ?? Number.NaN;
          const instrument = events.instrumentAt(row);
          const id = orders.place({ instrument, side, price, quantity: 1 });
          open = { id, endNs: timeNs + PATIENCE_NS, isCancelled: false };
        }
      },
      onOrder({ type }) {
        if (type === 'cancelled' || type === 'rejected') open = undefined;
      },
      onFill({ side, quantity, left }) {
        position += side === 'buy' ? quantity : -quantity;
        if (left === 0) open = undefined;
      },
      result: () => ({ position }),
    };
  },
});
