/** The pipeline behind a memory broker, as clients meet a market: adapters, requests, feeds. */
import assert from 'node:assert/strict';
import { createLogger, MemoryBroker, type Transport } from '@foldbook/runtime';
import { AnswerShare } from '../answer-share.ts';
import { ClientQueries } from '../client-queries.ts';
import { CommandAdapter } from '../command-adapter.ts';
import { PartitionDoor } from '../partition-door.ts';
import { RefusalLog } from '../refusal-log.ts';
import { ReportReplay } from '../report-replay.ts';
import { RequestAdapter } from '../request-adapter.ts';
import { TransferDoor } from '../transfer-door.ts';
import { MemoryReader } from './memory-reader.ts';
import { Pipeline, type PipelineOptions, type Sent } from './pipeline.ts';

export interface ServedMarket {
  readonly pipeline: Pipeline;
  /** A new connection to the broker. */
  connect(): Transport;
  /** Public messages are thrown away while this says so. */
  lose(decide: (message: Sent) => boolean): void;
  /** As at the service's end, before what was admitted is done. */
  refuseAll(): void;
  stop(): Promise<void>;
}

export interface ServeOptions extends PipelineOptions {
  /** Of the venue; the market is in the first. */
  readonly partitions?: number;
  /** Answers from public books that may be given at once, bytes. */
  readonly answerBytes?: number;
}

export function serveMarket(options: ServeOptions = {}): ServedMarket {
  const broker = new MemoryBroker();
  const transport = broker.connect();
  let isLost: (message: Sent) => boolean = () => false;
  const pipeline = new Pipeline({
    ...options,
    onSent: (message) => {
      if (!isLost(message)) transport.publish(message.subject, message.payload);
    },
  });
  const logger = createLogger({ service: 'test', level: 'error' });
  const { markets, sequencer, dispatcher, mover, publisher } = pipeline;
  const reports = new ReportReplay(new MemoryReader(pipeline.reports), (error) =>
    assert.fail(String(error)),
  );
  const { metrics } = pipeline;
  const refusals = new RefusalLog(pipeline.clock, logger);
  const transfers = new TransferDoor(transport, { isFull: () => false });
  const observers = { refusals, metrics, logger, transfers };
  const commands = new CommandAdapter(transport, markets, sequencer, observers, pipeline.desk);
  const facts = {
    durability: 'memory, for tests',
    cores: pipeline.hosts.map(() => undefined),
    term: 7,
    partition: 0,
    receipts: options.receipts,
  };
  const share = new AnswerShare(pipeline.clock, options.answerBytes);
  const queries = new ClientQueries({ transport, dispatcher, publisher, sequencer });
  const sources = { publisher, reports, share, queries, mover };
  const requests = new RequestAdapter(transport, markets, sequencer, sources, facts);
  pipeline.onAnswer = (token, records, sequence) => queries.answered(token, records, sequence);
  const door = new PartitionDoor({ partition: 0, partitions: options.partitions ?? 1 });
  commands.open(door);
  requests.open(door);
  let running = true;
  const pump = () => {
    if (!running) return;
    pipeline.turn();
    setImmediate(pump);
  };
  pump();
  return {
    pipeline,
    connect: () => broker.connect(),
    lose: (decide) => {
      isLost = decide;
    },
    refuseAll: () => commands.refuseAll(),
    async stop() {
      running = false;
      commands.close();
      requests.close();
      await transport.close();
    },
  };
}
