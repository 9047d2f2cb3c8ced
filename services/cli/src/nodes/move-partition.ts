import { setTimeout as delay } from 'node:timers/promises';
import { askNodes, wishMove } from '@foldbook/client';
import type { Transport } from '@foldbook/runtime';
import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';
import { NODES_HELP, NODES_OPTIONS, withNodes } from './nodes-connection.ts';

const LOOK_MS = 50;
const WITHIN_MS = 40_000;

export const movePartition: CliCommand = {
  name: 'partition move',
  summary: 'let another node serve a partition',
  help: `
Usage: foldbook partition move P --to NODE

The node starts a process for the partition; once that waits for it, the one that serves takes no
new commands (BUSY), finishes what it has, and leaves the partition to it. Nothing that was
acknowledged is lost, and clients that send BUSY commands again see a short pause. Balancing by load
goes on: it may move another partition in exchange. Exit status 1 if the move was not made within
${WITHIN_MS / 1_000} s.

  --to NODE    where it shall be; "foldbook nodes" tells their names
${NODES_HELP}

Example: foldbook partition move 3 --to host-b`,
  takes: ['partition'],
  options: { ...NODES_OPTIONS, to: { type: 'string' } },
  run: (context) => {
    const [text = ''] = context.positionals;
    if (!/^\d{1,4}$/.test(text)) throw new UsageError('say which partition: its number, from 0');
    const to = context.required('to');
    return withNodes(context, async (transport) => {
      const { partition, from } = await wishMove(transport, Number(text), to);
      const startedMs = performance.now();
      const isMoved = await untilServed(transport, partition, to);
      const tookMs = Math.round(performance.now() - startedMs);
      const origin = from === null ? '' : ` from ${from}`;
      const words =
        from === to
          ? `partition ${partition} is on ${to} already`
          : isMoved
            ? `partition ${partition} moved${origin} to ${to} in ${tookMs} ms`
            : `partition ${partition} is not on ${to}: see "foldbook nodes" and the nodes' logs`;
      context.output.result({ partition, from, to, moved: isMoved, tookMs }, words);
      return isMoved ? 0 : 1;
    });
  },
};

/** False when that did not come about in time. */
async function untilServed(transport: Transport, partition: number, to: string): Promise<boolean> {
  const endMs = performance.now() + WITHIN_MS;
  while (performance.now() < endMs) {
    const { partitions } = await askNodes(transport);
    const found = partitions[partition];
    const isServing = found?.runs.some(({ node, state }) => node === to && state === 'serving');
    if (isServing === true && found?.owner === to) return true;
    await delay(LOOK_MS);
  }
  return false;
}
