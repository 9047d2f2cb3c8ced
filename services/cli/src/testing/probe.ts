/** One order that leaves nothing behind, and the name of the code that it is answered with. */
import {
  BatchKind,
  CommandKind,
  commandSubject,
  decodeReply,
  encodeBatch,
  RECORD_BYTES,
  Side,
  TimeInForce,
  viewOf,
  writeCommand,
} from '@foldbook/protocol';
import { type Transport, TransportError } from '@foldbook/runtime';
import { MARKET, PROBER } from '../check/kill9-load.ts';

const ANSWER_WITHIN_MS = 1_000;
const SESSION = 2;
let lastRequestId = 0n;

/** The reply's code, or that of the transport: TIMEOUT where nobody answers. */
export async function probe(transport: Transport): Promise<string> {
  lastRequestId += 1n;
  const record = new Uint8Array(RECORD_BYTES);
  const order = {
    kind: CommandKind.NEW,
    account: PROBER,
    session: SESSION,
    requestId: lastRequestId,
    clientOrderId: lastRequestId,
    side: Side.BUY,
    timeInForce: TimeInForce.IOC,
    price: 1n,
    quantity: 1n,
  } as const;
  writeCommand(viewOf(record), 0, order, 0);
  const batch = encodeBatch({ kind: BatchKind.COMMANDS }, record);
  try {
    const subject = commandSubject(MARKET, PROBER);
    const reply = decodeReply(await transport.request(subject, batch, ANSWER_WITHIN_MS));
    return reply.ok ? reply.value.name : 'BAD_ANSWER';
  } catch (error) {
    if (error instanceof TransportError) return error.code;
    throw error;
  }
}
