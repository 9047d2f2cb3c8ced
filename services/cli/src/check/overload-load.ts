/** Orders for `check overload`: sent as fast as they are answered, or at times that are set. */
import {
  type Command,
  CommandKind,
  commandSubject,
  decodeReply,
  encodeCommands,
  ResultCode,
  Side,
  TimeInForce,
} from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';

/** Orders of a message: what a client that quotes many levels sends at once. */
export const ORDERS_PER_MESSAGE = 64;
const PRICE = 1_000n;
const SESSION = 9;
const REPLY_WITHIN_MS = 30_000;
export const FIRST_ACCOUNT = 2;

export type Answer = 'accepted' | 'busy' | 'failed';

export interface Sample {
  readonly answer: Answer;
  /** Since the message was to be sent. */
  readonly latencyMs: number;
}

/** Sends for some accounts in turns; buys and sells at one price, so the book stays small. */
export class OrderLoad {
  readonly #transport: Transport;
  readonly #market: string;
  readonly #accounts: number;
  readonly #nextRequest: bigint[];
  #turn = 0;

  constructor(transport: Transport, market: string, accounts: number) {
    this.#transport = transport;
    this.#market = market;
    this.#accounts = accounts;
    this.#nextRequest = Array.from({ length: accounts }, () => 1n);
  }

  /** Sends a message of the next account now; never rejects. */
  async send(orders: number, dueMs = performance.now()): Promise<Sample> {
    const turn = this.#turn++ % this.#accounts;
    const payload = this.#message(turn, orders);
    const subject = commandSubject(this.#market, FIRST_ACCOUNT + turn);
    const answer = await this.#transport.request(subject, payload, REPLY_WITHIN_MS).then(
      (bytes): Answer => {
        const reply = decodeReply(bytes);
        if (!reply.ok) return 'failed';
        if (reply.value.code === ResultCode.OK) return 'accepted';
        return reply.value.code === ResultCode.BUSY ? 'busy' : 'failed';
      },
      (): Answer => 'failed',
    );
    return { answer, latencyMs: performance.now() - dueMs };
  }

  #message(turn: number, orders: number): Uint8Array {
    const first = this.#nextRequest[turn] ?? 1n;
    this.#nextRequest[turn] = first + BigInt(orders);
    const commands = Array.from({ length: orders }, (_, index): Command => {
      const requestId = first + BigInt(index);
      const side = index % 2 === 0 ? Side.BUY : Side.SELL;
      const request = { session: SESSION, requestId, clientOrderId: requestId };
      const terms = { side, timeInForce: TimeInForce.GTC, price: PRICE, quantity: 1n };
      return { kind: CommandKind.NEW, ...request, ...terms };
    });
    return encodeCommands(commands);
  }
}

/** Orders a second while every one of so many senders waits for its answer before the next. */
export async function capacityOf(load: OrderLoad, senders: number, ms: number): Promise<number> {
  const startMs = performance.now();
  let accepted = 0;
  const sender = async () => {
    while (performance.now() - startMs < ms) {
      const { answer } = await load.send(ORDERS_PER_MESSAGE);
      if (answer === 'accepted') accepted += ORDERS_PER_MESSAGE;
    }
  };
  await Promise.all(Array.from({ length: senders }, sender));
  return (accepted * 1_000) / (performance.now() - startMs);
}

export interface OpenLoad {
  readonly samples: readonly Sample[];
  /** What was sent, which is less than what was to be where this process could not do it. */
  readonly offeredPerSec: number;
}

/** Sends evenly, whatever the answers are; resolves when all have come. */
export async function openLoad(
  load: OrderLoad,
  ordersPerSec: number,
  ms: number,
  onProgress: (done: number) => void,
): Promise<OpenLoad> {
  const periodMs = (1_000 * ORDERS_PER_MESSAGE) / ordersPerSec;
  const total = Math.max(1, Math.floor(ms / periodMs));
  const waiting: Promise<Sample>[] = [];
  const startMs = performance.now();
  while (waiting.length < total) {
    const due = Math.min(total, Math.floor((performance.now() - startMs) / periodMs));
    while (waiting.length < due) {
      waiting.push(load.send(ORDERS_PER_MESSAGE, startMs + waiting.length * periodMs));
    }
    onProgress(waiting.length / total);
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
  }
  const tookMs = performance.now() - startMs;
  const samples = await Promise.all(waiting);
  return { samples, offeredPerSec: (total * ORDERS_PER_MESSAGE * 1_000) / tookMs };
}
