import { BookMirror } from '@foldbook/client';
import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, withNode } from '../node-connection.ts';
import { grouped } from '../output.ts';

export const mirror: CliCommand = {
  name: 'mirror',
  summary: 'keep a copy of the book and check every batch of deltas',
  help: `
Usage: foldbook mirror --market NAME [--seconds N] [--verify]

  --seconds N       how long to follow (default: until Ctrl-C)
  --verify          at the end compare every level with the engine's own book
                    (an operator's question); exit status 1 when they differ
${CONNECTION_HELP}

Example: foldbook mirror --market BTC-USD --seconds 10 --verify`,
  takes: [],
  options: {
    ...CONNECTION_OPTIONS,
    seconds: { type: 'string' },
    verify: { type: 'boolean' },
  },
  endsOnSignal: true,
  run: async (context) => {
    const seconds = context.integer('seconds', 0, 86_400);
    return withNode(context, async (node) => {
      const copy = new BookMirror(node.transport, node.market, (words) =>
        context.output.say(words),
      );
      await copy.open();
      await new Promise<void>((resolve) => {
        if (seconds !== undefined) setTimeout(resolve, seconds * 1_000);
        if (context.signal.aborted) resolve();
        context.signal.addEventListener('abort', () => resolve());
      });
      const compared = context.flag('verify') ? await copy.compareWithEngine() : undefined;
      copy.close();
      const { batches, checks, mismatches, gaps } = copy.counters;
      const equal = compared === undefined ? '' : `; all ${compared.levels} levels equal`;
      context.output.result(
        { market: node.market, sequence: copy.sequence, ...copy.counters, compared },
        `${grouped(batches)} batches, ${grouped(checks)} checksums equal, ` +
          `${mismatches} different, ${gaps} gaps${equal}`,
      );
      return mismatches === 0 ? 0 : 1;
    });
  },
};
