import type { Engine, EngineOptions } from '../engine.ts';

export type MakeEngine = (options?: EngineOptions) => Engine;
