/** A connection to a running node, as the everyday commands need it. */

import type { ParseArgsOptionsConfig } from 'node:util';
import {
  askInfo,
  OperatorClient,
  OrderClient,
  type ReceiptStore,
  type ReportSource,
} from '@foldbook/client';
import type { MarketEvent } from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';
import { connectBroker, DEFAULT_NATS } from './broker.ts';
import type { CommandContext } from './command.ts';
import { eventJson } from './event-json.ts';
import { eventWords } from './event-words.ts';
import { marketName } from './order-arguments.ts';
import { sessionOf } from './own-session.ts';

export const BROKER_OPTIONS = {
  nats: { type: 'string' },
  user: { type: 'string' },
} as const satisfies ParseArgsOptionsConfig;

export const CONNECTION_OPTIONS = {
  ...BROKER_OPTIONS,
  market: { type: 'string' },
} as const satisfies ParseArgsOptionsConfig;

export const BROKER_HELP = `  --nats URL        broker of the running node (default ${DEFAULT_NATS})
  --user NAME       broker user; the password is read from $FOLDBOOK_PASSWORD
  --json            one JSON object per result line`;

export const CONNECTION_HELP = `  --market NAME     the market, for example BTC-USD
${BROKER_HELP}`;

export interface NodeConnection {
  readonly transport: Transport;
  readonly market: string;
  operator(): OperatorClient;
  /** `store`: where the receipts of its commands are kept; none are asked for without. */
  trader(account: number, store?: ReceiptStore): Promise<OrderClient>;
  close(): Promise<void>;
}

const NO_NODE = 'start a node with "foldbook up --local", or name its broker with --nats';

function connectTo(context: CommandContext): Promise<Transport> {
  const address = {
    servers: context.text('nats') ?? DEFAULT_NATS,
    user: context.text('user'),
    pass: context.password,
  };
  return connectBroker(address, 'foldbook-cli', NO_NODE);
}

/** As `withNode`, for what is asked of no market alone. */
export async function withBroker(
  context: CommandContext,
  use: (transport: Transport) => Promise<number>,
): Promise<number> {
  const transport = await connectTo(context);
  try {
    return await use(transport);
  } finally {
    await transport.close();
  }
}

export async function connectNode(context: CommandContext): Promise<NodeConnection> {
  const market = marketName(context);
  const transport = await connectTo(context);
  const clients: OrderClient[] = [];
  return {
    transport,
    market,
    operator: () => new OperatorClient(transport, market, sessionOf(process.pid)),
    async trader(account, store) {
      const reports: ReportSource = { kind: 'durable', transport };
      const session = sessionOf(process.pid);
      const receipts = store && { store };
      const options = { transport, reports, market, account, session, receipts };
      const client = await OrderClient.open(options);
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) await client.close();
      await transport.close();
    },
  };
}

/** What an acknowledgement survives. Never fails: a command was sent, and is told of. */
export async function durabilityOf({ transport, market }: NodeConnection): Promise<string> {
  try {
    return (await askInfo(transport, market)).durability;
  } catch {
    return 'the market did not say what it survives';
  }
}

/** Runs with a connection that is closed whatever happens. */
export async function withNode(
  context: CommandContext,
  use: (node: NodeConnection) => Promise<number>,
): Promise<number> {
  const node = await connectNode(context);
  try {
    return await use(node);
  } finally {
    await node.close();
  }
}

/** Prints an event in words, or as its map, with more facts behind it, with --json. */
export function showEvent(
  context: CommandContext,
  event: MarketEvent,
  more: Readonly<Record<string, unknown>> = {},
): void {
  context.output.result({ ...eventJson(event), ...more }, eventWords(event));
}

/** The answer to a command, and what it survives. */
export async function showAnswer(
  context: CommandContext,
  node: NodeConnection,
  event: MarketEvent,
): Promise<void> {
  const durability = await durabilityOf(node);
  showEvent(context, event, { durability });
  context.output.say(`log: ${durability}`);
}
