/** Questions of an account to its market, as the engine knows the answers. */
import {
  type Balance,
  type BatchHeader,
  BatchKind,
  decodeBatchHeader,
  decodeReply,
  MAX_OPEN_ORDERS_ANSWER,
  type OpenOrder,
  PROTOCOL_VERSION,
  querySubject,
  RECORD_BYTES,
  readEvent,
  readEvents,
  viewOf,
} from '@foldbook/protocol';
import { pause, systemTimers, type Timers, type Transport } from '@foldbook/runtime';
import { encode } from '@msgpack/msgpack';
import { ask } from './ask.ts';
import { ClientError } from './client-error.ts';

/** What an asker knows already. */
export interface Known {
  /** Market sequence that the answer must have reached; 0 by default. */
  readonly sequence?: number | undefined;
  /** Default: the system's. */
  readonly timers?: Timers | undefined;
}

/** Before an owner that another one followed, and that does not know yet, is asked again. */
const STALE_PAUSE_MS = 50;

/** Available and held totals of an account, as the engine has them. */
export async function askBalance(
  transport: Transport,
  market: string,
  account: number,
  known: Known = {},
): Promise<Balance> {
  const subject = querySubject(market, account);
  const { answer } = await askOf(transport, subject, new Uint8Array(0), 1, known);
  const event = readEvent(viewOf(answer), RECORD_BYTES);
  if (event?.type === 'balance') return event;
  throw new ClientError('BAD_ANSWER', `${subject}: the answer is no balance`);
}

/** An answer that is not older than what is known. */
async function askOf(
  transport: Transport,
  subject: string,
  question: Uint8Array,
  mostRecords: number,
  { sequence = 0, timers = systemTimers }: Known,
): Promise<{ readonly answer: Uint8Array; readonly header: BatchHeader }> {
  for (;;) {
    const answer = await ask(transport, subject, question);
    const header = decodeBatchHeader(answer, BatchKind.REPLY, mostRecords);
    if (!header.ok) throw new ClientError('REFUSED', `${subject}: ${refusalName(answer)}`);
    if (header.value.last >= sequence) return { answer, header: header.value };
    await pause(timers, STALE_PAUSE_MS);
  }
}

function refusalName(answer: Uint8Array): string {
  const reply = decodeReply(answer);
  return reply.ok ? `${reply.value.name} ${reply.value.detail}` : reply.detail;
}

/** An account's open orders, oldest first; those that came or went meanwhile may be missing. */
export async function askOpenOrders(
  transport: Transport,
  market: string,
  account: number,
  known: Known = {},
): Promise<OpenOrder[]> {
  const subject = querySubject(market, account);
  const orders: OpenOrder[] = [];
  for (;;) {
    const question = encode({ v: PROTOCOL_VERSION, after: orders.at(-1)?.orderId ?? 0 });
    const most = MAX_OPEN_ORDERS_ANSWER;
    const { answer, header } = await askOf(transport, subject, question, most, known);
    for (const event of readEvents(answer.subarray(RECORD_BYTES))) {
      if (event.type === 'open-order') orders.push(event);
    }
    if (header.count < most) return orders;
  }
}
