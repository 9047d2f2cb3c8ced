import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, withNode } from '../node-connection.ts';
import { table } from '../output.ts';

export const show: CliCommand = {
  name: 'market show',
  summary: 'what a market says of itself (info is the same)',
  help: `
Usage: foldbook market show --market BTC-USD

Its place in the node, how far it is, what its log survives, and counts since the process started.

${CONNECTION_HELP}

Example: foldbook market show --market BTC-USD`,
  takes: [],
  options: CONNECTION_OPTIONS,
  run: (context) =>
    withNode(context, async (node) => {
      const info = await node.operator().info();
      const rows = Object.entries(info).map(([key, value]) => [key, `${value}`]);
      context.output.result({ ...info }, table(rows));
      return 0;
    }),
};
