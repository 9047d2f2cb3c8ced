/** The orders of an account that has many: listed and found by id, whichever of them leave. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Asset,
  CommandKind,
  EventKind,
  EventOffset,
  RECORD_BYTES,
  TimeInForce,
  viewOf,
} from '@foldbook/protocol';
import { buildKernel } from '../../build.ts';
import { type CommandFields, commandRecord, concatenate } from '../command-record.ts';
import { Dice } from '../dice.ts';
import type { KernelEngine } from './kernel-engine.ts';
import { KernelHost } from './kernel-host.ts';
import { loadKernel } from './kernel-module.ts';

const ACCOUNT = 2;
const ROUNDS = 30;
/** Of a round: enough for trees of several levels. */
const MOST_ORDERS = 1_500;

await buildKernel();
const kernel = await loadKernel();

/** One account of the kernel, next to the ids that it should have. */
class Orders {
  readonly market: KernelEngine;
  ids: bigint[] = [];
  #requestId = 0n;

  constructor(market: KernelEngine) {
    this.market = market;
    this.apply([{ kind: CommandKind.CREATE_MARKET }]);
    this.apply([{ kind: CommandKind.DEPOSIT, asset: Asset.QUOTE, amount: 2n ** 60n }]);
  }

  apply(commands: readonly CommandFields[]): Uint8Array[] {
    const records = commands.map((fields) => {
      this.#requestId += 1n;
      return commandRecord({ account: ACCOUNT, session: 1, requestId: this.#requestId, ...fields });
    });
    const events: Uint8Array[] = [];
    this.market.apply(concatenate(records), records.length, 1n, (block, count) => {
      for (let at = 0; at < count * RECORD_BYTES; at += RECORD_BYTES) {
        events.push(block.slice(at, at + RECORD_BYTES));
      }
    });
    return events;
  }

  place(count: number): void {
    const first = this.market.sequence + 1n;
    const ids = Array.from({ length: count }, (_, index) => first + BigInt(index));
    this.apply(
      ids.map((id) => ({
        kind: CommandKind.NEW,
        timeInForce: TimeInForce.GTC,
        clientOrderId: id,
        price: 1n + (id % 50n),
        quantity: 1,
      })),
    );
    this.ids.push(...ids);
  }

  cancel(ids: readonly bigint[], byName: boolean): void {
    const events = this.apply(
      ids.map((id) =>
        byName
          ? { kind: CommandKind.CANCEL, clientOrderId: id }
          : { kind: CommandKind.CANCEL_ORDER, orderId: id },
      ),
    );
    const kinds = events.map((event) => event[EventOffset.KIND]);
    const cancelled = kinds.filter((kind) => kind === EventKind.CANCELLED).length;
    assert.equal(cancelled, ids.length);
    const gone = new Set(ids);
    this.ids = this.ids.filter((id) => !gone.has(id));
  }

  /** The first ids after one, as the kernel lists them. */
  after(id: bigint, limit: number): bigint[] {
    const records = this.market.openOrdersOf(ACCOUNT, id, limit);
    const view = viewOf(records);
    return Array.from({ length: records.byteLength / RECORD_BYTES }, (_, index) =>
      view.getBigUint64(index * RECORD_BYTES + EventOffset.ORDER_ID, true),
    );
  }

  check(dice: Dice): void {
    assert.equal(this.market.openOrders(), this.ids.length);
    const last = Number(this.market.sequence) + 1;
    for (const id of [0, ...Array.from({ length: 4 }, () => dice.below(last))]) {
      const expected = this.ids.filter((one) => one > BigInt(id)).slice(0, 40);
      assert.deepEqual(this.after(BigInt(id), 40), expected, `after ${id}`);
    }
  }
}

/** Which of the orders leave. */
const LEAVING: readonly ((ids: readonly bigint[], dice: Dice) => bigint[])[] = [
  (ids, dice) => ids.filter(() => dice.oneIn(2)),
  (ids, dice) => ids.slice(0, dice.below(ids.length + 1)),
  (ids, dice) => ids.slice(dice.below(ids.length + 1)).reverse(),
  // All but one here and there, so that chunks and nodes stay that have little in them.
  (ids, dice) => ids.filter(() => !dice.oneIn(300)),
  (ids) => [...ids],
];

test('orders of one account are listed and found in order of their ids', () => {
  for (const seed of [1, 2, 3]) {
    const dice = new Dice(seed);
    const orders = new Orders(new KernelHost(kernel).addMarket());
    for (let round = 0; round < ROUNDS; round += 1) {
      orders.place(1 + dice.below(MOST_ORDERS));
      orders.check(dice);
      const leave = LEAVING[dice.below(LEAVING.length)];
      assert(leave !== undefined);
      orders.cancel(leave(orders.ids, dice), dice.oneIn(2));
      orders.check(dice);
    }
    const [all] = orders.apply([{ kind: CommandKind.CANCEL_ALL, side: 2 }]).slice(-1);
    assert.equal(all?.[EventOffset.KIND], EventKind.ALL_CANCELLED);
    assert.equal(orders.market.openOrders(), 0);
  }
});

test('what the orders of an account leave behind is used again', () => {
  const host = new KernelHost(kernel);
  const orders = new Orders(host.addMarket());
  const rounds = () => {
    for (let round = 0; round < 5; round += 1) {
      orders.place(5_000);
      orders.cancel(orders.ids.slice(0, 4_999), true);
      orders.cancel(orders.ids, false);
    }
  };
  rounds();
  const { usedBytes } = host;
  rounds();
  assert.equal(host.usedBytes, usedBytes);
});
