import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_EPOCH_RECORDS } from '@foldbook/protocol';
import fc from 'fast-check';
import { MAX_RECORDS_PER_COMMAND, OpenEpoch } from './open-epoch.ts';

const ROOM = Math.floor(MAX_EPOCH_RECORDS / MAX_RECORDS_PER_COMMAND);

describe('the open epoch', () => {
  it('has room for what all commands on their way can make', () => {
    const epoch = new OpenEpoch();
    epoch.appended(ROOM - 10, false);
    assert.equal(epoch.hasRoom(10), true);
    assert.equal(epoch.hasRoom(11), false);
    epoch.executed(ROOM - 10, false, 100);
    assert.equal(epoch.hasRoom(11), true);
    assert.equal(epoch.records, 100);
  });

  it('starts anew behind a close that is on its way', () => {
    const epoch = new OpenEpoch();
    epoch.appended(ROOM, false);
    epoch.appended(1, true);
    assert.equal(epoch.closing, true);
    assert.equal(epoch.hasRoom(ROOM), true);
    epoch.appended(7, false);
    epoch.executed(ROOM, false, MAX_EPOCH_RECORDS - 1);
    assert.equal(epoch.hasRoom(ROOM - 7), true, 'what came back lies before the close');
    epoch.executed(1, true, 0);
    assert.equal(epoch.closing, false);
    assert.equal(epoch.hasRoom(ROOM - 6), false);
  });

  it('never holds more than its most, whatever the commands make and when they come back', () => {
    const most = 3 * MAX_RECORDS_PER_COMMAND;
    const step = fc.record({
      comesBack: fc.boolean(),
      commands: fc.integer({ min: 1, max: 3 }),
      share: fc.constantFrom(0, 0.5, 1),
      isDue: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const epoch = new OpenEpoch(most);
        const underWay: { commands: number; closes: boolean; made: number }[] = [];
        let records = 0;
        const append = (commands: number, closes: boolean, made: number) => {
          epoch.appended(commands, closes);
          underWay.push({ commands, closes, made });
        };
        for (const { comesBack, commands, share, isDue } of steps) {
          const group = comesBack ? underWay.shift() : undefined;
          if (group !== undefined) {
            records += group.made;
            assert(records <= most, `${records} records`);
            if (group.closes) records = 0;
            epoch.executed(group.commands, group.closes, records);
            continue;
          }
          if (!epoch.hasRoom(commands)) append(1, true, 0);
          assert(epoch.hasRoom(commands));
          append(commands, isDue, Math.floor(commands * share * MAX_RECORDS_PER_COMMAND));
        }
      }),
    );
  });
});
