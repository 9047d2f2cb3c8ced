import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { viewOf } from './batch.ts';
import { writeCommand } from './command.ts';
import { Asset, CommandKind, RECORD_BYTES } from './layout.ts';
import { MAX_ACCOUNT, MAX_COMMANDS_PER_GROUP } from './limits.ts';
import { isMarketName } from './subjects.ts';
import {
  FIRST_TRANSFER_SESSION,
  isTransferSession,
  RETURN_SESSION,
  readTransfer,
  transferPosition,
  transferSession,
} from './transfer.ts';

const market = fc.stringMatching(/^[A-Z0-9][A-Z0-9-]{0,31}$/);
const asset = fc.constantFrom(...Object.values(Asset));

test('what a withdrawal says of its transfer is read as it was written', () => {
  fc.assert(
    fc.property(market, asset, asset, fc.nat(MAX_ACCOUNT), (to, from, toAsset, toAccount) => {
      assert(isMarketName(to));
      const bytes = new Uint8Array(3 * RECORD_BYTES);
      const command = {
        kind: CommandKind.WITHDRAW,
        ...{ session: 3, requestId: 9n, account: 42, asset: from, amount: 7n },
        ...{ toMarket: to, toAccount, toAsset },
      } as const;
      writeCommand(viewOf(bytes), RECORD_BYTES, command, 0);
      const whose = toAccount === 0 ? 42 : toAccount;
      const expected = { type: 'out', to, account: 42, asset: from, amount: 7n };
      const read = readTransfer(viewOf(bytes), RECORD_BYTES);
      assert.deepEqual(read, { ...expected, toAccount: whose, toAsset });
    }),
  );
});

test('an arrival and a return are told apart; plain deposits and withdrawals are none', () => {
  const view = viewOf(new Uint8Array(RECORD_BYTES));
  const funds = { session: 5, requestId: 8n, account: 42, asset: Asset.BASE, amount: 7n };
  const read = (more: { readonly fromMarket?: string; readonly returns?: number }) => {
    writeCommand(view, 0, { kind: CommandKind.DEPOSIT, ...funds, ...more }, 0);
    return readTransfer(view, 0);
  };
  const part = { from: 'ETH-USD', session: 5, requestId: 8n };
  const arrival = read({ fromMarket: 'ETH-USD' });
  assert.deepEqual(arrival, { type: 'arrival', ...part, returns: 0 });
  const returned = read({ fromMarket: 'ETH-USD', returns: 3 });
  assert.deepEqual(returned, { type: 'return', ...part, returns: 3 });
  assert.equal(read({}), undefined);
  writeCommand(view, 0, { kind: CommandKind.WITHDRAW, ...funds }, 0);
  assert.equal(readTransfer(view, 0), undefined);
});

test('positions rise with the log, and as they do in a group', () => {
  const last = transferPosition(1, MAX_COMMANDS_PER_GROUP - 1);
  assert.equal(last + 1n, transferPosition(2, 0));
  assert.throws(() => transferPosition(1, MAX_COMMANDS_PER_GROUP), /command 8192 of a group/);
  assert(transferPosition(2 ** 50, 0) < 2n ** 64n);
});

test('each partition has a session, and operators the others', () => {
  assert.equal(transferSession(0), FIRST_TRANSFER_SESSION);
  assert.equal(transferSession(1_023) + 1, RETURN_SESSION);
  assert.throws(() => transferSession(1_024), /partition 1024/);
  const kept = Array.from({ length: 2 ** 16 }, (_, session) => session).filter(isTransferSession);
  assert.deepEqual([kept.at(0), kept.at(-1), kept.length], [32_768, 33_792, 1_025]);
});
