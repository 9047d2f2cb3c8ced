/** `foldbook up --partitions N`: a node in the place of a single market service. */
import { MAX_PARTITIONS } from '@foldbook/protocol';
import { UsageError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';

const MAX_STANDBYS = 8;
/** What is of one service alone, and has no place where there is one for each partition. */
const OF_ONE_SERVICE = ['share', 'share-dir'];
const OF_A_NODE = ['node', 'standbys'];

export const NODE_OPTIONS = {
  partitions: { type: 'string' },
  node: { type: 'string' },
  standbys: { type: 'string' },
} as const;

export const NODE_HELP = `\
  --partitions N    run a node of a venue with N partitions: a market service for each that it
                    serves (N is for good); start it on other hosts too, and they share them. The
                    prover that is started here proves partition 0
  --node NAME       its name (default: the host's)
  --standbys N      services on other nodes that wait for each partition (default 0)`;

/**
 * What the options say of the node's configuration; undefined without --partitions.
 * @throws UsageError
 */
export function nodeOptions(context: CommandContext): Record<string, unknown> | undefined {
  const partitions = context.integer('partitions', 1, MAX_PARTITIONS);
  const other = (names: readonly string[]) => names.find((n) => context.text(n) !== undefined);
  if (partitions === undefined) {
    const needless = other(OF_A_NODE);
    if (needless === undefined) return undefined;
    throw new UsageError(
      `--${needless} is for a node: add --partitions, the venue's number of them`,
    );
  }
  const wrong = other(OF_ONE_SERVICE);
  if (wrong !== undefined) {
    throw new UsageError(`--${wrong} is of a single market service: leave it or --partitions away`);
  }
  const standbys = context.integer('standbys', 0, MAX_STANDBYS);
  const node = context.text('node');
  if (node !== undefined && !/^[A-Za-z0-9_-]{1,40}$/.test(node)) {
    throw new UsageError(`--node ${node}: 1 to 40 letters, digits, "-" and "_"`);
  }
  return {
    partitions,
    ...(standbys === undefined ? {} : { standbys }),
    ...(node === undefined ? {} : { node }),
  };
}
