/** Questions to a market that are answered by one message, or by a numbered series of them. */
import {
  type BatchHeader,
  BatchKind,
  decodeBatchHeader,
  decodeReply,
  isBinaryBatch,
  MAX_MESSAGE_BYTES,
  RECORD_BYTES,
} from '@foldbook/protocol';
import {
  cancelTimer,
  type MessageHandler,
  systemTimers,
  type Timers,
  type Transport,
  TransportError,
} from '@foldbook/runtime';
import { ClientError } from './client-error.ts';

export const DEFAULT_TIMEOUT_MS = 5_000;

/** One answer; throws ClientError UNREACHABLE when nobody gives it. */
export async function ask(
  transport: Transport,
  subject: string,
  payload: Uint8Array,
  timeoutMs = DEFAULT_TIMEOUT_MS,
  mend = 'is the market up?',
): Promise<Uint8Array> {
  try {
    return await transport.request(subject, payload, timeoutMs);
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    if (error.code === 'NOT_PERMITTED') throw new ClientError('REFUSED', error.message);
    throw new ClientError(
      'UNREACHABLE',
      `no answer on ${subject} (${error.code}, ${transport.description}); ${mend}`,
    );
  }
}

export interface Snapshot {
  readonly header: BatchHeader;
  /** BOOK_DELTA records, bids then asks, best first. */
  readonly records: Uint8Array;
}

export interface Patience {
  readonly timeoutMs?: number | undefined;
  readonly timers?: Timers | undefined;
}

/**
 * A snapshot, which may come in several messages (header: first = number, prev = how many). It is
 * asked for again when the connection comes back: the question or some of the answer was lost.
 */
export function askSnapshot(
  transport: Transport,
  subject: string,
  payload: Uint8Array,
  { timeoutMs = DEFAULT_TIMEOUT_MS, timers = systemTimers }: Patience = {},
): Promise<Snapshot> {
  const answer = Promise.withResolvers<Snapshot>();
  let forget = (): void => undefined;
  const askAnew = (): void => {
    forget();
    const inbox = transport.newInbox();
    const subscription = transport.subscribe(inbox, gather(subject, answer));
    forget = () => subscription.unsubscribe();
    transport.publish(subject, payload, inbox);
  };
  const stopWatching = transport.onStatus((status) => {
    if (status === 'connected') askAnew();
  });
  const timer = timers.after(timeoutMs, () => {
    const where = `${subject} (${transport.description})`;
    answer.reject(new ClientError('UNREACHABLE', `no snapshot on ${where} in ${timeoutMs} ms`));
  });
  if (transport.status() === 'connected') askAnew();
  return answer.promise.finally(() => {
    cancelTimer(timer);
    stopWatching();
    forget();
  });
}

/** Puts the messages of one answer together. */
function gather(subject: string, answer: PromiseWithResolvers<Snapshot>): MessageHandler {
  const chunks: Uint8Array[] = [];
  return ({ payload }) => {
    const header = decodeBatchHeader(payload, BatchKind.SNAPSHOT, MAX_MESSAGE_BYTES);
    if (!header.ok) {
      answer.reject(notASnapshot(subject, payload));
      return;
    }
    chunks.push(payload.subarray(RECORD_BYTES));
    if (chunks.length === header.value.prev) {
      answer.resolve({ header: header.value, records: concatenate(chunks) });
    }
  };
}

function notASnapshot(subject: string, payload: Uint8Array): ClientError {
  const reply = isBinaryBatch(payload) ? undefined : decodeReply(payload);
  if (reply?.ok === true && reply.value.code !== 0) {
    return new ClientError('REFUSED', `${subject}: ${reply.value.name} ${reply.value.detail}`);
  }
  return new ClientError('BAD_ANSWER', `${subject}: the answer is no snapshot`);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.byteLength;
  }
  return whole;
}
