import { askOutcome, type Outcome } from '@foldbook/client';
import { MAX_SESSION, ResultCode, resultName } from '@foldbook/protocol';
import { integerIn } from '../arguments.ts';
import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, durabilityOf, withNode } from '../node-connection.ts';
import { anyAccountNumber } from '../order-arguments.ts';
import { codeWords } from '../refusal-words.ts';

const MAX_REQUEST_ID = 2n ** 64n - 1n;

export const outcome: CliCommand = {
  name: 'outcome',
  summary: 'what became of a request, by its id',
  help: `
Usage: foldbook outcome --session S --request R --market NAME --account N

For a command whose answer was lost: OUTCOME_UNKNOWN names the session and the request. Asking
changes nothing. The market answers

  executed          it ran, with what result, and as which market sequence
  superseded        it never ran and never will: a later request of its session came first
  unknown_expired   older than the results that are kept (1,024 of a session): see the reports
  not_seen          not executed, and it may be yet: a copy may be on its way. Sending it again is
                    safe. After any later request of the session it is one of the other three

Exit status 0 if it ran and was not rejected, else 1.

  --session S       the session of the request (0 to ${MAX_SESSION})
  --request R       its request id
  --account N       the account that sent it (operators: 0)
${CONNECTION_HELP}

Example: foldbook outcome --session 0 --request 1 --market BTC-USD --account 7`,
  takes: [],
  options: {
    ...CONNECTION_OPTIONS,
    account: { type: 'string' },
    session: { type: 'string' },
    request: { type: 'string' },
  },
  run: async (context) => {
    const account = anyAccountNumber(context);
    const session = Number(
      integerIn('--session', context.required('session'), 0n, BigInt(MAX_SESSION)),
    );
    const requestId = integerIn('--request', context.required('request'), 0n, MAX_REQUEST_ID);
    return withNode(context, async (node) => {
      const { transport, market } = node;
      const found = await askOutcome(transport, market, account, { session, requestId });
      const durability = await durabilityOf(node);
      const name = found.outcome === 'executed' ? { name: resultName(found.result) } : {};
      context.output.result({ ...found, ...name, session, requestId, durability }, words(found));
      context.output.say(`log: ${durability}`);
      return found.outcome === 'executed' && found.result === ResultCode.OK ? 0 : 1;
    });
  },
};

function words(found: Outcome): string {
  const { outcome, lastRequestId, pending } = found;
  switch (outcome) {
    case 'executed': {
      const result = found.result === ResultCode.OK ? 'done' : codeWords(found.result);
      return `executed as sequence ${found.firstSequence}: ${result}`;
    }
    case 'superseded':
      return `superseded: it never ran and never will (the session is at ${lastRequestId})`;
    case 'unknown_expired':
      return 'unknown_expired: older than the results that are kept; the reports tell';
    case 'not_seen': {
      const state = `the session is at ${lastRequestId}, ${pending} commands are on their way`;
      return `not_seen: not executed, and it may be yet (${state})`;
    }
    default: {
      const unknown: never = outcome;
      throw new RangeError(`no words for ${unknown}`);
    }
  }
}
