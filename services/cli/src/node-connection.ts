/** A connection to a running node, as the everyday commands need it. */

import type { ParseArgsOptionsConfig } from 'node:util';
import {
  ClientError,
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

export const CONNECTION_OPTIONS = {
  nats: { type: 'string' },
  user: { type: 'string' },
  market: { type: 'string' },
} as const satisfies ParseArgsOptionsConfig;

export const CONNECTION_HELP = `  --market NAME     the market, for example BTC-USD
  --nats URL        broker of the running node (default ${DEFAULT_NATS})
  --user NAME       broker user; the password is read from $FOLDBOOK_PASSWORD
  --json            one JSON object per result line`;

export interface NodeConnection {
  readonly transport: Transport;
  readonly market: string;
  operator(): OperatorClient;
  /** `store`: where the receipts of its commands are kept; none are asked for without. */
  trader(account: number, store?: ReceiptStore): Promise<OrderClient>;
  close(): Promise<void>;
}

const NO_NODE = 'start a node with "foldbook up --local", or name its broker with --nats';

export async function connectNode(context: CommandContext): Promise<NodeConnection> {
  const market = marketName(context);
  const address = {
    servers: context.text('nats') ?? DEFAULT_NATS,
    user: context.text('user'),
    pass: context.password,
  };
  const transport = await connectBroker(address, 'foldbook-cli', NO_NODE);
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

/** How long an everyday command waits for its answer, ms. */
const ANSWER_PATIENCE_MS = 10_000;

/** The answer to a command, or an error after a while: the client itself would go on trying. */
export async function answerOf<Answer>(answer: Promise<Answer>): Promise<Answer> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const seconds = ANSWER_PATIENCE_MS / 1_000;
    const words = `no answer in ${seconds} s; the command may still be executed: see the reports`;
    late.reject(new ClientError('UNREACHABLE', words));
  }, ANSWER_PATIENCE_MS);
  try {
    return await Promise.race([answer, late.promise]);
  } finally {
    clearTimeout(timer);
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

/** Prints an event in words, or as its map with --json. */
export function showEvent(context: CommandContext, event: MarketEvent): void {
  context.output.result(eventJson(event), eventWords(event));
}
