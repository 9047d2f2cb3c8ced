/** Nodes and partitions for people. */
import type { NodesView } from '@foldbook/client';

const percent = (load: number) => `${(100 * load).toFixed(0)} %`;

/** One line a node, then one for each partition that nobody serves. */
export function nodesWords(view: NodesView): string {
  const lines = view.nodes.map(({ name, capacity }) => {
    const own = runsOf(view, name);
    const serving = own.filter(({ state }) => state === 'serving');
    const others = own.filter(({ state }) => state !== 'serving');
    const load = serving.reduce((sum, run) => sum + run.load, 0);
    const list = serving.map(({ partition, load }) => `${partition} (${percent(load)})`);
    const parts = [
      name.padEnd(16),
      `capacity ${capacity}`,
      `load ${percent(load)}`,
      `serves ${list.join(', ') || 'nothing'}`,
      ...others.map(({ partition, state }) => `${state}: ${partition}`),
    ];
    return parts.join('  ');
  });
  const names = new Set(view.nodes.map(({ name }) => name));
  for (const { partition, owner, movesTo } of view.partitions) {
    if (owner === null) lines.push(`partition ${partition} is served by nobody at the moment`);
    else if (!names.has(owner)) lines.push(`partition ${partition} is served by ${owner}, no node`);
    if (movesTo !== null) lines.push(`partition ${partition} moves to ${movesTo}`);
  }
  return lines.join('\n');
}

function runsOf({ partitions }: NodesView, name: string) {
  return partitions.flatMap(({ partition, runs }) =>
    runs.filter(({ node }) => node === name).map((run) => ({ partition, ...run })),
  );
}
