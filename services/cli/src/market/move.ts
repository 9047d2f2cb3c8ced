import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, withNode } from '../node-connection.ts';

export const move: CliCommand = {
  name: 'market move',
  summary: 'let a market go on another thread of its process',
  help: `
Usage: foldbook market move --market NAME --host N

Hosts are the threads that markets live on, from 0 ("market show" tells which one, of how many; the
market service's configuration says how many there are). The market goes on all the time: what comes
while it moves runs right after it, in the order in which it came. An operator's request: the
connection must be allowed to publish to qry.<market>.0.

  --host N    where it shall be

${CONNECTION_HELP}

Example: foldbook market move --market BTC-USD --host 1`,
  takes: [],
  options: { ...CONNECTION_OPTIONS, host: { type: 'string' } },
  run: (context) => {
    const host = context.integer('host', 0, 63);
    if (host === undefined) throw new UsageError('no --host: the number of the thread, from 0');
    return withNode(context, async (node) => {
      const moved = await node.operator().move(host);
      const { market, from, tookMs, held } = moved;
      const words =
        from === host
          ? `${market} is on host ${host} already`
          : `${market} moved from host ${from} to host ${host} in ${tookMs.toFixed(2)} ms; ` +
            `${held} groups of commands came meanwhile`;
      context.output.result({ ...moved }, words);
      return 0;
    });
  },
};
