/** For tests of this and other packages: nothing here belongs in a running service. */
export { ChainBuilder, type Cheats, filled } from './chain-builder.ts';
export { compressPoint, FoldModel, type ModelInstance } from './fold-model.ts';
export { memorySource, type StoreFiles } from './memory-store.ts';
export { certificateOf, logGroup, receiptOf, TestLog } from './receipts.ts';
export { everyKind, everyKindRates, record, trades } from './records.ts';
export { openShape, tinyShape, tinyWitness } from './tiny-shape.ts';
export { createTrapdoorKey, type TrapdoorKey } from './trapdoor-prover.ts';
