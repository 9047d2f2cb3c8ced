// SPDX-License-Identifier: GPL-3.0-or-later
import { Redis, type RedisOptions } from 'ioredis';

/**
 * A Redis client that knows the clients BullMQ duplicates from it. BullMQ waits for them to say
 * good-bye, which a client that is looking for its server never does: this ends all of them.
 */
export class TrackedRedis extends Redis {
  readonly #copies = new Set<Redis>();

  override duplicate(override?: Partial<RedisOptions>): Redis {
    const copy = super.duplicate(override);
    this.#copies.add(copy);
    return copy;
  }

  /** Ends this client and its copies at once, connected or not. */
  disconnectAll(): void {
    for (const copy of this.#copies) copy.disconnect();
    this.disconnect();
  }
}
