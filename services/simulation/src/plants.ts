/** Defects that are put into the world to see whether the checkers find them. */
export const PLANTS = {
  'stale-writer': 'the broker takes the append of a writer that lost the stream',
  'dropped-record': 'a record of the log is left out when a market reads it again',
  'reused-sequence': 'the broker gives a log sequence out a second time',
  'early-ack': 'the broker acknowledges each append as synced, and syncs now and then',
  'early-settled': 'what is in the log is said to be told, so that a standby does not tell it',
  'early-coverage': 'what the outputs hold is read before the barrier, and told again',
  'lost-tail': 'of what the log has behind a checkpoint the first group is not read',
} as const;

export type Plant = keyof typeof PLANTS;

export const isPlant = (name: string): name is Plant => Object.hasOwn(PLANTS, name);
