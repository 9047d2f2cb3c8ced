/** A connection for questions to the nodes of a venue. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { ClientError } from '@foldbook/client';
import type { Transport } from '@foldbook/runtime';
import { connectBroker, DEFAULT_NATS } from '../broker.ts';
import { ServiceError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';

export const NODES_OPTIONS = {
  nats: { type: 'string' },
  user: { type: 'string' },
} as const satisfies ParseArgsOptionsConfig;

export const NODES_HELP = `  --nats URL   broker of the venue (default ${DEFAULT_NATS})
  --user NAME  broker user, an operator; the password is read from $FOLDBOOK_PASSWORD
  --json       one JSON object`;

const NO_NODES = 'start a node with "foldbook up --local --partitions 4", or name its broker';

const NOT_A_NODE =
  'a market service that runs without one is none, and has its partition to itself: "market show"';

export async function withNodes(
  context: CommandContext,
  use: (transport: Transport) => Promise<number>,
): Promise<number> {
  const servers = context.text('nats') ?? DEFAULT_NATS;
  const address = { servers, user: context.text('user'), pass: context.password };
  const transport = await connectBroker(address, 'foldbook-cli', NO_NODES);
  try {
    return await use(transport);
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== 'UNREACHABLE') throw error;
    throw new ServiceError(`${error.code}: no node answers at ${servers}; ${NOT_A_NODE}`);
  } finally {
    await transport.close();
  }
}
