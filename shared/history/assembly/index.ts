/** What the host calls. */
import { allocateBlock, blockShiftFor } from '../../engine/assembly/memory';

export { usedPages } from '../../engine/assembly/memory';

export { beginBin38, stepBin38, writeBin38 } from './bin38';
export {
  compactEnded,
  sealCompactBlock,
  stepCompact,
  writeCompactEvents,
  writeCompactHeader,
} from './compact';
export { beginDbn, stepDbn } from './dbn';
export { beginItch, itchLocateOf, itchNameOf, itchStockCount, stepItch } from './itch';
export { isHyperliquidWhole, setHyperliquidWords, stepHyperliquid } from './hyperliquid';
export { stepLobster } from './lobster';
export { placeLevels, stepLobsterRows } from './lobster-rows';
export { setMboCsvWords, stepMboCsv } from './mbo-csv';
export { addWord, newWords } from './words';
export { instrumentAt, instrumentCount, instrumentOf, newInstruments } from './instruments';

/** Zeroed memory for the host, never given back. */
export function reserve(bytes: u32): usize {
  return allocateBlock(blockShiftFor(bytes));
}

export { trimLevels } from './replay-anonymous';
export { applyEvents, resetBook } from './replay-apply';
export { countsAddress, newReplayBook } from './replay-book';
export { applyToFrame } from './replay-frame';
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
export { keepShare } from './share';
export { addFeature, computeFeatures, newPlan, resetPlan } from './features';
export { addRowsToSums, addToSums, clearSums } from './feature-sums';
