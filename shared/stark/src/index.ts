export { Kernel, readKernelModule } from './kernel/kernel.ts';
export { StarkError, type StarkErrorCode } from './kernel/stark-error.ts';
