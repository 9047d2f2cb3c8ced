/** What the host calls. */
import { allocateBlock, blockShiftFor } from '../../engine/assembly/memory';

export { instrumentAt, instrumentCount, newInstruments } from './instruments';

/** Zeroed memory for the host, never given back. */
export function reserve(bytes: u32): usize {
  return allocateBlock(blockShiftFor(bytes));
}

export { seedLevel, trimLevels } from './replay-anonymous';
export { applyEvents, resetBook } from './replay-apply';
export { countsAddress, newReplayBook } from './replay-book';
export {
  findOrder,
  instrumentStatus,
  levelsIn,
  openOrders,
  readLevel,
  readLevels,
  readQueue,
  refusalCode,
} from './replay-queries';
