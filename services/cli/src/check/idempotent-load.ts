/** Commands that are sent again and again, and what was answered each time. */
import type { Dice } from '@foldbook/engine';
import {
  CommandKind,
  commandSubject,
  decodeReply,
  EventKind,
  EventOffset,
  encodeCommands,
  type OrderCommand,
  RECORD_BYTES,
  ResultCode,
  ResultOffset,
  readCount,
  Side,
  TimeInForce,
  viewOf,
} from '@foldbook/protocol';
import { pause, systemTimers, type Transport, TransportError } from '@foldbook/runtime';

export const MARKET = 'TWICE';
export const FIRST_ACCOUNT = 20;
export const PER_MESSAGE = 50;
/** Requests of a session: fewer than the results that are kept of it. */
export const PER_SESSION = 1_000;
const LOWEST_PRICE = 95;
const PRICES = 11;
const MOST_LOTS = 5;
/** Of all commands, one in so many cancels an order, or is none that a market takes. */
const CANCELS_ONE_IN = 5;
const WRONG_ONE_IN = 20;
const REPLY_WITHIN_MS = 2_000;
const BUSY_PAUSE_MS = 5;

/** What a market said of a request, in any of its forms. */
interface Outcome {
  /** 0 or the rejection's. */
  readonly code: number;
  /** Market sequence of the command that ran. */
  readonly sequence: number;
}

/** One message of a session. */
export interface Message {
  readonly account: number;
  readonly payload: Uint8Array;
  readonly count: number;
  readonly outcomes: Map<number, Outcome>;
  /** The first answer to a copy: what all others have to be, but for their own sequences. */
  repeated: Uint8Array | undefined;
}

/** The messages of one session, from a seed. */
export function messagesOf(dice: Dice, account: number, session: number): Message[] {
  const messages: Message[] = [];
  for (let from = 1; from <= PER_SESSION; from += PER_MESSAGE) {
    const commands = Array.from({ length: PER_MESSAGE }, (_, index) =>
      commandOf(dice, session, from + index),
    );
    const payload = encodeCommands(commands);
    messages.push({
      account,
      payload,
      count: PER_MESSAGE,
      outcomes: new Map(),
      repeated: undefined,
    });
  }
  return messages;
}

function commandOf(dice: Dice, session: number, request: number): OrderCommand {
  const requestId = BigInt(request);
  // Of the account, whatever its session.
  const orderIdOf = (of: number) => BigInt(session * 2 ** 20 + of);
  if (request > 1 && dice.oneIn(CANCELS_ONE_IN)) {
    const clientOrderId = orderIdOf(1 + dice.below(request - 1));
    return { kind: CommandKind.CANCEL, session, requestId, clientOrderId };
  }
  return {
    kind: CommandKind.NEW,
    session,
    requestId,
    clientOrderId: orderIdOf(request),
    side: dice.oneIn(2) ? Side.BUY : Side.SELL,
    timeInForce: TimeInForce.GTC,
    price: dice.oneIn(WRONG_ONE_IN) ? 0n : BigInt(LOWEST_PRICE + dice.below(PRICES)),
    quantity: BigInt(1 + dice.below(MOST_LOTS)),
  };
}

export class IdempotentLoad {
  readonly violations: string[] = [];
  /** Copies that were sent, those again included that were not answered in time. */
  sent = 0;
  /** Answers held against the first one. */
  compared = 0;
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Two copies at once: the first one runs, the other one is answered what the first one did. */
  async sendTwice(messages: readonly Message[]): Promise<void> {
    for (const message of messages) {
      const [first, second] = await Promise.all([this.#answer(message), this.#answer(message)]);
      this.#noteFirst(message, first);
      this.#compare(message, second, 'at once');
    }
  }

  async sendAgain(messages: readonly Message[], when: string): Promise<void> {
    for (const message of messages) this.#compare(message, await this.#answer(message), when);
  }

  /** The records of an answer. */
  async #answer({ account, payload }: Message): Promise<Uint8Array> {
    for (;;) {
      this.sent += 1;
      try {
        const subject = commandSubject(MARKET, account);
        const answer = await this.#transport.request(subject, payload, REPLY_WITHIN_MS);
        const reply = decodeReply(answer);
        if (reply.ok && reply.value.code === ResultCode.OK) return answer.subarray(RECORD_BYTES);
        const isRefused = reply.ok && reply.value.code !== ResultCode.BUSY;
        if (isRefused && reply.value.code !== ResultCode.UNAVAILABLE) {
          throw new Error(`${subject}: ${reply.value.name} ${reply.value.detail}`);
        }
      } catch (error) {
        // Nobody serves yet.
        if (!(error instanceof TransportError)) throw error;
      }
      await pause(systemTimers, BUSY_PAUSE_MS);
    }
  }

  #noteFirst(message: Message, records: Uint8Array): void {
    const view = viewOf(records);
    for (let at = 0; at < records.byteLength; at += RECORD_BYTES) {
      const kind = view.getUint8(at);
      if (!FIRST_ANSWERS.has(kind)) continue;
      const code = kind === EventKind.REJECTED ? view.getUint16(at + EventOffset.CODE, true) : 0;
      const request = readCount(view, at + EventOffset.REQUEST_ID);
      const sequence = readCount(view, at + EventOffset.SEQUENCE);
      message.outcomes.set(request, { code, sequence });
    }
    if (message.outcomes.size === message.count) return;
    this.violations.push(`${message.outcomes.size} of ${message.count} commands were answered`);
  }

  #compare(message: Message, records: Uint8Array, when: string): void {
    const who = `account ${message.account}, sent again ${when}`;
    this.compared += message.count;
    const blanked = withoutSequences(records);
    if (message.repeated === undefined) {
      message.repeated = blanked;
      this.#compareWithFirst(message, blanked, who);
      return;
    }
    if (Buffer.compare(message.repeated, blanked) === 0) return;
    this.violations.push(`${who}: the answer differs from the one before`);
  }

  #compareWithFirst({ outcomes, count }: Message, records: Uint8Array, who: string): void {
    const view = viewOf(records);
    for (let at = 0; at < records.byteLength; at += RECORD_BYTES) {
      const request = readCount(view, at + EventOffset.REQUEST_ID);
      const first = outcomes.get(request);
      const code = view.getUint16(at + EventOffset.CODE, true);
      const sequence = readCount(view, at + ResultOffset.FIRST_SEQUENCE);
      const isResult = view.getUint8(at) === EventKind.RESULT;
      if (isResult && first?.code === code && first.sequence === sequence) continue;
      const told = `code ${code}, sequence ${sequence}`;
      const was = `code ${first?.code}, sequence ${first?.sequence}`;
      this.violations.push(`${who}: request ${request} was ${was}, and is ${told}`);
      return;
    }
    if (records.byteLength !== count * RECORD_BYTES) {
      this.violations.push(`${who}: ${records.byteLength / RECORD_BYTES} answers to ${count}`);
    }
  }
}

const FIRST_ANSWERS: ReadonlySet<number> = new Set([
  EventKind.ACCEPTED,
  EventKind.REJECTED,
  EventKind.CANCELLED,
]);

/** Each asking has a sequence of its own; all else of an answer has to stay the same. */
function withoutSequences(records: Uint8Array): Uint8Array {
  const blanked = records.slice();
  const view = viewOf(blanked);
  for (let at = 0; at < blanked.byteLength; at += RECORD_BYTES) {
    view.setBigUint64(at + EventOffset.SEQUENCE, 0n, true);
  }
  return blanked;
}
