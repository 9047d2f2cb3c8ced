/** Sends an account's commands and shows what became of them. */
import { type Answer, type OrderClient, ReceiptFile } from '@foldbook/client';
import { CancelReason, type MarketEvent, ResultCode } from '@foldbook/protocol';
import { UsageError } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import { fileTrouble } from './file-trouble.ts';
import { answerOf, showEvent, withNode } from './node-connection.ts';

export const ACCOUNT_HELP = '  --account N       the trading account (2 to 16777215)';

export const RECEIPTS_HELP = `\
  --receipts FILE   ask for a signed receipt of each command, check it and keep it there: see
                    "foldbook dispute"`;

async function openReceipts(path: string): Promise<ReceiptFile> {
  try {
    return await ReceiptFile.open(path);
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(error.message);
    throw new UsageError(`--receipts: ${path} can't be used: ${fileTrouble(error)}`);
  }
}

const isRefusal = (answer: Answer) =>
  answer.type === 'rejected' || (answer.type === 'result' && answer.code !== ResultCode.OK);

const isPart = (event: MarketEvent) =>
  event.type === 'all-cancelled' && event.more && event.reason === CancelReason.REQUESTED;

/**
 * Sends commands in one message, where they fit, and prints their events: answers, fills, fees.
 * `send` makes all of them at once. Resolves with the exit status: 1 if one was refused.
 */
export function runTrader(
  context: CommandContext,
  account: number,
  send: (trader: OrderClient) => readonly Promise<Answer>[],
): Promise<number> {
  return withNode(context, async (node) => {
    const path = context.text('receipts');
    const store = path === undefined ? undefined : await openReceipts(path);
    const trader = await node.trader(account, store);
    const events: MarketEvent[] = [];
    trader.onEvent((event) => events.push(event));
    const answers = await answerOf(Promise.all(send(trader)));
    // The file is synced as each is kept, and ends with the process.
    if (store !== undefined) await answerOf(trader.received());
    // A command's events come in one batch, so what follows an answer is here as well.
    const sequences = new Set(answers.map(({ sequence }) => sequence));
    // A cancel-all of many orders has parts before the one that is its answer.
    for (const event of events) if (isPart(event)) sequences.add(event.sequence);
    for (const event of events) if (sequences.has(event.sequence)) showEvent(context, event);
    return answers.some(isRefusal) ? 1 : 0;
  });
}
