/** The stream store without a service: a folder for each stream, files that are synced. */
import { join } from 'node:path';
import { SegmentReader } from './segment-reader.ts';
import { SegmentWriter } from './segment-writer.ts';
import {
  type OpeningRecord,
  StreamError,
  type StreamReader,
  type StreamStore,
  type StreamWriter,
} from './stream.ts';
import { checkStreamName } from './stream-name.ts';

export interface SegmentStoreOptions {
  /** Holds the streams' folders; made if absent. */
  readonly dir: string;
  /** Length at which a segment is followed by another; 64 MiB by default. */
  readonly segmentBytes?: number | undefined;
  /** Where a stream begins that is made; 1 by default. For copies of streams that begin later. */
  readonly firstSequence?: number | undefined;
  /** Told of what was mended when a stream was opened; by default a warning of the process. */
  readonly onNotice?: ((text: string) => void) | undefined;
}

const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024;

export class SegmentStore implements StreamStore {
  readonly durability = 'segment files, fdatasync before each acknowledgement';
  readonly #options: SegmentStoreOptions;
  readonly #writers = new Set<StreamWriter>();
  readonly #closing = new AbortController();

  constructor(options: SegmentStoreOptions) {
    this.#options = options;
  }

  async writer(
    name: string,
    subjects: readonly string[],
    opening?: OpeningRecord,
  ): Promise<SegmentWriter> {
    if (this.#closing.signal.aborted) throw new StreamError('CLOSED', 'the store is closed');
    const writer = await SegmentWriter.open({
      dir: this.#folder(name),
      name,
      subjects,
      segmentBytes: this.#options.segmentBytes ?? DEFAULT_SEGMENT_BYTES,
      firstSequence: this.#options.firstSequence,
      onNotice: this.#options.onNotice ?? ((text) => process.emitWarning(text)),
    });
    this.#writers.add(writer);
    if (opening === undefined) return writer;
    try {
      await this.#refuseAnother(name, opening);
      await writer.append(opening.subject, opening.payload);
    } catch (error) {
      await writer.close();
      throw error;
    }
    return writer;
  }

  reader(name: string): StreamReader {
    return new SegmentReader(this.#folder(name), this.#closing.signal);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#writers].map((writer) => writer.close()));
  }

  /** Behind the lock: nobody else appends meanwhile. */
  async #refuseAnother(name: string, { subject, after }: OpeningRecord): Promise<void> {
    if (after === undefined) return;
    const last = await this.reader(name).last(subject);
    if ((last?.sequence ?? 0) === after) return;
    throw new StreamError('STALE_WRITER', `another record of ${subject} has been appended`);
  }

  #folder(name: string): string {
    checkStreamName(name);
    return join(this.#options.dir, name);
  }
}
