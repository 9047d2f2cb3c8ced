/** A client's connection: over NATS, or over shared memory to a market on the same host. */
import {
  connectNats,
  connectSharedMemory,
  type NatsOptions,
  type SharedMemoryOptions,
  type Transport,
} from '@foldbook/runtime';

export type ConnectOptions =
  | (Omit<NatsOptions, 'servers' | 'name'> & {
      /** `nats://host:port`, or several. */
      readonly nats: string | readonly string[];
      /** Shown by the broker's monitoring. */
      readonly name?: string;
    })
  | (Omit<SharedMemoryOptions, 'path'> & {
      /**
       * The socket that the market made for the account, `<its folder>/account-<number>`: it
       * decides whose connection this is. One client at a time, of the user who may.
       */
      readonly sharedMemory: string;
    });

/**
 * What order clients, mirrors and report feeds run on, whichever way it goes. Rejects with
 * TransportError CONNECT_FAILED.
 */
export function connect(options: ConnectOptions): Promise<Transport> {
  if ('sharedMemory' in options) {
    const { sharedMemory: path, ...others } = options;
    return connectSharedMemory({ ...others, path });
  }
  const { nats: servers, name = 'foldbook-client', ...others } = options;
  return connectNats({ ...others, servers, name });
}
