/** The order that asks whether a market takes orders, and leaves nothing behind. */
import { CommandKind, encodeCommands, Side, TimeInForce } from '@foldbook/protocol';

/**
 * A message of one, at a price that nobody sells at.
 * @param requestId - rises within the session
 * @param flags - of its batch: when it is answered
 */
export function probeMessage(session: number, requestId: bigint, flags = 0): Uint8Array {
  const request = { session, requestId, clientOrderId: requestId };
  const terms = { side: Side.BUY, timeInForce: TimeInForce.IOC, price: 1n, quantity: 1n } as const;
  return encodeCommands([{ kind: CommandKind.NEW, ...request, ...terms }], flags);
}
