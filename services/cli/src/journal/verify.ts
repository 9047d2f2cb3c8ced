/** `journal verify`: reads a folder of segments, checks every byte of it, says what it found. */
import {
  type Comparison,
  compareStreams,
  JetStreamStore,
  type SegmentVerification,
} from '@foldbook/runtime';
import { connectBroker } from '../broker.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { grouped, plural } from '../output.ts';
import { folderArgument, journalFolder, verifyFolder } from './journal-folder.ts';

export const verify: CliCommand = {
  name: 'journal verify',
  summary: 'checksums, sequences and hash links of every record in a folder of segments',
  help: `
Usage: foldbook journal verify FOLDER [--until N] [--against URL]

FOLDER holds the segments of one stream: the log of an embedded node, LOG_0 in its streams folder,
or the journal that a node keeps beside a broker's log, LOG_0 in its journal folder.
Every record's checksum, sequence and link is checked. The last link stands for every record before
it: two folders with the same link at the same sequence hold the same records, and one that differs
from a link that was kept elsewhere was changed.
A folder that is being written may be read; what is under way counts as torn.
Exit status 1 if anything is damaged, missing or changed, or the broker's log is not as the journal.

  --until N         ends behind record N, and shows the link there
  --against URL     a broker: each record is compared with that of its log, which may be longer
  --user NAME       broker user; the password is read from $FOLDBOOK_PASSWORD
  --json            {"ok","segments","records","payloadBytes","firstSequence","lastSequence",
                    "lastLink","unchecked","tornBytes","faults":[{"file","offset","sequence",
                    "what"}],"against":{"kind","sequence","what","compared","streamLast"}}

Example: foldbook journal verify journal/LOG_0 --against nats://127.0.0.1:4222`,
  takes: ['FOLDER'],
  options: {
    until: { type: 'string' },
    against: { type: 'string' },
    user: { type: 'string' },
  },
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { output, positionals } = context;
  const folder = folderArgument(positionals);
  const until = context.integer('until', 1, Number.MAX_SAFE_INTEGER);
  const found = await verifyFolder(folder, output, until);
  const isWhole = found.faults.length === 0;
  const lastLink = Buffer.from(found.lastLink).toString('hex');
  const servers = context.text('against');
  const against = servers === undefined ? undefined : await compare(context, servers, found);
  const isOk = isWhole && (against === undefined || against.kind === 'same');
  const lines = [words(found, lastLink)];
  if (against !== undefined) lines.push(againstWords(against, found.lastSequence));
  output.result({ ok: isOk, ...found, lastLink, against }, lines.join('\n'));
  return isOk ? 0 : 1;
}

async function compare(
  context: CommandContext,
  servers: string,
  { firstSequence = 1, lastSequence }: SegmentVerification,
): Promise<Comparison> {
  const { reader, stream } = journalFolder(folderArgument(context.positionals));
  const address = { servers, user: context.text('user'), pass: context.password };
  const transport = await connectBroker(address, 'foldbook-cli', 'give the address of the broker');
  const store = new JetStreamStore(transport);
  try {
    return await compareStreams({
      copy: reader,
      first: firstSequence,
      last: lastSequence,
      stream: store.reader(stream),
      holes: () => store.holes(stream),
    });
  } finally {
    await store.close();
    await transport.close();
  }
}

function againstWords(found: Comparison, last: number): string {
  switch (found.kind) {
    case 'same': {
      const more = found.streamLast - last;
      const beyond = more > 0 ? `, which goes on to ${found.streamLast}` : '';
      return `${plural(found.compared, 'record')} as in the broker's log${beyond}`;
    }
    case 'shorter':
      return (
        `THE LOG IS SHORTER: it ends at ${found.streamLast}, as the journal up to there, and ` +
        `lacks ${found.streamLast + 1} to ${last}; see: foldbook journal repair --help`
      );
    case 'differs':
      return `THE LOG DIFFERS, first at ${found.sequence}: ${found.what}`;
    case 'hole':
      return `THE LOG HAS A HOLE, first at ${found.sequence}: ${found.what}`;
    default:
      return found satisfies never;
  }
}

function words(found: SegmentVerification, lastLink: string): string {
  const { faults, firstSequence, lastSequence, records, segments, tornBytes, unchecked } = found;
  const range = firstSequence === undefined ? '' : `, ${firstSequence} to ${lastSequence}`;
  const lines = [
    `${grouped(records)} records in ${plural(segments, 'segment')}${range}; ` +
      `${grouped(found.payloadBytes)} bytes`,
    `link of ${lastSequence}: ${lastLink}`,
  ];
  if (unchecked > 0) {
    lines.push(`${grouped(unchecked)} links are made of digests that this command can't compute`);
  }
  if (tornBytes > 0) {
    lines.push(
      `${grouped(tornBytes)} bytes behind the last record: a write that a crash tore, which was ` +
        'not acknowledged, or one that is under way; the next start cuts them off',
    );
  }
  if (firstSequence !== undefined && firstSequence > 1) {
    lines.push(`it begins at ${firstSequence}: older segments are not there`);
  }
  for (const { file, offset, sequence, what } of faults) {
    lines.push(`DAMAGED  ${file}, offset ${offset}, sequence ${sequence}: ${what}`);
  }
  lines.push(faults.length === 0 ? 'whole' : `NOT WHOLE: ${plural(faults.length, 'fault')}`);
  return lines.join('\n');
}
