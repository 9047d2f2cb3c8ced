/** What assembly/index.ts exports. Addresses are unsigned, and come as signed numbers. */
export interface HistoryExports {
  /** Zeroed memory, never given back. */
  reserve(bytes: number): number;
  newInstruments(): number;
  instrumentCount(table: number): number;
  /** Address of an entry: length (u32) at 0, name from 8. */
  instrumentAt(table: number, instrument: number): number;
  /** The number of a name, which is new or not; 2^32 - 1 where there is no room. */
  instrumentOf(table: number, name: number, length: number): number;

  /** A table of words that a decoder knows. */
  newWords(): number;
  addWord(table: number, word: number, length: number, code: number): void;
  stepLobster(decoder: number): void;
  setMboCsvWords(decoder: number, columns: number, actions: number, sides: number): void;
  stepMboCsv(decoder: number): void;
  setHyperliquidWords(
    decoder: number,
    keys: number,
    values: number,
    statuses: number,
    isStream: number,
  ): void;
  /** 1 where the input may end. */
  isHyperliquidWhole(decoder: number): number;
  stepHyperliquid(decoder: number): void;
}
