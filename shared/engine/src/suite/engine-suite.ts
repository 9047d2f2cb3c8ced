/** What every engine must do, whichever way it is written. */
import { describe } from 'node:test';
import { adminTests } from './admin-tests.ts';
import { fundsTests } from './funds-tests.ts';
import type { MakeEngine } from './make-engine.ts';
import { orderTests } from './order-tests.ts';
import { recordTests } from './record-tests.ts';

export function engineSuite(name: string, makeEngine: MakeEngine): void {
  describe(`${name}: orders`, () => orderTests(makeEngine));
  describe(`${name}: funds and fees`, () => fundsTests(makeEngine));
  describe(`${name}: administration and requests`, () => adminTests(makeEngine));
  describe(`${name}: records`, () => recordTests(makeEngine));
}
