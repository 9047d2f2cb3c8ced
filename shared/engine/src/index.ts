export * from './engine.ts';
export { createNaiveEngine } from './naive/naive-engine.ts';
export * from './settlement.ts';
