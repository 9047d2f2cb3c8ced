/** The broker and the clients on shared memory as one transport: the market serves both alike. */
import { COMMAND_FILTER } from '@foldbook/protocol';
import type {
  MessageHandler,
  OnRefused,
  Subscription,
  Transport,
  TransportStatus,
} from '@foldbook/runtime';
import type { SharedMemoryAdapter } from './shared-memory-adapter.ts';

/** What a broker maps `cmd.*.*` to; nobody maps what clients on shared memory publish. */
const PARTITION_FILTER = /^in\.\d+\.\*\.\*$/;

export class BridgedTransport implements Transport {
  readonly description: string;
  readonly #broker: Transport;
  readonly #local: SharedMemoryAdapter;

  constructor(broker: Transport, local: SharedMemoryAdapter) {
    this.description = broker.description;
    this.#broker = broker;
    this.#local = local;
  }

  get dropped(): number {
    return this.#broker.dropped;
  }

  status(): TransportStatus {
    return this.#broker.status();
  }

  onStatus(listener: (status: TransportStatus, detail: string) => void): () => void {
    return this.#broker.onStatus(listener);
  }

  newInbox(): string {
    return this.#broker.newInbox();
  }

  publish(subject: string, payload: Uint8Array, reply?: string): void {
    if (!this.#local.publish(subject, payload, reply)) {
      this.#broker.publish(subject, payload, reply);
    }
  }

  subscribe(filter: string, handler: MessageHandler, onRefused?: OnRefused): Subscription {
    const remote = this.#broker.subscribe(filter, handler, onRefused);
    // Unmapped commands a market hears beside the mapped ones; here each comes once. So do
    // questions, which it hears as they were asked, too.
    if (filter === COMMAND_FILTER || filter.startsWith('req.')) return remote;
    const isMapped = PARTITION_FILTER.test(filter);
    const local = this.#local.subscribe(isMapped ? COMMAND_FILTER : filter, handler);
    return {
      unsubscribe: () => {
        remote.unsubscribe();
        local.unsubscribe();
      },
    };
  }

  request(subject: string, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return this.#broker.request(subject, payload, timeoutMs);
  }

  flush(): Promise<void> {
    return this.#broker.flush();
  }

  close(): Promise<void> {
    return this.#broker.close();
  }
}
