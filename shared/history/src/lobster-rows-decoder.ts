/** LOBSTER orderbook files as the levels that come into sight (assembly/lobster-rows.ts). */
import { DECODER_OWN } from './decoder.ts';
import type { HistoryKernel } from './kernel/history-kernel.ts';
import { LineDecoder } from './line-decoder.ts';
import type { LobsterOptions } from './lobster-decoder.ts';

/** As assembly/lobster-rows.ts has it. */
const ROW_LEVELS = DECODER_OWN + 8;
const MOST = DECODER_OWN + 12;

export interface LobsterRowsOptions extends LobsterOptions {
  /** The best levels of each row that count. Default all. */
  readonly levels?: number | undefined;
}

/** Events are LEVELs, whose sequence is the row's number, from 1. A unit is a row. */
export class LobsterRowsDecoder extends LineDecoder {
  constructor(kernel: HistoryKernel, options: LobsterRowsOptions = {}) {
    const { levels = 0, instrument = '', ...decoding } = options;
    const { stepLobsterRows: step } = kernel.exports;
    super({ ...decoding, kernel, step, scale: { priceExponent: -4, quantityExponent: 0 } });
    new DataView(kernel.memory.buffer).setUint32(this.address + MOST, levels, true);
    this.name(instrument);
  }

  /** Levels of a side that count; 0 before the first row. */
  get levels(): number {
    const memory = new DataView(this.kernel.memory.buffer, this.address);
    const levels = memory.getUint32(ROW_LEVELS, true);
    const most = memory.getUint32(MOST, true);
    return most === 0 ? levels : Math.min(most, levels);
  }
}
