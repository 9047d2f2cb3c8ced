import { readFile } from 'node:fs/promises';
import { MAX_PARTITIONS } from '@foldbook/protocol';
import { forPartitions, mappingsText } from '../broker-partitions.ts';
import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';
import { fileTrouble } from '../file-trouble.ts';

export const mapping: CliCommand = {
  name: 'broker mapping',
  summary: 'print what a broker needs to bring commands to their partitions',
  help: `
Usage: foldbook broker mapping --partitions N [--config FILE]

Prints the mappings of subjects for the services' account of nats-server. With a configuration file,
such as infra/docker/nats.conf, prints that file with its lines between "# partitions: ..." and
"# end" made for N partitions: mappings, and the rights of the market's and the prover's user. The
number is for good: a venue that was begun with another one refuses to start.

  --partitions N  from 1 to ${MAX_PARTITIONS}
  --config FILE   a broker's configuration with such marks
  --json          the text as { "config": ... }

Example: foldbook broker mapping --partitions 4 --config infra/docker/nats.conf > nats.conf`,
  takes: [],
  options: { partitions: { type: 'string' }, config: { type: 'string' } },
  run: async (context) => {
    const partitions = context.integer('partitions', 1, MAX_PARTITIONS);
    if (partitions === undefined) throw new UsageError('no --partitions: how many there shall be');
    const file = context.text('config');
    const config = file === undefined ? mappingsText(partitions) : await made(file, partitions);
    context.output.result({ config }, config.trimEnd());
    return 0;
  },
};

async function made(file: string, partitions: number): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${file}: ${fileTrouble(error)}`);
  });
  try {
    return forPartitions(text, partitions);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}
