/**
 * What a broker's configuration says of a venue's partitions, made from their number: the mappings
 * of subjects, and what the services' users may do with each partition's streams.
 */
import assert from 'node:assert/strict';
import { brokerMappings, diffStream, logStream } from '@foldbook/protocol';

/** By the word that marks them in a configuration file: `# partitions: <word>` until `# end`. */
const SECTIONS: Readonly<Record<string, (partition: number) => readonly string[]>> = {
  snapshots: (partition) => [
    `"$O.SNAP_${partition}.>"`,
    `"$JS.API.STREAM.PURGE.OBJ_SNAP_${partition}"`,
  ],
  diffs: (partition) => mayFollow(diffStream(partition)),
  logs: (partition) => mayRead(logStream(partition)),
};

const mayRead = (stream: string) => [
  `"$JS.API.STREAM.INFO.${stream}"`,
  `"$JS.API.STREAM.MSG.GET.${stream}"`,
];

const mayFollow = (stream: string) => [
  ...mayRead(stream),
  `"$JS.API.CONSUMER.CREATE.${stream}.>"`,
  `"$JS.API.CONSUMER.MSG.NEXT.${stream}.*"`,
  `"$JS.API.CONSUMER.DELETE.${stream}.*"`,
];

const mappingLines = (partitions: number) =>
  brokerMappings(partitions).map(([from, to]) => `"${from}": "${to}"`);

/** The `mappings` of the services' account. */
export function mappingsText(partitions: number): string {
  const lines = mappingLines(partitions).map((line) => `  ${line}`);
  return ['mappings: {', ...lines, '}'].join('\n');
}

const MARKED = /^( *)# partitions: (\w+)\n(?:.*\n)*?\1# end$/gm;

/**
 * A broker's configuration with its marked lines made for so many partitions.
 * @throws RangeError for a mark that is not known, or none of them
 */
export function forPartitions(config: string, partitions: number): string {
  const found = new Set<string>();
  const made = config.replace(MARKED, (_, indent: string, word: string) => {
    found.add(word);
    const lines = [`# partitions: ${word}`, ...linesOf(word, partitions), '# end'];
    return lines.map((line) => `${indent}${line}`).join('\n');
  });
  const missing = ['mappings', ...Object.keys(SECTIONS)].filter((word) => !found.has(word));
  if (missing.length === 0) return made;
  const marks = missing.map((word) => `"# partitions: ${word}"`).join(', ');
  throw new RangeError(`it has no lines ${marks}, each with an "# end" under it`);
}

function linesOf(word: string, partitions: number): string[] {
  if (word === 'mappings') return mappingLines(partitions);
  const section = SECTIONS[word];
  if (section === undefined) throw new RangeError(`"# partitions: ${word}" is not known`);
  const lines = Array.from({ length: partitions }, (_, partition) => section(partition)).flat();
  assert(lines.length > 0, 'a venue has partitions');
  // Lists of the broker need their commas, and take none at the end.
  return lines.map((line, index) => (index + 1 < lines.length ? `${line},` : line));
}
