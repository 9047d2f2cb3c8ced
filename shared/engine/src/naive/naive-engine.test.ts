import { engineSuite } from '../suite/engine-suite.ts';
import { createNaiveEngine } from './naive-engine.ts';
import { restoreNaiveEngine } from './restore.ts';

engineSuite('naive twin', createNaiveEngine, restoreNaiveEngine);
