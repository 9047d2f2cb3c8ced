/**
 * What crosses the two rings between the I/O thread and the market thread, beside protocol records.
 *
 * command ring: GROUP header (kind GROUP, log sequence and time filled in), its commands; or one
 *               control record (a query, a move), only between groups.
 * event ring:   the same GROUP header (first = the group's first market sequence), the events the
 *               engine gave, GROUP_END; or the records that answer a query, then CONTROL_END;
 *               or one record about a move.
 */
export const ControlKind = {
  /** What became of a request: one record as `OutcomeOffset` has it. */
  QUERY_OUTCOME: 241,
  /** Event ring: the snapshot holds what came before this, and is on its way. */
  SNAPSHOT_BEGUN: 242,
  /** The market writes a snapshot of itself to HOST, and goes on when it is written. */
  SNAPSHOT: 243,
  /** Event ring, of both hosts: the market stays where it was, as there is no memory for it. */
  MOVE_OFF: 244,
  /** The market leaves the host for HOST, after all that came for it before. */
  MOVE_OUT: 245,
  /** The market comes to the host from HOST; what is for it comes after MOVED_IN. */
  MOVE_IN: 246,
  /** Event ring: the last event of the market here was before this. */
  MOVED_OUT: 247,
  /** Event ring: the market is here. */
  MOVED_IN: 248,
  /** OPEN_ORDER records of an account, those with ids above AFTER, up to a limit. */
  QUERY_ORDERS: 249,
  /** One BALANCE event. */
  QUERY_BALANCE: 250,
  /** One BOOK_DELTA per level of the engine's own book, bids then asks, best first. */
  QUERY_DEPTH: 251,
  /** Ends the answer to a query. */
  CONTROL_END: 252,
} as const;

/** Control records and CONTROL_END: the market, an account, and the asker's token. */
export const ControlOffset = {
  KIND: 0,
  ACCOUNT: 4,
  /** CONTROL_END: the market sequence at which the answer holds. */
  SEQUENCE: 8,
  TOKEN: 16,
  MARKET: 24,
  /** QUERY_ORDERS: an order id. */
  AFTER: 32,
  /** MOVE_OUT, MOVE_IN, SNAPSHOT: the other host. */
  HOST: 40,
} as const;

/** QUERY_OUTCOME: which request is asked for, and what became of it. */
export const OutcomeOffset = {
  /** Question: u16. */
  SESSION: 2,
  /** Question: u64. */
  REQUEST: 48,
  /** Answer: place in `OUTCOMES`, u8. */
  OUTCOME: 1,
  /** Answer: u16. */
  CODE: 2,
  /** Answer: u64, market sequence that the request ran as. */
  FIRST_SEQUENCE: 16,
  /** Answer: u64. */
  LAST_REQUEST: 24,
} as const;

/** As the protocol names them, in the engine's words. */
export const OUTCOMES = ['executed', 'superseded', 'expired', 'not_seen'] as const;

/**
 * GROUP_END, beside what GroupEndOffset has: when the market thread took the group, and when its
 * events were written; Float64, nanoseconds of the host's monotonic clock.
 */
export const GroupTimeOffset = { TAKEN_NS: 48, DONE_NS: 56 } as const;

/** The service's own thread, where a snapshot goes to or comes from. */
export const SERVICE_THREAD = 0xffff_ffff;

export const COMMAND_RING_SLOTS = 32_768;
export const EVENT_RING_SLOTS = 65_536;
