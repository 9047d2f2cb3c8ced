import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, showEvent, withNode } from '../node-connection.ts';

const hasFees = (context: CommandContext) =>
  context.text('maker-ppm') !== undefined || context.text('taker-ppm') !== undefined;

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

Example: foldbook market create --market BTC-USD --maker-ppm -20 --taker-ppm 50`,
  takes: ['create|info'],
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
    if (action === 'info' && hasFees(context)) {
      throw new UsageError('fees are set by market create; market info only shows');
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
      showEvent(context, event);
      return event.type === 'rejected' ? 1 : 0;
    });
  },
};
