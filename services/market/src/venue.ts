/**
 * What is the same for all nodes of a venue, for good: written once, by the first of them, and
 * compared by everybody who comes later.
 */
import type { Clock, LeaseStore } from '@foldbook/runtime';
import { z } from 'zod';

const KEY = 'venue';

const venueSchema = z.object({
  version: z.literal(1),
  partitions: z.int().min(1),
  /** ISO 8601, for people. */
  created: z.string(),
});

export type Venue = z.infer<typeof venueSchema>;

export type VenueErrorCode =
  /** The venue has another number of partitions than this node's configuration. */
  | 'OTHER_PARTITIONS'
  /** The key holds something else. */
  | 'DAMAGED';

export class VenueError extends Error {
  override readonly name = 'VenueError';
  readonly code: VenueErrorCode;

  constructor(code: VenueErrorCode, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/**
 * The venue's facts, which this node makes if it is the first.
 * Rejects with VenueError, and with LeaseError as the store does.
 */
export async function agreeOnVenue(
  store: LeaseStore,
  partitions: number,
  clock: Clock,
): Promise<Venue> {
  for (;;) {
    const { value, revision } = await store.read(KEY);
    if (value !== undefined) return agreed(value, partitions, store);
    // A venue that is older than this key has one partition.
    const isOlder = (await store.read('partition.0')).value !== undefined;
    const created = new Date(Number(clock.nowNs() / 1_000_000n)).toISOString();
    const venue: Venue = { version: 1, partitions: isOlder ? 1 : partitions, created };
    // Who was faster has written what this node then reads.
    await store.replace(KEY, JSON.stringify(venue), revision);
  }
}

function agreed(value: string, partitions: number, store: LeaseStore): Venue {
  const venue = parse(value);
  if (venue === undefined) {
    const words = `${KEY} of ${store.description} is no venue: ${value.slice(0, 100)}`;
    throw new VenueError('DAMAGED', `${words}; write it anew as it was when the venue was made`);
  }
  if (venue.partitions === partitions) return venue;
  throw new VenueError(
    'OTHER_PARTITIONS',
    `this node is configured for partitions: ${partitions}, and the venue in ` +
      `${store.description} has ${venue.partitions} since ${venue.created}: the number is for ` +
      'good, so change the configuration, or take another broker',
  );
}

function parse(value: string): Venue | undefined {
  try {
    return venueSchema.safeParse(JSON.parse(value)).data;
  } catch {
    return undefined;
  }
}
