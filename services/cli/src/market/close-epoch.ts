import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS } from '../node-connection.ts';
import { OPERATOR_NOTE, runOperator } from './operator-command.ts';

export const closeEpoch: CliCommand = {
  name: 'market close-epoch',
  summary: 'end the epoch now, so that it is proved',
  help: `
Usage: foldbook market close-epoch --market NAME

The market closes epochs by itself; this does not wait for that.
${OPERATOR_NOTE}

${CONNECTION_HELP}

Example: foldbook market close-epoch --market BTC-USD`,
  takes: [],
  options: CONNECTION_OPTIONS,
  run: (context) => runOperator(context, (operator) => operator.closeEpoch()),
};
