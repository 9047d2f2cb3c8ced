/** A venue for tests: market services on partitions of their own behind one broker. */
import type { TestContext } from 'node:test';
import { OperatorClient } from '@foldbook/client';
import {
  connectNats,
  createLogger,
  JetStreamStore,
  type MessageHandler,
  type NatsTransport,
  type SnapshotStore,
  systemClock,
  type Transport,
  TransportError,
} from '@foldbook/runtime';
import { startNatsServer } from '@foldbook/runtime/testing';
import { marketConfigSchema } from '../config.ts';
import { type MarketService, startMarketService } from '../market-service.ts';

/** What becomes of a request of a market service. */
export type Fault =
  | 'none'
  /** It never leaves. */
  | 'lost'
  /** It is carried out, and nobody hears of it. */
  | 'unanswered'
  /** It is sent, and once more. */
  | 'twice';

export interface Owner {
  readonly partition: number;
  readonly service: MarketService;
  readonly lines: string[];
  /** Has each request that the service sends decided by this from now on. */
  disturb(fault: (subject: string) => Fault): void;
  /** Ends as a killed process does: nothing more leaves it, nothing comes. */
  crash(): Promise<void>;
}

export interface OwnerOptions {
  readonly snapshots?: SnapshotStore;
  readonly everyCommands?: number;
}

export interface Venue {
  readonly url: string;
  /** Of tests' own. */
  readonly transport: Transport;
  start(partition: number, options?: OwnerOptions): Promise<Owner>;
  operator(market: string): OperatorClient;
}

/** @param markets - of each partition; the broker's mapping keeps others from its owner */
export async function openVenue(
  test: TestContext,
  markets: readonly (readonly string[])[],
): Promise<Venue> {
  const nats = await startNatsServer();
  const connected: NatsTransport[] = [];
  const connect = async (name: string) => {
    const transport = await connectNats({ servers: nats.url, name });
    connected.push(transport);
    return transport;
  };
  const owners: Owner[] = [];
  test.after(async () => {
    for (const owner of owners) await owner.crash();
    for (const transport of connected) await transport.close();
    await nats.close();
  });
  const start = async (partition: number, options: OwnerOptions = {}) => {
    const transport = await connect(`market-${partition}`);
    const owner = await startOwner(transport, partition, markets[partition] ?? [], options);
    owners.push(owner);
    return owner;
  };
  const transport = await connect('test');
  let session = 0;
  const operator = (market: string) => {
    session += 1;
    return new OperatorClient(transport, market, session);
  };
  return { url: nats.url, transport, start, operator };
}

async function startOwner(
  nats: NatsTransport,
  partition: number,
  markets: readonly string[],
  { snapshots, everyCommands = 1_000_000 }: OwnerOptions,
): Promise<Owner> {
  const lines: string[] = [];
  const line = { isCut: false, fault: (_: string): Fault => 'none' };
  const config = marketConfigSchema.parse({
    ...{ broker: { kind: 'nats', servers: 'unused' }, partition, hosts: 'inline' },
    ...{ epochAgeMs: 86_400_000, snapshots: { everyCommands } },
  });
  const service = await startMarketService({
    config,
    transport: faulty(nats, markets, line),
    store: new JetStreamStore(nats),
    snapshots,
    clock: systemClock,
    logger: createLogger({ service: 'test', level: 'info', write: (text) => lines.push(text) }),
  });
  let isGone = false;
  return {
    ...{ partition, service, lines },
    disturb: (fault) => {
      line.fault = fault;
    },
    async crash() {
      if (isGone) return;
      isGone = true;
      line.isCut = true;
      await nats.close();
      await service.stop();
    },
  };
}

const REQUESTS = ['cmd', 'adm', 'qry', 'info', 'md'];

/** A line of its own to the broker, which can be cut, and hears of its markets alone. */
function faulty(
  nats: NatsTransport,
  markets: readonly string[],
  line: { isCut: boolean; fault: (subject: string) => Fault },
): Transport {
  const isIts = (subject: string) => {
    const [first = '', market = ''] = subject.split('.');
    return !REQUESTS.includes(first) || markets.includes(market);
  };
  const lost = () => new TransportError('TIMEOUT', 'lost by the test');
  return {
    description: nats.description,
    dropped: 0,
    status: () => nats.status(),
    onStatus: (listener) => nats.onStatus(listener),
    newInbox: () => nats.newInbox(),
    flush: () => nats.flush(),
    close: () => nats.close(),
    publish: (subject, payload, reply) => {
      if (!line.isCut) nats.publish(subject, payload, reply);
    },
    subscribe: (filter, handler: MessageHandler, onRefused) =>
      nats.subscribe(
        filter,
        (message) => {
          if (!line.isCut && isIts(message.subject)) handler(message);
        },
        onRefused,
      ),
    request: async (subject, payload, timeoutMs) => {
      const fault = line.isCut ? 'lost' : line.fault(subject);
      if (fault === 'lost') throw lost();
      if (fault === 'twice') nats.publish(subject, payload);
      const answer = await nats.request(subject, payload, timeoutMs);
      if (fault === 'unanswered' || line.isCut) throw lost();
      return answer;
    },
  };
}
