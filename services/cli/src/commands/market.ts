import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';
import { eventWords } from '../event-words.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, withNode } from '../node-connection.ts';

export const market: CliCommand = {
  name: 'market',
  summary: 'create a market, or show facts about one',
  help: `
Usage: foldbook market create --market BTC-USD [--maker-ppm N] [--taker-ppm N]
       foldbook market info --market BTC-USD

Creates a market (an operator's command) or shows its state and what its log survives.

  --maker-ppm N     maker fee in parts per million of the quote amount (default 0);
                    negative is a rebate
  --taker-ppm N     taker fee (default 0); maker + taker must not be negative
${CONNECTION_HELP}

Example: foldbook market create --market BTC-USD --maker-ppm=-20 --taker-ppm=50`,
  options: {
    ...CONNECTION_OPTIONS,
    'maker-ppm': { type: 'string' },
    'taker-ppm': { type: 'string' },
  },
  run: async (context) => {
    const [action] = context.positionals;
    if (action !== 'create' && action !== 'info') {
      throw new UsageError('say what: foldbook market create|info --market NAME');
    }
    const maker = context.integer('maker-ppm', -100_000, 100_000) ?? 0;
    const taker = context.integer('taker-ppm', -100_000, 100_000) ?? 0;
    return withNode(context, async (node) => {
      if (action === 'info') {
        const info = await node.operator().info();
        const words = Object.entries(info).map(([key, value]) => `${key.padEnd(12)} ${value}`);
        context.output.result({ ...info }, words.join('\n'));
        return 0;
      }
      const event = await node.operator().createMarket(maker, taker);
      context.output.result({ ...event }, eventWords(event));
      return event.type === 'rejected' ? 1 : 0;
    });
  },
};
