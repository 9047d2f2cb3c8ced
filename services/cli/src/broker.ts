/** The way to a broker, with words for the case that there is none. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { ask } from '@foldbook/client';
import { infoSubject } from '@foldbook/protocol';
import { connectNats, type NatsTransport, type Transport, TransportError } from '@foldbook/runtime';
import { UsageError } from './cli-error.ts';

export const DEFAULT_NATS = 'nats://127.0.0.1:4222';

export interface BrokerAddress {
  readonly servers: string;
  readonly user?: string | undefined;
  readonly pass?: string | undefined;
}

/** @throws UsageError in one line, with `mend`, when no broker answers there */
export async function connectBroker(
  address: BrokerAddress,
  name: string,
  mend: string,
): Promise<NatsTransport> {
  try {
    return await connectNats({ ...address, name });
  } catch (error) {
    if (!(error instanceof TransportError) || isRefusal(error.cause)) throw error;
    const reason = error.cause instanceof Error ? ` (${error.cause.message})` : '';
    throw new UsageError(`no broker at ${address.servers}${reason}: ${mend}`);
  }
}

/** A broker that is there and does not know the user: its own message says what to look at. */
function isRefusal(cause: unknown): boolean {
  return (
    cause instanceof Error &&
    'code' in cause &&
    (cause.code === 'AUTHORIZATION_VIOLATION' || cause.code === 'AUTHENTICATION_EXPIRED')
  );
}

const DEFAULT_REDIS_PORT = 6_379;
const PROBE_MS = 5_000;

/** A URL of Redis in a form that the queue takes; UsageError otherwise. Never shows a password. */
export function checkRedisUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '') return url;
  throw new UsageError('--redis: give an address like redis://127.0.0.1:6379');
}

/** @throws UsageError in one line, with `mend`, when nothing listens there */
export async function checkRedis(redis: string, mend: string): Promise<void> {
  const url = checkRedisUrl(redis);
  const port = url.port === '' ? DEFAULT_REDIS_PORT : Number(url.port);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const socket = connect({ host, port, timeout: PROBE_MS });
  try {
    await Promise.race([
      once(socket, 'connect'),
      once(socket, 'timeout').then(() => Promise.reject(new Error('no answer'))),
    ]);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? `${error.code}` : 'no answer';
    throw new UsageError(`no Redis at ${url.protocol}//${url.host} (${code}): ${mend}`);
  } finally {
    socket.destroy();
  }
}

const QUESTION_MS = 1_000;

/** Whether a market service serves this broker: it answers for unknown markets too. */
export async function isServed(transport: Transport): Promise<boolean> {
  try {
    await ask(transport, infoSubject('NONE'), new Uint8Array(0), QUESTION_MS);
    return true;
  } catch {
    return false;
  }
}
