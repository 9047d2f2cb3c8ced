/** What all transports say and do alike. */
import {
  type MessageHandler,
  type Transport,
  TransportError,
  type TransportMessage,
} from './transport.ts';

export function closedError(description: string): TransportError {
  return new TransportError('CLOSED', `the connection (${description}) is closed`);
}

export function timeoutError(subject: string, timeoutMs: number): TransportError {
  return new TransportError('TIMEOUT', `no answer on ${subject} within ${timeoutMs} ms`);
}

export function noRespondersError(subject: string): TransportError {
  return new TransportError(
    'NO_RESPONDERS',
    `nobody answers on ${subject}: is the service that does started, and on the same broker?`,
  );
}

/** What a handler throws is its defect, and must not stop the delivery to others. */
export function callHandler(handler: MessageHandler, message: TransportMessage): void {
  try {
    handler(message);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/**
 * Answers a message, best effort. Never throws: who asks chose the subject, and must not be able to
 * stop who answers. `reply`: as the message has it; without one nobody is told.
 */
export function answer(transport: Transport, reply: string | undefined, payload: Uint8Array): void {
  if (reply === undefined) return;
  try {
    transport.publish(reply, payload);
  } catch (error) {
    const { byteLength } = payload;
    process.emitWarning(`an answer of ${byteLength} bytes was not sent: ${error}`);
  }
}
