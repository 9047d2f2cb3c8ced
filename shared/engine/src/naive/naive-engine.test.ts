import { engineSuite } from '../suite/engine-suite.ts';
import { createNaiveEngine } from './naive-engine.ts';

engineSuite('naive twin', createNaiveEngine);
