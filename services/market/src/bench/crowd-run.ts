/** How long a quiet market waits for the log beside more busy ones than groups that fit into it. */
import { setTimeout as delay } from 'node:timers/promises';
import { OperatorClient } from '@foldbook/client';
import {
  type Command,
  CommandKind,
  commandSubject,
  decodeReply,
  encodeCommands,
} from '@foldbook/protocol';
import {
  clockSince,
  createLogger,
  MemoryBroker,
  type StreamStore,
  systemClock,
  type Transport,
  VolatileStore,
} from '@foldbook/runtime';
import { marketConfigSchema } from '../config.ts';
import { startMarketService } from '../market-service.ts';
import type { CrowdAsk, CrowdRun } from './hosts-messages.ts';

const ACCOUNT = 7;
/** Of a busy market: so many messages are on their way all the time. */
const MESSAGES_IN_FLIGHT = 4;
const COMMANDS_A_MESSAGE = 64;
const WARM_UP_MS = 1_000;
const PATIENCE_MS = 60_000;

export async function runCrowd(asked: CrowdAsk): Promise<CrowdRun> {
  const broker = new MemoryBroker();
  const transport = broker.connect();
  const config = marketConfigSchema.parse({ broker: { kind: 'volatile' }, cores: [asked.core] });
  const service = await startMarketService({
    config,
    transport,
    store: slowStore(asked.commitMs),
    clock: systemClock,
    logger: createLogger({ service: 'bench', level: 'error' }),
  });
  try {
    return await new Crowd(broker.connect(), asked).run();
  } finally {
    await service.stop();
    await transport.close();
  }
}

/** Keeps nothing, and takes as long to say that it has as a disk that syncs. */
function slowStore(commitMs: number): StreamStore {
  const store = new VolatileStore();
  return {
    durability: store.durability,
    reader: () => store.reader(),
    close: () => store.close(),
    writer: async (...opening) => {
      const writer = await store.writer(...opening);
      const { append: keep } = writer;
      const append = async (...record: Parameters<typeof keep>) => {
        await delay(commitMs);
        return keep(...record);
      };
      return Object.defineProperty(writer, 'append', { value: append });
    },
  };
}

class Crowd {
  readonly #transport: Transport;
  readonly #asked: CrowdAsk;
  readonly #nowNs = clockSince(0n);
  /** Commands that were answered while it was measured, of each busy market. */
  readonly #done: number[];
  #isMeasured = false;
  #isOver = false;

  constructor(transport: Transport, asked: CrowdAsk) {
    this.#transport = transport;
    this.#asked = asked;
    this.#done = Array.from({ length: asked.busy }, () => 0);
  }

  async run(): Promise<CrowdRun> {
    const names = this.#done.map((_, index) => `BUSY-${index}`);
    // The quiet one last: who begins with the first market comes to it last.
    for (const name of [...names, 'QUIET']) {
      await new OperatorClient(this.#transport, name).createMarket(0, 0);
    }
    const busy = names.flatMap((name, index) => this.#keepBusy(name, index));
    await delay(WARM_UP_MS);
    this.#isMeasured = true;
    const latencyNs = await this.#quiet();
    this.#isOver = true;
    await Promise.all(busy);
    const perSec = this.#done.map((commands) => commands / this.#asked.seconds);
    return { latencyNs, busyPerSec: Float64Array.from(perSec) };
  }

  #keepBusy(name: string, index: number): Promise<void>[] {
    const commands = cancels(COMMANDS_A_MESSAGE);
    const send = async () => {
      while (!this.#isOver) {
        const isDone = await this.#ask(name, commands());
        if (isDone && this.#isMeasured && !this.#isOver) {
          this.#done[index] = (this.#done[index] ?? 0) + COMMANDS_A_MESSAGE;
        }
      }
    };
    return Array.from({ length: MESSAGES_IN_FLIGHT }, send);
  }

  /** One command at each intended time, whether the one before it was answered or not. */
  async #quiet(): Promise<Float64Array> {
    const { perSec, seconds } = this.#asked;
    const commands = cancels(1);
    const count = perSec * seconds;
    const latencyNs = new Float64Array(count);
    const answers: Promise<void>[] = [];
    const startNs = this.#nowNs();
    for (let index = 0; index < count; index += 1) {
      const intendedNs = startNs + (index * 1e9) / perSec;
      await delay(Math.max(0, (intendedNs - this.#nowNs()) / 1e6));
      const answered = this.#ask('QUIET', commands()).then((isDone) => {
        if (!isDone) throw new Error('the quiet market was refused');
        latencyNs[index] = this.#nowNs() - intendedNs;
      });
      answers.push(answered);
    }
    await Promise.all(answers);
    return latencyNs;
  }

  /** False where the market has no room now. */
  async #ask(market: string, commands: readonly Command[]): Promise<boolean> {
    const subject = commandSubject(market, ACCOUNT);
    const payload = encodeCommands(commands);
    const reply = decodeReply(await this.#transport.request(subject, payload, PATIENCE_MS));
    if (!reply.ok) throw new Error(`${subject}: ${reply.detail}`);
    return reply.value.code === 0;
  }
}

/** Messages of commands that find nothing to do. */
function cancels(count: number): () => Command[] {
  let requestId = 0n;
  const kind = CommandKind.CANCEL;
  const next = (): Command => {
    requestId += 1n;
    return { kind, session: 1, requestId, clientOrderId: 1n };
  };
  return () => Array.from({ length: count }, next);
}
