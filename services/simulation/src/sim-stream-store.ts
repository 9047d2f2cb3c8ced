/** The stream port over a simulated line: fenced writers that retry, and readers. */
import type { Dice } from '@foldbook/engine';
import { diffStream, logStream, reportStream } from '@foldbook/protocol';
import type {
  OpeningRecord,
  ReadOptions,
  StreamReader,
  StreamStore,
  StreamWriter,
} from '@foldbook/runtime';
import type { OnReached } from './ambush.ts';
import type { Plant } from './plants.ts';
import type { SimBroker } from './sim-broker.ts';
import { SimStreamReader } from './sim-stream-reader.ts';
import { SimStreamWriter } from './sim-stream-writer.ts';
import type { SimTransport } from './sim-transport.ts';
import { StoreApi } from './store-api.ts';

/** The one that there is. */
const PARTITION = 0;
const LOG = logStream(PARTITION);
const OUTPUTS = [reportStream(PARTITION), diffStream(PARTITION)];

export interface StoreOptions {
  /** Without any acknowledgement for so long a writer asks what the stream has, ms. */
  readonly ackTimeoutMs: number;
  readonly plant: Plant | undefined;
  readonly dice: Dice;
  readonly onReached: OnReached;
}

export class SimStreamStore implements StreamStore {
  readonly durability = 'simulated';
  readonly #api: StoreApi;
  readonly #options: StoreOptions;
  readonly #writers: StreamWriter[] = [];
  /** Planted: how far the outputs reached before the barrier of the log. */
  readonly #known = new Map<string, number>();

  constructor(line: SimTransport, broker: SimBroker, options: StoreOptions) {
    this.#api = new StoreApi(line, broker);
    this.#options = options;
  }

  async writer(
    name: string,
    subjects: readonly string[],
    opening?: OpeningRecord,
  ): Promise<StreamWriter> {
    const { plant, ackTimeoutMs, onReached } = this.#options;
    onReached(name === LOG ? 'barrier' : 'barrier of an output');
    const found = await this.#api.ask(`open ${name}`, (broker) => {
      const stream = broker.makeStream(name);
      if (plant === 'early-coverage' && name === LOG) this.#lookEarly(broker);
      // Planted: the next append gets a sequence that another record had.
      if (plant === 'reused-sequence' && name === LOG) stream.forgetLast();
      return stream.lastSequence;
    });
    const lastSequence = opening === undefined ? found : await this.#api.append(name, opening);
    const parts = { name, subjects, lastSequence, ackTimeoutMs, api: this.#api };
    const writer = new SimStreamWriter(parts);
    this.#writers.push(writer);
    return writer;
  }

  reader(name: string): StreamReader {
    const { plant, dice, onReached } = this.#options;
    const knownUpTo = () => this.#known.get(name);
    const reader = new SimStreamReader({ api: this.#api, name, plant, dice, knownUpTo });
    if (name !== LOG) return reader;
    const read = reader.read.bind(reader);
    reader.read = (options: ReadOptions) => {
      onReached(options.follow ? 'following' : 'recovery');
      return read(options);
    };
    return reader;
  }

  async close(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.close()));
  }

  #lookEarly(broker: SimBroker): void {
    for (const name of OUTPUTS) this.#known.set(name, broker.findStream(name)?.lastSequence ?? 0);
  }
}
