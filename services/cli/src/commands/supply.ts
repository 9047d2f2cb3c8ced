import {
  askMarkets,
  askNodes,
  askVenueSupply,
  ClientError,
  type VenueSupply,
} from '@foldbook/client';
import type { Transport } from '@foldbook/runtime';
import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';
import { BROKER_HELP, BROKER_OPTIONS, withBroker } from '../node-connection.ts';
import { checkMarketName } from '../order-arguments.ts';
import { plural, table } from '../output.ts';

const MAX_PARTITIONS = 1_024;

export const supply: CliCommand = {
  name: 'supply',
  summary: 'what all markets together owe, and whether it adds up (operators)',
  help: `
Usage: foldbook supply [MARKET...]

Of each asset (a symbol and its decimals): what the accounts of all markets have, what was paid by
one market and has not arrived in another, and what was deposited from outside and not withdrawn
again. The first two are the third, or something was lost or made. Exit status 1 if it does not add
up, with what is wrong where.

Asks the markets that are named and those that they sent funds to or had funds from; or all markets
of all partitions that a node of the venue tells of: it is an error if one of them does not answer.
Where there are no nodes, those of partitions 0 and up, until one has nobody who serves it.

  --partitions N    how many there are, whatever a node tells
${BROKER_HELP}

Example: foldbook supply --user operator`,
  takes: ['MARKET...'],
  options: { ...BROKER_OPTIONS, partitions: { type: 'string' } },
  run: (context) => {
    const names = context.positionals.map((name) => checkMarketName(name, 'MARKET'));
    const partitions = context.integer('partitions', 1, MAX_PARTITIONS);
    return withBroker(context, async (transport) => {
      const markets = names.length > 0 ? names : await marketsOf(transport, partitions);
      const found = await askVenueSupply(transport, markets);
      const { assets, faults, isStill } = found;
      context.output.result(
        { assets, faults, isStill, markets: found.markets.map(({ market }) => market) },
        words(found, found.markets.length),
      );
      if (!isStill) {
        context.output.say('funds moved all the time: what is in flight is of several instants');
      }
      return faults.length === 0 ? 0 : 1;
    });
  },
};

async function marketsOf(
  transport: Transport,
  partitions: number | undefined,
): Promise<readonly string[]> {
  const names: string[] = [];
  const count = partitions ?? (await partitionsOf(transport));
  for (let partition = 0; partition < (count ?? MAX_PARTITIONS); partition += 1) {
    const markets = await askMarkets(transport, partition);
    if (markets !== undefined) names.push(...markets);
    else if (count === undefined && partition > 0) break;
    else throw new UsageError(`partition ${partition} does not answer; is a market service up?`);
  }
  return names;
}

/** Nodes know how many there are; undefined where none is, or this user may not ask it. */
async function partitionsOf(transport: Transport): Promise<number | undefined> {
  try {
    return (await askNodes(transport)).partitions.length;
  } catch (error) {
    if (error instanceof ClientError) return undefined;
    throw error;
  }
}

function words({ assets, faults }: VenueSupply, markets: number): string {
  const rows = assets.map(({ symbol, decimals, ...sums }) => [
    symbol,
    `10^-${decimals}`,
    `${sums.supply}`,
    `${sums.inFlight}`,
    `${sums.funded}`,
    `${sums.markets}`,
  ]);
  const head = ['asset', 'unit', 'in markets', 'in flight', 'deposited', 'markets'];
  const verdict =
    faults.length === 0
      ? `${plural(markets, 'market')}: it adds up`
      : faults.map((fault) => `does not add up: ${fault}`).join('\n');
  return `${table([head, ...rows])}\n${verdict}`;
}
