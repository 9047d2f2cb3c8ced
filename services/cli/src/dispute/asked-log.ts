/**
 * A broker's log, asked for record by record. Consumers are faster, but who may make one may have
 * the broker send records to any subject, in its own name: an auditor, who is to read the log and
 * to do nothing else, may not.
 */
import {
  compileFilter,
  type ReadOptions,
  StreamError,
  type StreamReader,
  type StreamRecord,
} from '@foldbook/runtime';

export type LogReader = Pick<StreamReader, 'read' | 'firstFrom'>;

/** Questions on their way at once. */
const AHEAD = 32;

/** What there is now: nothing is waited for. */
export function askedLog(stream: Pick<StreamReader, 'firstFrom' | 'lastSequence'>): LogReader {
  return {
    read: (options) => readAsked(stream, options),
    firstFrom: (sequence, filter) => stream.firstFrom(sequence, filter),
  };
}

async function* readAsked(
  stream: Pick<StreamReader, 'firstFrom' | 'lastSequence'>,
  { fromSequence, filter = '>' }: ReadOptions,
): AsyncGenerator<StreamRecord> {
  const matches = compileFilter(filter);
  const last = await stream.lastSequence();
  const asked: Promise<StreamRecord | undefined>[] = [];
  for (let sequence = fromSequence; sequence <= last; sequence += 1) {
    for (let next = sequence + asked.length; next <= last && asked.length < AHEAD; next += 1) {
      const record = stream.firstFrom(next, '>');
      // Of one that nobody waits for any more.
      record.catch(() => undefined);
      asked.push(record);
    }
    const record = await asked.shift();
    if (record?.sequence !== sequence) {
      const found = record === undefined ? 'nothing' : record.sequence;
      throw new StreamError('GAP', `record ${sequence} is missing: ${found} follows`);
    }
    if (matches(record.subject)) yield record;
  }
}
