import { MarketState } from '@foldbook/protocol';
import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS } from '../node-connection.ts';
import { OPERATOR_NOTE, runOperator } from './operator-command.ts';

function stateCommand(
  word: string,
  state: MarketState,
  summary: string,
  effect: string,
): CliCommand {
  return {
    name: `market ${word}`,
    summary,
    help: `
Usage: foldbook market ${word} --market NAME

${effect}
Timers, deposits and administration go on in every state.
${OPERATOR_NOTE}

${CONNECTION_HELP}

Example: foldbook market ${word} --market BTC-USD`,
    takes: [],
    options: CONNECTION_OPTIONS,
    run: (context) => runOperator(context, (operator) => operator.setState(state)),
  };
}

export const halt = stateCommand(
  'halt',
  MarketState.HALTED,
  'halt a market: nothing is placed or cancelled',
  'State halted: clients can neither place nor cancel; only cancel-after is taken.',
);

export const cancelOnly = stateCommand(
  'cancel-only',
  MarketState.CANCEL_ONLY,
  'let a market take cancels only',
  'State cancel-only: clients can cancel, and take quotes off, and nothing else.',
);

export const resume = stateCommand(
  'resume',
  MarketState.OPEN,
  'open a market again',
  'State open: the market takes everything.',
);
