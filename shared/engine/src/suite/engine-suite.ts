/** What every engine must do, whichever way it is written. */
import { describe } from 'node:test';
import { changeTests } from './change-tests.ts';
import { checkTests } from './check-tests.ts';
import { fundsTests } from './funds-tests.ts';
import { hashTests } from './hash-tests.ts';
import { icebergTests } from './iceberg-tests.ts';
import { limitTests } from './limit-tests.ts';
import type { MakeEngine, RestoreEngine } from './make-engine.ts';
import { manyCancelsTests } from './many-cancels-tests.ts';
import { marketTests } from './market-tests.ts';
import { orderTests } from './order-tests.ts';
import { purgeTests } from './purge-tests.ts';
import { recordTests } from './record-tests.ts';
import { requestTests } from './request-tests.ts';
import { restoreTests } from './restore-tests.ts';
import { makeRestoring } from './restoring-engine.ts';
import { selfTradeTests } from './self-trade-tests.ts';
import { stopTests } from './stop-tests.ts';
import { timeInForceTests } from './time-in-force-tests.ts';
import { timerTests } from './timer-tests.ts';

/** @param restoreEngine - an engine of the same kind from a snapshot */
export function engineSuite(
  name: string,
  makeEngine: MakeEngine,
  restoreEngine: RestoreEngine,
): void {
  behavior(name, makeEngine);
  describe(`${name}: records`, () => recordTests(makeEngine));
  describe(`${name}: state hash`, () => hashTests(makeEngine));
  describe(`${name}: snapshots`, () => restoreTests(makeEngine, restoreEngine));
  behavior(`${name}, restored after every command`, makeRestoring(makeEngine, restoreEngine));
}

function behavior(name: string, makeEngine: MakeEngine): void {
  describe(`${name}: orders`, () => orderTests(makeEngine));
  describe(`${name}: time in force`, () => timeInForceTests(makeEngine));
  describe(`${name}: icebergs`, () => icebergTests(makeEngine));
  describe(`${name}: stops`, () => stopTests(makeEngine));
  describe(`${name}: limits of a command`, () => limitTests(makeEngine));
  describe(`${name}: self-trade prevention`, () => selfTradeTests(makeEngine));
  describe(`${name}: changes`, () => changeTests(makeEngine));
  describe(`${name}: timers`, () => timerTests(makeEngine));
  describe(`${name}: checks`, () => checkTests(makeEngine));
  describe(`${name}: requests`, () => requestTests(makeEngine));
  describe(`${name}: funds and fees`, () => fundsTests(makeEngine));
  describe(`${name}: administration`, () => marketTests(makeEngine));
  describe(`${name}: many cancels`, () => manyCancelsTests(makeEngine));
  describe(`${name}: purges`, () => purgeTests(makeEngine));
}
