import { CAPACITY_NAMES, type EngineCapacity, type EngineOptions } from '../engine.ts';
import { SnapshotError } from './snapshot-error.ts';

/**
 * Fails where options ask for other capacities than the market of a snapshot has: they are among
 * the rules that its log was written under.
 */
export function checkOptions(capacity: EngineCapacity, options: EngineOptions): void {
  for (const name of CAPACITY_NAMES) {
    const wanted = options[name];
    if (wanted === undefined || wanted === capacity[name]) continue;
    const what = `${name} of its market is ${capacity[name]}, not ${wanted}`;
    throw new SnapshotError('SNAPSHOT_CAPACITY', what, 0);
  }
}
