/** `journal verify`: reads a folder of segments, checks every byte of it, says what it found. */
import { type SegmentVerification, StreamError, verifySegments } from '@foldbook/runtime';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { fileTrouble } from '../file-trouble.ts';
import { grouped, plural } from '../output.ts';

export const verify: CliCommand = {
  name: 'journal verify',
  summary: 'checksums, sequences and hash links of every record in a folder of segments',
  help: `
Usage: foldbook journal verify FOLDER [--until N]

FOLDER holds the segments of one stream: the log of an embedded node, LOG_0 in its streams folder.
Every record's checksum, sequence and link is checked. The last link stands for every record before
it: two folders with the same link at the same sequence hold the same records, and one that differs
from a link that was kept elsewhere was changed.
A folder that is being written may be read; what is under way counts as torn.
Exit status 1 if anything is damaged, missing or changed.

  --until N         ends behind record N, and shows the link there
  --json            {"ok","segments","records","payloadBytes","firstSequence","lastSequence",
                    "lastLink","unchecked","tornBytes","faults":[{"file","offset","sequence",
                    "what"}]}

Example: foldbook journal verify .foldbook/demo/streams/LOG_0`,
  takes: ['FOLDER'],
  options: { until: { type: 'string' } },
  run,
};

async function run(context: CommandContext): Promise<number> {
  const { output, positionals } = context;
  const [folder] = positionals;
  if (folder === undefined) {
    throw new UsageError('FOLDER is missing: name the folder of a stream, such as streams/LOG_0');
  }
  const until = context.integer('until', 1, Number.MAX_SAFE_INTEGER);
  let found: SegmentVerification;
  try {
    found = await verifySegments(folder, {
      until,
      onProgress: (segments, of) => output.progress('segments', segments, of),
    });
  } catch (error) {
    if (error instanceof StreamError) throw new UsageError(error.message);
    throw new UsageError(`${folder} can't be read: ${fileTrouble(error)}`);
  }
  const isWhole = found.faults.length === 0;
  const lastLink = Buffer.from(found.lastLink).toString('hex');
  output.result({ ok: isWhole, ...found, lastLink }, words(found, lastLink));
  return isWhole ? 0 : 1;
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
