import type { MarketInfo } from '@foldbook/client';
import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, withNode } from '../node-connection.ts';
import { table } from '../output.ts';

export const show: CliCommand = {
  name: 'market show',
  summary: 'what a market says of itself (info is the same)',
  help: `
Usage: foldbook market show --market BTC-USD

Its place in the node, how far it is, what its log survives, counts since the process started; its
state, symbols, decimals and limits (0 is none), and the rates of each fee tier.

${CONNECTION_HELP}

Example: foldbook market show --market BTC-USD`,
  takes: [],
  options: CONNECTION_OPTIONS,
  run: (context) =>
    withNode(context, async (node) => {
      const info = await node.operator().info();
      context.output.result({ ...info }, infoWords(info));
      return 0;
    }),
};

/** Tiers with the rates of tier 0 are told together. */
function infoWords({ tiers, ...facts }: MarketInfo): string {
  const rows = Object.entries(facts).map(([key, value]) => [key, `${value}`]);
  const [first] = tiers;
  for (const { tier, makerFeePpm, takerFeePpm } of tiers) {
    const isUsual = makerFeePpm === first?.makerFeePpm && takerFeePpm === first.takerFeePpm;
    if (isUsual && tier > 0) continue;
    const name = tier === 0 ? 'tier 0 and others' : `tier ${tier}`;
    rows.push([name, `maker ${makerFeePpm} ppm, taker ${takerFeePpm} ppm`]);
  }
  return table(rows);
}
