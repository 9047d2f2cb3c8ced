import { BookMirror } from '@foldbook/client';
import { type Level, Side } from '@foldbook/protocol';
import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, withNode } from '../node-connection.ts';

const row = (level: Level | undefined) =>
  level === undefined
    ? ''.padStart(34)
    : `${level.quantity}`.padStart(18) + `${level.price}`.padStart(16);

/** As in the map of a delta: price and quantity are u64, strings therefore. */
const levelJson = ({ price, quantity, orders }: Level) => ({
  price: `${price}`,
  quantity: `${quantity}`,
  orders,
});

export const book: CliCommand = {
  name: 'book',
  summary: 'show the price levels of a market',
  help: `
Usage: foldbook book --market NAME [--levels N]

  --levels N        levels a side (default 10)
${CONNECTION_HELP}

Example: foldbook book --market BTC-USD --levels 5`,
  takes: [],
  options: { ...CONNECTION_OPTIONS, levels: { type: 'string' } },
  run: async (context) => {
    const most = context.integer('levels', 1, 100_000) ?? 10;
    return withNode(context, async (node) => {
      const mirror = new BookMirror(node.transport, node.market, () => undefined);
      await mirror.open();
      mirror.close();
      const bids = mirror.levels(Side.BUY, most);
      const asks = mirror.levels(Side.SELL, most);
      const rows = Array.from({ length: Math.max(bids.length, asks.length, 1) }, (_, index) => {
        const bid = row(bids[index]);
        const ask = asks[index];
        const right =
          ask === undefined ? '' : `${ask.price}`.padEnd(16) + `${ask.quantity}`.padEnd(18);
        return `${bid} | ${right}`.trimEnd();
      });
      const left = `${'bid quantity'.padStart(18)}${'price'.padStart(16)}`;
      const title = `${left} | ${'price'.padEnd(16)}ask quantity`;
      const words = [`${node.market} at sequence ${mirror.sequence}`, title, ...rows].join('\n');
      const { sequence } = mirror;
      const levels = { bids: bids.map(levelJson), asks: asks.map(levelJson) };
      context.output.result({ market: node.market, sequence, ...levels }, words);
      return 0;
    });
  },
};
