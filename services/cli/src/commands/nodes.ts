import { askNodes } from '@foldbook/client';
import type { CliCommand } from '../command.ts';
import { NODES_HELP, NODES_OPTIONS, withNodes } from '../nodes/nodes-connection.ts';
import { nodesWords } from '../nodes/nodes-words.ts';

export const nodes: CliCommand = {
  name: 'nodes',
  summary: 'which node serves which partition, how busy it is, and who waits (operators)',
  help: `
Usage: foldbook nodes [options]

A node is a process that runs one service for each partition that it serves or waits for. Loads are
of a core: of the time of each service's own thread.

${NODES_HELP}

Example: foldbook nodes --nats nats://127.0.0.1:4222`,
  takes: [],
  options: NODES_OPTIONS,
  run: (context) =>
    withNodes(context, async (transport) => {
      const view = await askNodes(transport);
      context.output.result({ ...view }, nodesWords(view));
      return 0;
    }),
};
