/** What a new owner tells the clients of its markets: that there is somebody to send to again. */
import { ownerSubject, PROTOCOL_VERSION } from '@foldbook/protocol';
import type { Transport } from '@foldbook/runtime';
import { encode } from '@msgpack/msgpack';
import type { Market } from './market-registry.ts';

/** Best effort: who does not hear it sends again what was not answered in time. */
export function tellOwner(transport: Transport, markets: Iterable<Market>, term: number): void {
  for (const { name } of markets) {
    transport.publish(ownerSubject(name), encode({ v: PROTOCOL_VERSION, market: name, term }));
  }
}
