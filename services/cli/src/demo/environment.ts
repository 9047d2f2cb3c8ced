/** What a demo runs on: services started, connections made, and all of it taken down again. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReportSource } from '@foldbook/client';
import type { EpochProved } from '@foldbook/protocol';
import { connectChannel, connectNats, processChannel, type Transport } from '@foldbook/runtime';
import type { ChainKind } from '@foldbook/verifier';
import { interrupted, ServiceError } from '../cli-error.ts';
import { endWords } from '../process-end.ts';
import { ownReceiptKeys } from '../receipt-keys.ts';
import { type ServiceProcess, startService } from '../service-process.ts';
import { emptyDataDir } from './data-dir.ts';

export interface DemoBroker {
  readonly nats: string;
  readonly redis: string;
}

export interface DemoOptions {
  readonly dataDir: string;
  /** Undefined: embedded, no services needed. */
  readonly broker: DemoBroker | undefined;
  readonly workers: number;
  readonly epochRecords: number;
  readonly chain: ChainKind;
  /** Epochs to prove; the prover stops after them. Undefined: all. */
  readonly epochs: number | undefined;
  /** Ends the start. */
  readonly signal: AbortSignal;
  readonly onTrouble: (line: string) => void;
  readonly onProved: (epoch: EpochProved) => void;
}

export interface DemoEnvironment {
  readonly market: string;
  readonly transport: Transport;
  readonly proofDir: string;
  readonly proved: readonly EpochProved[];
  reports(): ReportSource;
  /** Resolves once `count` epochs are proved, which are no more than were asked for. */
  epochsProved(count: number): Promise<void>;
  /** From the first proof's beginning to the last one's end. */
  provingMs(): number;
  /** Rejects when a service ends that nobody stopped; never resolves. */
  readonly failed: Promise<never>;
  /** Ends the services; `inHurry`: what they have not done is not wanted any more. */
  stop(inHurry: boolean): Promise<void>;
}

const LINK_PATIENCE_MS = 3_000;
const HURRY_MS = 300;

export async function startEnvironment(options: DemoOptions): Promise<DemoEnvironment> {
  const { dataDir, broker, signal } = options;
  await emptyDataDir(dataDir);
  const proofDir = join(dataDir, 'proofs');
  const logDir = join(dataDir, 'logs');
  const streams = join(dataDir, 'streams');
  // A broker keeps its streams from run to run, so each run there has a market of its own.
  const stamp = Math.floor(Date.now() / 1_000)
    .toString(36)
    .toUpperCase();
  const market = broker === undefined ? 'DEMO' : `DEMO-${stamp}`;
  const started: ServiceProcess[] = [];
  const closers: (() => Promise<void>)[] = [];
  const failure = Promise.withResolvers<never>();
  // Nobody may be listening any more when it comes.
  failure.promise.catch(() => undefined);
  let stopping = false;
  const stop = async (inHurry: boolean) => {
    stopping = true;
    // A link to a service that is gone may have nobody to part from.
    const patienceMs = inHurry ? HURRY_MS : LINK_PATIENCE_MS;
    for (const close of closers.reverse()) await Promise.race([close(), delay(patienceMs)]);
    await Promise.all(started.map((service) => service.stop(inHurry ? HURRY_MS : undefined)));
  };
  const start = async (name: 'market' | 'prover', config: Record<string, unknown>) => {
    const onTrouble = (line: string) => options.onTrouble(`${name}: ${line}`);
    const service = await startService(name, { config, logDir, onTrouble, signal });
    started.push(service);
    service.exited.then((end) => {
      if (stopping) return;
      const words = `${name} ${endWords(end)}; its log: ${service.logFile}`;
      failure.reject(new ServiceError(words));
    });
    return service;
  };
  try {
    const marketBroker =
      broker === undefined
        ? { kind: 'embedded', dir: streams }
        : { kind: 'nats', servers: broker.nats };
    const { epochRecords, workers } = options;
    const receipts = await ownReceiptKeys(dataDir, proofDir);
    const marketService = await start('market', { broker: marketBroker, epochRecords, receipts });
    const prover = await start('prover', {
      source:
        broker === undefined
          ? { kind: 'segment', dir: streams }
          : { kind: 'jetstream', servers: broker.nats },
      ...(broker === undefined ? {} : { redisUrl: broker.redis }),
      workers,
      dataDir: proofDir,
      markets: [market],
      chains: options.chain,
      ...(options.epochs === undefined ? {} : { maxEpochs: options.epochs }),
    });
    const link = await Promise.race([connect(broker, marketService), interrupted(signal)]);
    closers.push(link.close);
    const proofs = followProofs(prover, options.onProved);
    return { market, proofDir, ...link, ...proofs, failed: failure.promise, stop };
  } catch (error) {
    await stop(true);
    throw error;
  }
}

interface Link {
  readonly transport: Transport;
  reports(): ReportSource;
  close(): Promise<void>;
}

async function connect(broker: DemoBroker | undefined, market: ServiceProcess): Promise<Link> {
  if (broker === undefined) {
    const channel = processChannel(market.child);
    assert(channel !== undefined, 'services are forked with a channel');
    const transport = connectChannel(channel);
    return {
      transport,
      reports: () => ({ kind: 'live', transport }),
      close: () => transport.close(),
    };
  }
  const transport = await connectNats({ servers: broker.nats, name: 'foldbook-demo' });
  return {
    transport,
    reports: () => ({ kind: 'durable', transport }),
    close: () => transport.close(),
  };
}

function followProofs(prover: ServiceProcess, onProved: (epoch: EpochProved) => void) {
  const proved: EpochProved[] = [];
  let beganMs = Number.POSITIVE_INFINITY;
  let endedMs = 0;
  const waiting = new Set<() => void>();
  prover.child.on('message', (message: unknown) => {
    if (isEpochProved(message)) {
      proved.push(message);
      endedMs = performance.now();
      beganMs = Math.min(beganMs, endedMs - message.ms);
      onProved(message);
    }
    for (const check of waiting) check();
  });
  const epochsProved = (count: number) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (proved.length < count) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  return { proved, epochsProved, provingMs: () => Math.max(0, endedMs - beganMs) };
}

function isEpochProved(message: unknown): message is EpochProved {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    message.type === 'epoch-proved'
  );
}
