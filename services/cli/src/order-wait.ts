/** How long `foldbook order` waits: for the log, for the market, or for a proof. */
import type { OrderClient, OrderDraft, ProvedCommand } from '@foldbook/client';
import type { ProofStatus } from '@foldbook/protocol';
import { UsageError } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import { durabilityOf, type NodeConnection, withNode } from './node-connection.ts';
import { provedWords, waitingWords } from './proved-words.ts';
import { execute, inTime, isRefusal, openTrader } from './trader-command.ts';

export const WAIT_HELP = `\
  --wait LEVEL      received: until the log has the order; executed (default): until the market has
                    executed it; proved: until its epoch is proved, however long that takes; an
                    order that trades nothing, with the next one that does, or a deposit (under
                    development keys, "devKeys", it says that this shows nothing by itself)`;

const LEVELS = ['received', 'executed', 'proved'] as const;
type Level = (typeof LEVELS)[number];

const INTERRUPTED = 130;

function levelFrom(text: string): Level {
  const level = LEVELS.find((each) => each === text);
  if (level !== undefined) return level;
  throw new UsageError(`--wait ${text || '""'}: use ${LEVELS.join(', ')}`);
}

/** Places an order and waits as --wait says; the exit status: 1 if it was refused. */
export function placeAndWait(
  context: CommandContext,
  account: number,
  order: OrderDraft,
): Promise<number> {
  const level = levelFrom(context.text('wait') ?? 'executed');
  return withNode(context, async (node) => {
    const trader = await openTrader(context, node, account);
    context.signal.addEventListener('abort', () => void trader.close('interrupted'));
    if (level === 'received') return receive(context, node, trader, order);
    const [answer] = await execute(context, node, trader, () => [trader.place(order)]);
    if (answer === undefined || isRefusal(answer)) return 1;
    if (level === 'executed') return 0;
    const { signal } = context;
    try {
      const onProgress = progressOf(context, node.market);
      showProof(context, await trader.whenProved(answer, { signal, onProgress }));
      return 0;
    } catch (error) {
      if (!signal.aborted) throw error;
      context.output.say('interrupted: it was executed, and is not proved yet');
      return INTERRUPTED;
    }
  });
}

async function receive(
  context: CommandContext,
  node: NodeConnection,
  trader: OrderClient,
  order: OrderDraft,
): Promise<number> {
  const durability = durabilityOf(node);
  const { session } = trader;
  const requestId = trader.submitOrder(order);
  await inTime(trader, trader.whenReceived(requestId));
  const facts = { session, requestId, durability: await durability };
  const words = `received: the log has request ${requestId} of session ${session}`;
  context.output.result({ type: 'received', ...facts }, words);
  const { account } = trader;
  const which = `--session ${session} --request ${requestId}`;
  context.output.say(`log: ${facts.durability}`);
  context.output.say(
    `what became of it: foldbook outcome ${which} --market ${node.market} --account ${account}`,
  );
  return 0;
}

/** Says how far the proofs are, where that has changed. */
function progressOf({ output }: CommandContext, market: string) {
  let last = '';
  return (status: ProofStatus | undefined) => {
    const words = waitingWords(market, status);
    if (words === last || (status !== undefined && status.proof !== null)) return;
    last = words;
    output.say(words);
  };
}

function showProof({ output }: CommandContext, proof: ProvedCommand): void {
  output.result({ type: 'proved', ...proof }, provedWords(proof));
}
