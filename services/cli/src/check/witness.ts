/** Hears what is published for the streams and readers of a partition, refused or not. */
import { BatchKind, decodeBatchHeader, levelsSubject, tradesSubject } from '@foldbook/protocol';
import type { NatsTransport } from '@foldbook/runtime';

const STREAMS = ['log.0.>', 'rpt.0.>', 'diff.0.>'];
const MESSAGE_ID = 'Nats-Msg-Id';
const MAX_BATCH_RECORDS = 2 ** 17;

export class Witness {
  readonly #appends = new Set<string>();
  readonly #subscriptions: { unsubscribe(): void }[] = [];
  #generation = 0;
  #staleData = 0;

  constructor(transport: NatsTransport, market: string) {
    const { connection } = transport;
    for (const filter of STREAMS) {
      const subscription = connection.subscribe(filter, {
        callback: (_, { headers }) => {
          const id = headers?.get(MESSAGE_ID) ?? '';
          if (id !== '') this.#appends.add(id);
        },
      });
      this.#subscriptions.push(subscription);
    }
    for (const subject of [levelsSubject(market), tradesSubject(market)]) {
      this.#subscriptions.push(transport.subscribe(subject, ({ payload }) => this.#data(payload)));
    }
  }

  /** Message ids of all appends that were tried. */
  get appends(): ReadonlySet<string> {
    return this.#appends;
  }

  /** Batches of market data that came behind some of a later term. */
  get staleData(): number {
    return this.#staleData;
  }

  close(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #data(payload: Uint8Array): void {
    const header = decodeBatchHeader(payload, BatchKind.MARKET_DATA, MAX_BATCH_RECORDS);
    if (!header.ok) return;
    const { generation } = header.value;
    if (generation < this.#generation) this.#staleData += 1;
    else this.#generation = generation;
  }
}
