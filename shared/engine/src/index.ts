export * from './compare-engines.ts';
export * from './conform.ts';
export * from './engine.ts';
export { createKernelEngine } from './kernel/kernel-engine.ts';
export { KernelError, type KernelErrorCode } from './kernel/kernel-error.ts';
export { loadKernel } from './kernel/kernel-module.ts';
export { createNaiveEngine } from './naive/naive-engine.ts';
export { RandomFlow } from './random-flow.ts';
export * from './settlement.ts';
