import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  BatchKind,
  CommandKind,
  CommandOffset,
  decodeBatchHeader,
  MAX_COMMANDS_PER_GROUP,
  RECORD_BYTES,
} from '@foldbook/protocol';
import { GroupBuilder } from './group-builder.ts';

const records = (count: number, kind: number = CommandKind.CANCEL) => {
  const bytes = new Uint8Array(count * RECORD_BYTES);
  for (let at = 0; at < bytes.byteLength; at += RECORD_BYTES) bytes[at] = kind;
  return bytes;
};

const asker = (account: number) => ({
  encoding: 'binary' as const,
  replySubject: `reply.${account}`,
  account,
  whenReceived: false,
  wantsReceipt: false,
});

const PLAIN = { closesEpoch: false, isCancel: false, receivedNs: 0 };
const CLOSE = { ...PLAIN, closesEpoch: true };
const CANCEL = { ...PLAIN, isCancel: true };

function headerOf(payload: Uint8Array) {
  const header = decodeBatchHeader(payload, BatchKind.GROUP, MAX_COMMANDS_PER_GROUP);
  assert(header.ok);
  return header.value;
}

describe('GroupBuilder', () => {
  it('numbers askers by the place of their commands', () => {
    const builder = new GroupBuilder();
    builder.add(records(3), 3, 7, asker(7), PLAIN);
    builder.add(records(2), 2, 7, undefined, PLAIN);
    builder.add(records(1), 1, 8, asker(8), PLAIN);
    const group = builder.take(4, 99n, false);
    assert.equal(group.commands, 6);
    const { market, count, timeNs } = headerOf(group.payload);
    assert.deepEqual({ market, count, timeNs }, { market: 4, count: 6, timeNs: 99n });
    assert.deepEqual(
      group.askers.map(({ account, index, count: commands }) => [account, index, commands]),
      [
        [7, 0, 3],
        [8, 5, 1],
      ],
    );
    assert.deepEqual(
      [...group.shares],
      [
        [7, 5],
        [8, 1],
      ],
    );
    assert.equal(builder.count, 0);
  });

  it('puts cancels first, but never before what their account sent before', () => {
    const builder = new GroupBuilder();
    builder.add(records(2, CommandKind.NEW), 2, 7, asker(7), PLAIN);
    builder.add(records(1, CommandKind.CANCEL), 1, 8, asker(8), CANCEL);
    builder.add(records(1, CommandKind.CANCEL_ALL), 1, 7, asker(7), CANCEL);
    builder.add(records(1, CommandKind.NEW), 1, 8, asker(8), PLAIN);
    const group = builder.take(4, 99n, false);
    const kinds = Array.from(
      { length: 5 },
      (_, index) => group.payload[(index + 1) * RECORD_BYTES],
    );
    const { NEW, CANCEL: ONE, CANCEL_ALL } = CommandKind;
    assert.deepEqual(kinds, [ONE, NEW, NEW, CANCEL_ALL, NEW]);
    assert.deepEqual(
      group.askers.map(({ account, index, count }) => [account, index, count]),
      [
        [8, 0, 1],
        [7, 1, 2],
        [7, 3, 1],
        [8, 4, 1],
      ],
    );
    builder.add(records(1, CommandKind.CANCEL), 1, 7, undefined, CANCEL);
    builder.add(records(1, CommandKind.NEW), 1, 9, undefined, PLAIN);
    const next = builder.take(4, 99n, true);
    const again = Array.from({ length: 3 }, (_, index) => next.payload[(index + 1) * RECORD_BYTES]);
    assert.deepEqual(again, [ONE, NEW, CommandKind.CLOSE_EPOCH]);
  });

  it('always keeps a place for the close of an epoch', () => {
    const builder = new GroupBuilder();
    const most = MAX_COMMANDS_PER_GROUP - 1;
    assert.equal(builder.fits(most + 1), false);
    builder.add(records(most), most, 7, undefined, PLAIN);
    assert.equal(builder.fits(1), false);
    const group = builder.take(1, 0n, true);
    assert.equal(headerOf(group.payload).count, MAX_COMMANDS_PER_GROUP);
    const last = group.payload.subarray(-RECORD_BYTES);
    assert.equal(last[CommandOffset.KIND], CommandKind.CLOSE_EPOCH);
    assert.equal(group.closesEpoch, true);
  });

  it('lets nothing follow a close in its group', () => {
    const builder = new GroupBuilder();
    builder.add(records(1, CommandKind.CLOSE_EPOCH), 1, 0, undefined, CLOSE);
    assert.equal(builder.fits(1), false);
    const group = builder.take(1, 0n, true);
    assert.equal(group.commands, 1, 'a second close is not added');
    assert.equal(builder.fits(1), true);
  });
});
