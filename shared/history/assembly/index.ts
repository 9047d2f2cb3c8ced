/** What the host calls. */
import { allocateBlock, blockShiftFor } from '../../engine/assembly/memory';

export { isHyperliquidWhole, setHyperliquidWords, stepHyperliquid } from './hyperliquid';
export { stepLobster } from './lobster';
export { setMboCsvWords, stepMboCsv } from './mbo-csv';
export { addWord, newWords } from './words';
export { instrumentAt, instrumentCount, instrumentOf, newInstruments } from './instruments';

/** Zeroed memory for the host, never given back. */
export function reserve(bytes: u32): usize {
  return allocateBlock(blockShiftFor(bytes));
}
