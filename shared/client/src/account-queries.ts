/** Questions of an account to its market, as the engine knows the answers. */
import {
  type Balance,
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
import type { Transport } from '@foldbook/runtime';
import { encode } from '@msgpack/msgpack';
import { ask } from './ask.ts';
import { ClientError } from './client-error.ts';

/** Available and held totals of an account, as the engine has them. */
export async function askBalance(
  transport: Transport,
  market: string,
  account: number,
): Promise<Balance> {
  const subject = querySubject(market, account);
  const answer = await ask(transport, subject, new Uint8Array(0));
  const header = decodeBatchHeader(answer, BatchKind.REPLY, 1);
  const event = header.ok ? readEvent(viewOf(answer), RECORD_BYTES) : undefined;
  if (event?.type === 'balance') return event;
  throw new ClientError('REFUSED', `${subject}: ${refusalName(answer)}`);
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
): Promise<OpenOrder[]> {
  const subject = querySubject(market, account);
  const orders: OpenOrder[] = [];
  for (;;) {
    const question = encode({ v: PROTOCOL_VERSION, after: orders.at(-1)?.orderId ?? 0 });
    const answer = await ask(transport, subject, question);
    const header = decodeBatchHeader(answer, BatchKind.REPLY, MAX_OPEN_ORDERS_ANSWER);
    if (!header.ok) throw new ClientError('REFUSED', `${subject}: ${refusalName(answer)}`);
    for (const event of readEvents(answer.subarray(RECORD_BYTES))) {
      if (event.type === 'open-order') orders.push(event);
    }
    if (header.value.count < MAX_OPEN_ORDERS_ANSWER) return orders;
  }
}
