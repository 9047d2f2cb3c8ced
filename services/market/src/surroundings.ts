/** What a market service works with, by its configuration: broker, streams, snapshots, lease. */

import { join } from 'node:path';
import { BROKER_MESSAGE_BYTES } from '@foldbook/protocol';
import {
  connectNats,
  DiskSnapshotStore,
  Heartbeat,
  HeartbeatWatch,
  JetStreamStore,
  LeaseTable,
  type Logger,
  MemoryBroker,
  MirroredSnapshotStore,
  NatsSnapshotStore,
  NatsTransport,
  openNatsLeases,
  processChannel,
  SegmentStore,
  type SnapshotStore,
  type StreamStore,
  systemClock,
  type Transport,
  VolatileStore,
} from '@foldbook/runtime';
import type { MarketConfig } from './config.ts';
import { withJournals } from './journaled-store.ts';
import type { MarketServiceParts } from './market-service.ts';
import { PartitionLease } from './partition-lease.ts';
import { loadReceiptKey } from './receipt-key.ts';
import { agreeOnVenue } from './venue.ts';

export interface Opened {
  readonly surroundings: MarketServiceParts;
  /** Not acquired; undefined where nobody else can have the partition. */
  readonly lease: PartitionLease | undefined;
  readonly heartbeat: Heartbeat | undefined;
}

export async function openSurroundings(config: MarketConfig, logger: Logger): Promise<Opened> {
  const { transport, store } = await connect(config, logger);
  const snapshots = await openSnapshots(config, transport, logger);
  const receipts = await loadReceiptKey(config.receipts, logger);
  const isShared = transport instanceof NatsTransport;
  const heartbeat = isShared ? new Heartbeat() : undefined;
  const lease = isShared ? await leaseOf(transport, config, logger, heartbeat) : undefined;
  const clock = systemClock;
  const places = { transport, store, snapshots };
  const surroundings = { config, ...places, receipts, clock, logger, heartbeat };
  return { surroundings, lease, heartbeat };
}

async function connect(
  config: MarketConfig,
  logger: Logger,
): Promise<{ transport: Transport; store: StreamStore }> {
  const { broker } = config;
  if (broker.kind === 'nats') {
    const name = `market-${config.partition}`;
    const nats = await connectNats({ ...broker, name, largestBytes: BROKER_MESSAGE_BYTES });
    const plain = new JetStreamStore(nats, broker);
    const store = withJournals(plain, config, logger);
    return { transport: nats, store };
  }
  const hub = new MemoryBroker();
  const channel = processChannel();
  if (channel !== undefined) hub.serve(channel);
  const store =
    broker.kind === 'volatile' ? new VolatileStore() : new SegmentStore({ dir: broker.dir });
  return { transport: hub.connect(), store };
}

async function leaseOf(
  nats: NatsTransport,
  { partition, partitions, node, broker, standby }: MarketConfig,
  logger: Logger,
  heartbeat: Heartbeat | undefined,
): Promise<PartitionLease | undefined> {
  if (broker.kind !== 'nats') return undefined;
  const { replicas, leaseMs } = broker;
  const requestTimeoutMs = Math.ceil(leaseMs / 4);
  const store = await openNatsLeases(nats, { replicas, requestTimeoutMs });
  await agreeOnVenue(store, partitions, systemClock);
  const watch = new HeartbeatWatch(standby);
  const isGone = watch.isGone.bind(watch);
  const table = new LeaseTable({ store, node, isGone, facts: heartbeat?.facts });
  return new PartitionLease({ table, partition, leaseMs, logger, onAcquired: () => watch.close() });
}

/**
 * With a broker, in its object store, where the partition's next owner finds them, and in a folder
 * too if one is named; else in the folder of the log.
 */
async function openSnapshots(
  { broker, snapshots, partition }: MarketConfig,
  transport: Transport,
  logger: Logger,
): Promise<SnapshotStore | undefined> {
  const own = broker.kind === 'embedded' ? join(broker.dir, 'snapshots') : undefined;
  const dir = snapshots.dir ?? own;
  const places: SnapshotStore[] = dir === undefined ? [] : [await DiskSnapshotStore.open(dir)];
  if (transport instanceof NatsTransport && broker.kind === 'nats') {
    const { replicas } = broker;
    const bucket = `SNAP_${partition}`;
    places.push(await NatsSnapshotStore.open(transport, { bucket, replicas, writer: 'market' }));
  }
  if (places.length < 2) return places[0];
  return new MirroredSnapshotStore(places, (detail) => logger.warn('a snapshot', { detail }));
}
