/**
 * Streams that are kept nowhere: records are numbered, acknowledged and forgotten. For measurements
 * of everything but the log, and for tests.
 */
import {
  type OpeningRecord,
  StreamError,
  type StreamReader,
  type StreamStore,
  type StreamWriter,
} from './stream.ts';

export class VolatileStore implements StreamStore {
  readonly durability = 'none: nothing is kept, all is lost with the process';

  async writer(
    name: string,
    _subjects: readonly string[],
    opening?: OpeningRecord,
  ): Promise<StreamWriter> {
    let lastSequence = opening === undefined ? 0 : 1;
    let isClosed = false;
    return {
      name,
      get lastSequence() {
        return lastSequence;
      },
      append: async () => {
        if (isClosed) throw new StreamError('CLOSED', `the writer of ${name} is closed`);
        lastSequence += 1;
        return lastSequence;
      },
      inFlight: () => 0,
      onTrouble: () => () => {},
      close: async () => {
        isClosed = true;
      },
    };
  }

  reader(): StreamReader {
    return {
      read: async function* nothing() {},
      lastSequence: async () => 0,
      last: async () => undefined,
      firstFrom: async () => undefined,
      lastOfEach: async () => [],
    };
  }

  async close(): Promise<void> {}
}
