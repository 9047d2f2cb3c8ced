/** Which markets a partition has. */
import { isMarketName, marketListSubject } from '@foldbook/protocol';
import { type Transport, TransportError } from '@foldbook/runtime';
import { decode } from '@msgpack/msgpack';
import { ClientError } from './client-error.ts';

const TIMEOUT_MS = 2_000;

/** Undefined where nobody serves the partition. */
export async function askMarkets(
  transport: Transport,
  partition: number,
): Promise<readonly string[] | undefined> {
  const subject = marketListSubject(partition);
  let payload: Uint8Array;
  try {
    payload = await transport.request(subject, new Uint8Array(0), TIMEOUT_MS);
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    if (error.code === 'NO_RESPONDERS' || error.code === 'TIMEOUT') return undefined;
    throw new ClientError('REFUSED', error.message);
  }
  const answer: unknown = decode(payload);
  const hasList = typeof answer === 'object' && answer !== null && 'markets' in answer;
  const names = hasList ? answer.markets : undefined;
  if (!Array.isArray(names)) throw new ClientError('BAD_ANSWER', `${subject}: no list of markets`);
  return names.filter((name) => typeof name === 'string' && isMarketName(name));
}
