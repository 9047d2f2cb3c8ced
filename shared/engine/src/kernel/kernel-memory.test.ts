/** What orders and accounts take, as ARCHITECTURE.md states it. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Asset, CommandKind, RECORD_BYTES, TimeInForce } from '@foldbook/protocol';
import { buildKernel } from '../../build.ts';
import { type CommandFields, commandRecord, concatenate } from '../command-record.ts';
import { KernelHost } from './kernel-host.ts';
import { loadKernel } from './kernel-module.ts';
import { warmUpKernel } from './warm-up.ts';

const COUNT = 100_000;
const GROUP = 10_000;
const MAX_BYTES_PER_ACCOUNT = 130;
const MAX_BYTES_PER_ORDER = 120;
const FIRST_ACCOUNT = 2;

await buildKernel();
const kernel = await loadKernel();

describe('memory of the kernel', () => {
  const host = new KernelHost(kernel);
  const market = host.addMarket();
  let requestId = 0n;
  /** A command of each number below `COUNT`; none may be rejected. */
  const applyAll = (fields: (index: number) => CommandFields) => {
    const { sequence } = market;
    for (let first = 0; first < COUNT; first += GROUP) {
      const records = Array.from({ length: GROUP }, (_, index) => {
        requestId += 1n;
        return commandRecord({ session: 1, requestId, ...fields(first + index) });
      });
      market.apply(concatenate(records), GROUP, 1n, () => undefined);
    }
    assert.equal(market.sequence, sequence + BigInt(COUNT));
  };
  const account = (index: number) => FIRST_ACCOUNT + index;
  const deposit = () =>
    applyAll((index) => ({
      kind: CommandKind.DEPOSIT,
      account: account(index),
      asset: Asset.QUOTE,
      amount: 1_000_000,
    }));
  const place = () =>
    applyAll((index) => ({
      kind: CommandKind.NEW,
      timeInForce: TimeInForce.GTC,
      account: account(index),
      clientOrderId: index + 1,
      price: 1 + (index % 1_000),
      quantity: 1,
    }));
  const cancel = () =>
    applyAll((index) => ({
      kind: CommandKind.CANCEL,
      account: account(index),
      clientOrderId: index + 1,
    }));

  before(() => {
    requestId += 1n;
    const create = { kind: CommandKind.CREATE_MARKET, session: 1, requestId };
    market.apply(commandRecord(create), 1, 1n, () => undefined);
  });

  test('an account takes what is stated', () => {
    const { usedBytes } = host;
    deposit();
    const bytes = (host.usedBytes - usedBytes) / COUNT;
    assert(bytes <= MAX_BYTES_PER_ACCOUNT, `${bytes} bytes an account`);
  });

  test('a resting order takes what is stated', () => {
    const { usedBytes } = host;
    place();
    assert.equal(market.openOrders(), COUNT);
    const bytes = (host.usedBytes - usedBytes) / COUNT;
    assert(bytes <= MAX_BYTES_PER_ORDER, `${bytes} bytes an order`);
  });

  test('what orders leave behind is enough for as many others', () => {
    cancel();
    const { usedBytes } = host;
    place();
    cancel();
    assert.equal(host.usedBytes, usedBytes);
  });

  test('a warm-up takes nothing from markets', () => {
    const { usedBytes } = host;
    warmUpKernel(kernel);
    assert.equal(host.usedBytes, usedBytes);
  });
});

describe('memory that is asked for ahead', () => {
  const MIB = 2 ** 20;

  test('is there as far as was asked, and begins where the kernel does', () => {
    const host = new KernelHost(kernel);
    const reserved = host.reserve(8 * MIB);
    assert.equal(reserved.byteOffset, 0);
    assert(reserved.byteLength >= host.usedBytes + 8 * MIB);
    assert.equal(host.reserve(0).byteLength, reserved.byteLength, 'no less than before');
    assert.equal(host.takeUntouched(MIB, MIB), undefined, 'all of it counts as touched');
  });

  test('is given in pieces that follow each other, up to what lies ahead', () => {
    const host = new KernelHost(kernel);
    host.reserve(8 * MIB);
    host.layCommands((4 * MIB) / RECORD_BYTES);
    let end = host.usedBytes + 4 * MIB;
    for (let piece = host.takeUntouched(MIB, MIB); piece !== undefined; ) {
      assert.equal(piece.byteOffset, end);
      assert(piece.byteLength <= MIB);
      end += piece.byteLength;
      piece = host.takeUntouched(MIB, MIB);
    }
    assert.equal(end, host.usedBytes + 4 * MIB, 'what is wanted ahead is there');
    host.layCommands((4 * MIB) / RECORD_BYTES - 1);
    assert.equal(host.takeUntouched(MIB, MIB), undefined, 'not got from the machine yet');
    assert(host.makeRoom(2 * MIB));
    assert.equal(host.takeUntouched(MIB, MIB / 4)?.byteOffset, end);
    assert.equal(host.takeUntouched(MIB, MIB)?.byteLength, MIB - MIB / 4);
  });

  test('begins behind what one that came took, as that is touched', () => {
    const host = new KernelHost(kernel);
    host.reserve(MIB);
    host.layCommands((16 * MIB) / RECORD_BYTES);
    assert(host.makeRoom(2 * MIB));
    const piece = host.takeUntouched(MIB, MIB);
    assert.deepEqual([piece?.byteOffset, piece?.byteLength], [host.usedBytes, MIB]);
  });

  test('is no more than it may have', () => {
    const host = new KernelHost(kernel, { mostBytes: 8 * MIB });
    assert(host.makeRoom(4 * MIB));
    assert.equal(host.makeRoom(8 * MIB), false);
    assert.throws(() => host.layCommands((8 * MIB) / RECORD_BYTES), /KERNEL_OUT_OF_MEMORY/);
  });

  test('more than a machine has is less than was asked for, and the kernel goes on', () => {
    const host = new KernelHost(kernel);
    const reserved = host.reserve(5_000 * MIB);
    assert(reserved.byteLength <= 4_096 * MIB);
    host.addMarket();
  });
});
