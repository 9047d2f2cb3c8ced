/** One order that leaves nothing behind, and the name of the code that it is answered with. */
import { commandSubject, decodeReply } from '@foldbook/protocol';
import { type Transport, TransportError } from '@foldbook/runtime';
import { MARKET, PROBER } from '../check/kill9-load.ts';
import { probeMessage } from '../check/probe-order.ts';

const ANSWER_WITHIN_MS = 1_000;
const SESSION = 2;
let lastRequestId = 0n;

/** The reply's code, or that of the transport: TIMEOUT where nobody answers. */
export async function probe(transport: Transport): Promise<string> {
  lastRequestId += 1n;
  try {
    const subject = commandSubject(MARKET, PROBER);
    const message = probeMessage(SESSION, lastRequestId);
    const reply = decodeReply(await transport.request(subject, message, ANSWER_WITHIN_MS));
    return reply.ok ? reply.value.name : 'BAD_ANSWER';
  } catch (error) {
    if (error instanceof TransportError) return error.code;
    throw error;
  }
}
