/** Sends an account's commands and shows what became of them. */
import type { Answer, OrderClient } from '@foldbook/client';
import { CancelReason, type MarketEvent, ResultCode } from '@foldbook/protocol';
import type { CommandContext } from './command.ts';
import { answerOf, showEvent, withNode } from './node-connection.ts';

export const ACCOUNT_HELP = '  --account N       the trading account (2 to 16777215)';

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
    const trader = await node.trader(account);
    const events: MarketEvent[] = [];
    trader.onEvent((event) => events.push(event));
    const answers = await answerOf(Promise.all(send(trader)));
    // A command's events come in one batch, so what follows an answer is here as well.
    const sequences = new Set(answers.map(({ sequence }) => sequence));
    // A cancel-all of many orders has parts before the one that is its answer.
    for (const event of events) if (isPart(event)) sequences.add(event.sequence);
    for (const event of events) if (sequences.has(event.sequence)) showEvent(context, event);
    return answers.some(isRefusal) ? 1 : 0;
  });
}
