/** Sends an account's commands and shows what became of them. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { type Answer, askInfo, type OrderClient, ReceiptFile } from '@foldbook/client';
import { CancelReason, type MarketEvent, ResultCode } from '@foldbook/protocol';
import { UsageError } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import { fileTrouble } from './file-trouble.ts';
import { durabilityOf, type NodeConnection, showEvent, withNode } from './node-connection.ts';

export const ACCOUNT_HELP = '  --account N       the trading account (2 to 16777215)';

/** Of all commands that `openTrader` serves. */
export const TRADER_OPTIONS = {
  account: { type: 'string' },
  receipts: { type: 'string' },
} as const satisfies ParseArgsOptionsConfig;

const RECEIPTS_HELP = `\
  --receipts FILE   ask for a signed receipt of each command, check it and keep it there: see
                    "foldbook dispute"`;

export const TRADER_HELP = `${ACCOUNT_HELP}\n${RECEIPTS_HELP}`;

/** How long an everyday command waits for its answer, ms. */
const ANSWER_PATIENCE_MS = 10_000;

async function openReceipts(path: string): Promise<ReceiptFile> {
  try {
    return await ReceiptFile.open(path);
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(error.message);
    throw new UsageError(`--receipts: ${path} can't be used: ${fileTrouble(error)}`);
  }
}

/** The account's client; with --receipts FILE it keeps a receipt of each command there. */
export async function openTrader(
  context: CommandContext,
  node: NodeConnection,
  account: number,
): Promise<OrderClient> {
  const path = context.text('receipts');
  if (path === undefined) return node.trader(account, undefined);
  // The refusal of a message that asks for what is not there would be a bare code.
  const { receiptKey } = await askInfo(node.transport, node.market);
  if (receiptKey !== null) return node.trader(account, await openReceipts(path));
  throw new UsageError(
    `${node.market} is served by a node that signs no receipts: leave --receipts away, or ` +
      'configure receipts.keyFile there',
  );
}

export const isRefusal = (answer: Answer) =>
  answer.type === 'rejected' || (answer.type === 'result' && answer.code !== ResultCode.OK);

const isPart = (event: MarketEvent) =>
  event.type === 'all-cancelled' && event.more && event.reason === CancelReason.REQUESTED;

/** Makes all commands of a message at once. */
export type Send = (trader: OrderClient) => readonly Promise<Answer>[];

/**
 * Sends commands in one message, where they fit, and prints their events: answers, fills, fees.
 * Resolves with the exit status: 1 if one was refused.
 */
export function runTrader(context: CommandContext, account: number, send: Send): Promise<number> {
  return withNode(context, async (node) => {
    const trader = await openTrader(context, node, account);
    const answers = await execute(context, node, trader, send);
    return answers.some(isRefusal) ? 1 : 0;
  });
}

/** Prints the events of commands, and what their acknowledgement survives. */
export async function execute(
  context: CommandContext,
  node: NodeConnection,
  trader: OrderClient,
  send: Send,
): Promise<readonly Answer[]> {
  const events: MarketEvent[] = [];
  trader.onEvent((event) => events.push(event));
  const durability = durabilityOf(node);
  const answers = await inTime(trader, Promise.all(send(trader)));
  // A receipt may come after the report; the file is synced as each is kept.
  if (context.text('receipts') !== undefined) await inTime(trader, trader.received());
  // A command's events come in one batch, so what follows an answer is here as well.
  const sequences = new Set(answers.map(({ sequence }) => sequence));
  // A cancel-all of many orders has parts before the one that is its answer.
  for (const event of events) if (isPart(event)) sequences.add(event.sequence);
  const told = { durability: await durability };
  for (const event of events) if (sequences.has(event.sequence)) showEvent(context, event, told);
  context.output.say(`log: ${told.durability}`);
  return answers;
}

/**
 * What comes within a while. The client itself would go on trying: after that it is closed, and
 * says of each command whether it was sent, and how to learn what became of it.
 */
export async function inTime<Value>(trader: OrderClient, coming: Promise<Value>): Promise<Value> {
  const seconds = ANSWER_PATIENCE_MS / 1_000;
  const end = () => void trader.close(`no answer in ${seconds} s`);
  const timer = setTimeout(end, ANSWER_PATIENCE_MS);
  try {
    return await coming;
  } finally {
    clearTimeout(timer);
  }
}
