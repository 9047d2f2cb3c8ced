/** Sends an operator's command and shows its answer. */
import type { OperatorClient } from '@foldbook/client';
import type { MarketEvent } from '@foldbook/protocol';
import type { CommandContext } from '../command.ts';
import { showAnswer, withNode } from '../node-connection.ts';

export const OPERATOR_NOTE = `An operator's command: the connection must be allowed to publish to
adm.<market>. Exit status 1 if it is rejected.`;

/** Resolves with the exit status: 1 if the market rejected the command. */
export function runOperator(
  context: CommandContext,
  send: (operator: OperatorClient) => Promise<MarketEvent>,
): Promise<number> {
  return withNode(context, async (node) => {
    const event = await send(node.operator());
    await showAnswer(context, node, event);
    return event.type === 'rejected' ? 1 : 0;
  });
}
