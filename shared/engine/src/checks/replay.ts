/** The same commands, live, again and from snapshots: outputs and state by their digests. */
import { createHash } from 'node:crypto';
import { RECORD_BYTES } from '@foldbook/protocol';
import type { CommandGroup } from '../compare-engines.ts';
import type { Engine } from '../engine.ts';

/** Groups of commands end to end, so that threads can share them. */
export interface RecordedFlow {
  readonly records: Uint8Array;
  /** Of each group. */
  readonly counts: readonly number[];
  readonly timesNs: readonly bigint[];
}

export interface ReplayDigest {
  /** SHA-256 of all events, hexadecimal. */
  readonly output: string;
  readonly stateHash: bigint;
}

export function recordFlow(groups: Iterable<CommandGroup>): RecordedFlow {
  const all: CommandGroup[] = [...groups];
  const total = all.reduce((sum, { count }) => sum + count, 0);
  const records = new Uint8Array(new SharedArrayBuffer(total * RECORD_BYTES));
  let at = 0;
  for (const group of all) {
    records.set(group.records, at);
    at += group.count * RECORD_BYTES;
  }
  const counts = all.map(({ count }) => count);
  return { records, counts, timesNs: all.map(({ timeNs }) => timeNs) };
}

/**
 * Plays the groups from one on to the end.
 * @param digestFrom - the output of groups before this one does not count
 * @param after - called before each group, with its number
 */
export function replayFlow(
  engine: Engine,
  flow: RecordedFlow,
  from: number,
  digestsFrom: readonly number[],
  before: (group: number) => void = () => undefined,
): ReplayDigest[] {
  const hashes = digestsFrom.map((first) => ({ first, hash: createHash('sha256') }));
  let at = flow.counts.slice(0, from).reduce((sum, count) => sum + count, 0) * RECORD_BYTES;
  for (let group = from; group < flow.counts.length; group += 1) {
    before(group);
    const count = flow.counts[group] ?? 0;
    const end = at + count * RECORD_BYTES;
    engine.apply(
      flow.records.subarray(at, end),
      count,
      flow.timesNs[group] ?? 0n,
      (block, events) => {
        const bytes = block.slice(0, events * RECORD_BYTES);
        for (const { first, hash } of hashes) if (group >= first) hash.update(bytes);
      },
    );
    at = end;
  }
  const stateHash = engine.stateHash();
  return hashes.map(({ hash }) => ({ output: hash.digest('hex'), stateHash }));
}
