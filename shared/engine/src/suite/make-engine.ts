import type { Engine, EngineOptions } from '../engine.ts';

export type MakeEngine = (options?: EngineOptions) => Engine;

/**
 * From a snapshot in pieces of any size; capacities that are given must be those of the snapshot.
 */
export type RestoreEngine = (chunks: Iterable<Uint8Array>, options?: EngineOptions) => Engine;
