import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '@foldbook/runtime';
import { Admission, type AdmissionLimits, type Entry } from './admission.ts';

const LIMITS: AdmissionLimits = {
  maxPendingCommands: 100,
  maxPendingPerAccount: 50,
  cancelReservePercent: 10,
  maxLagMs: 200,
  breakerRefusals: 5,
  breakerRestMs: 1_000,
};
const ONE: Entry = { market: 'M', account: 7, commands: 1, isCancel: false, lagMs: 0 };
const SECOND_NS = 1_000_000_000n;

function open(limits: Partial<AdmissionLimits> = {}) {
  const clock = new ManualClock(1_700_000_000_000_000_000n);
  const admission = new Admission({ ...LIMITS, ...limits }, clock);
  const enter = (entry: Partial<Entry>) => {
    const whole = { ...ONE, ...entry };
    const answer = admission.ask(whole);
    if (answer === 'ADMITTED') admission.admitted(whole);
    return answer;
  };
  return { clock, admission, enter };
}

describe('admission', () => {
  it('keeps room for cancels, of all and of each account', () => {
    const { enter, admission } = open();
    assert.equal(enter({ commands: 45 }), 'ADMITTED');
    assert.equal(enter({ commands: 1 }), 'SHARE_USED');
    assert.equal(enter({ commands: 5, isCancel: true }), 'ADMITTED');
    assert.equal(enter({ commands: 1, isCancel: true }), 'SHARE_USED');
    assert.equal(enter({ account: 8, commands: 40 }), 'ADMITTED');
    assert.equal(enter({ account: 9 }), 'BUSY');
    assert.equal(enter({ account: 9, commands: 10, isCancel: true }), 'ADMITTED');
    assert.equal(enter({ account: 9, isCancel: true }), 'BUSY');
    admission.executed(
      90,
      new Map([
        [7, 50],
        [8, 40],
      ]),
    );
    assert.equal(admission.pending, 10);
    assert.equal(enter({ commands: 45 }), 'ADMITTED');
  });

  it('says that the log is what does not take them', () => {
    const { enter, admission } = open();
    enter({ account: 0, commands: 90 });
    admission.stalled = true;
    assert.equal(enter({}), 'UNAVAILABLE');
  });

  it('takes cancels only from a market that lags, and operators', () => {
    const { enter } = open();
    assert.equal(enter({ lagMs: 200 }), 'ADMITTED');
    assert.equal(enter({ lagMs: 201 }), 'LAGGING');
    assert.equal(enter({ lagMs: 201, isCancel: true }), 'ADMITTED');
    assert.equal(enter({ lagMs: 201, account: 0 }), 'ADMITTED');
  });

  it('limits the rate of an account and of a market, but not of cancels', () => {
    const rate = { perSec: 10, burst: 10 };
    const { enter, clock } = open({ accountRate: rate, marketRate: { perSec: 15, burst: 15 } });
    assert.equal(enter({ commands: 10 }), 'ADMITTED');
    assert.equal(enter({}), 'ACCOUNT_RATE');
    assert.equal(enter({ isCancel: true }), 'ADMITTED');
    assert.equal(enter({ account: 8, commands: 5 }), 'MARKET_RATE', 'the cancel counts, too');
    assert.equal(enter({ account: 8, commands: 5, market: 'N' }), 'ADMITTED');
    clock.advanceNs(SECOND_NS);
    assert.equal(enter({ commands: 9 }), 'ADMITTED', 'the cancel was paid for');
    assert.equal(enter({}), 'ACCOUNT_RATE');
  });

  it('does not listen for a while to an account that is refused again and again', () => {
    const { admission, clock } = open();
    for (let refusal = 0; refusal < 4; refusal += 1) admission.refused(7);
    clock.advanceNs(SECOND_NS);
    for (let refusal = 0; refusal < 4; refusal += 1) admission.refused(7);
    assert(!admission.isResting(7), 'four a second are allowed');
    admission.refused(7);
    assert(admission.isResting(7));
    assert(!admission.isResting(8));
    // What is turned away meanwhile, unread, does not make it longer.
    clock.advanceNs(SECOND_NS / 2n);
    for (let refusal = 0; refusal < 20; refusal += 1) admission.refused(7);
    clock.advanceNs(SECOND_NS / 2n);
    assert(!admission.isResting(7));
    for (let refusal = 0; refusal < 20; refusal += 1) admission.refused(0);
    assert(!admission.isResting(0), 'operators are always listened to');
  });

  it('remembers a bounded number of accounts', () => {
    const { enter, clock } = open({
      maxPendingCommands: 1e9,
      accountRate: { perSec: 1_000, burst: 1 },
    });
    for (let account = 2; account < 30_000; account += 1) {
      clock.advanceNs(1_000_000n);
      assert.equal(enter({ account }), 'ADMITTED');
    }
    assert.equal(enter({ account: 29_999 }), 'ACCOUNT_RATE');
  });
});
