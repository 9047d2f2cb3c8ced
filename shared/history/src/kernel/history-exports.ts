/** What assembly/index.ts exports. Addresses are unsigned, and come as signed numbers. */
export interface HistoryExports {
  /** Zeroed memory, never given back. */
  reserve(bytes: number): number;
  newInstruments(): number;
  instrumentCount(table: number): number;
  /** Address of an entry: length (u32) at 0, name from 8. */
  instrumentAt(table: number, instrument: number): number;
  newPlan(): number;
  /** 1 where there was room. */
  addFeature(plan: number, kind: number, halfLifeNs: number): number;
  computeFeatures(plan: number, frame: number): void;
}
