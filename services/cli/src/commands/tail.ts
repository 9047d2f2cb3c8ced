import { levelsSubject, RECORD_BYTES, readEvents, tradesSubject } from '@foldbook/protocol';
import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, showEvent, withNode } from '../node-connection.ts';

export const tail: CliCommand = {
  name: 'tail',
  summary: 'print trades (and level changes) as they happen',
  help: `
Usage: foldbook tail --market NAME [--levels]

  --levels          print changes of price levels too
${CONNECTION_HELP}

Ends with Ctrl-C. Example: foldbook tail --market BTC-USD`,
  takes: [],
  options: { ...CONNECTION_OPTIONS, levels: { type: 'boolean' } },
  endsOnSignal: true,
  run: (context) =>
    withNode(context, async (node) => {
      const print = ({ payload }: { readonly payload: Uint8Array }) => {
        for (const event of readEvents(payload.subarray(RECORD_BYTES))) {
          showEvent(context, event);
        }
      };
      node.transport.subscribe(tradesSubject(node.market), print);
      if (context.flag('levels')) node.transport.subscribe(levelsSubject(node.market), print);
      await node.transport.flush();
      context.output.say(`${node.market}: waiting for trades, Ctrl-C ends`);
      await new Promise<void>((resolve) => {
        if (context.signal.aborted) resolve();
        context.signal.addEventListener('abort', () => resolve());
      });
      return 0;
    }),
};
