/** State of the market that is not an order, an account or a session. */

/** Of the command that is being applied, or was last. */
export let sequence: u64 = 0;
/** Nanoseconds since 1970: the latest stamp so far. */
export let timeNs: u64 = 0;

export let created: bool = false;
export let makerFeePpm: i32 = 0;
export let takerFeePpm: i32 = 0;

/** The epoch that is open: its number, its first settlement record and command, its records. */
export let epoch: u64 = 0;
export let epochRecordFirst: u64 = 0;
export let epochRecordCount: u64 = 0;
export let epochSequenceFirst: u64 = 1;

export let orderCapacity: u32 = 0;
export let levelCapacity: u32 = 0;
export let sessionCapacity: u32 = 0;

export function setCapacity(orders: u32, levels: u32, sessions: u32): void {
  orderCapacity = orders;
  levelCapacity = levels;
  sessionCapacity = sessions;
}

export function advanceTime(stampNs: u64): void {
  if (stampNs > timeNs) timeNs = stampNs;
}

// @ts-ignore: decorator
@inline
export function nextSequence(): void {
  sequence += 1;
}

// @ts-ignore: decorator
@inline
export function countRecord(): void {
  epochRecordCount += 1;
}

export function setFees(makerPpm: i32, takerPpm: i32): void {
  created = true;
  makerFeePpm = makerPpm;
  takerFeePpm = takerPpm;
}

/** The next epoch begins with the command after this one. */
export function openNextEpoch(): void {
  epoch += 1;
  epochRecordFirst += epochRecordCount;
  epochRecordCount = 0;
  epochSequenceFirst = sequence + 1;
}
