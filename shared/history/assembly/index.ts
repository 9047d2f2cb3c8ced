/** What the host calls. */
import { allocateBlock, blockShiftFor } from '../../engine/assembly/memory';

export { instrumentAt, instrumentCount, newInstruments } from './instruments';

/** Zeroed memory for the host, never given back. */
export function reserve(bytes: u32): usize {
  return allocateBlock(blockShiftFor(bytes));
}

export { addFeature, computeFeatures, newPlan } from './features';
