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
});

function headerOf(payload: Uint8Array) {
  const header = decodeBatchHeader(payload, BatchKind.GROUP, MAX_COMMANDS_PER_GROUP);
  assert(header.ok);
  return header.value;
}

describe('GroupBuilder', () => {
  it('numbers askers by the place of their commands', () => {
    const builder = new GroupBuilder();
    builder.add(records(3), 3, 7, asker(7), false, 0);
    builder.add(records(2), 2, 7, undefined, false, 0);
    builder.add(records(1), 1, 8, asker(8), false, 0);
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

  it('always keeps a place for the close of an epoch', () => {
    const builder = new GroupBuilder();
    const most = MAX_COMMANDS_PER_GROUP - 1;
    assert.equal(builder.fits(most + 1), false);
    builder.add(records(most), most, 7, undefined, false, 0);
    assert.equal(builder.fits(1), false);
    const group = builder.take(1, 0n, true);
    assert.equal(headerOf(group.payload).count, MAX_COMMANDS_PER_GROUP);
    const last = group.payload.subarray(-RECORD_BYTES);
    assert.equal(last[CommandOffset.KIND], CommandKind.CLOSE_EPOCH);
    assert.equal(group.closesEpoch, true);
  });

  it('lets nothing follow a close in its group', () => {
    const builder = new GroupBuilder();
    builder.add(records(1, CommandKind.CLOSE_EPOCH), 1, 0, undefined, true, 0);
    assert.equal(builder.fits(1), false);
    const group = builder.take(1, 0n, true);
    assert.equal(group.commands, 1, 'a second close is not added');
    assert.equal(builder.fits(1), true);
  });
});
