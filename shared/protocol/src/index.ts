export * from './codes.ts';
export * from './layout.ts';
export * from './limits.ts';
export * from './subjects.ts';
