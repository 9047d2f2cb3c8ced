/** Commands for property tests: any values that a record can hold, sense or not. */
import fc from 'fast-check';
import type { AdminCommand, Command, OrderCommand } from '../command.ts';
import { Asset, CommandKind, RECORD_BYTES, Side, TimeInForce } from '../layout.ts';
import { MAX_ACCOUNT } from '../limits.ts';

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const request = { session: fc.nat(2 ** 16 - 1), requestId: u64 };
const order = {
  ...request,
  clientOrderId: u64,
  timeInForce: fc.constantFrom(...Object.values(TimeInForce)),
  price: u64,
  quantity: u64,
};
const side = fc.constantFrom(...Object.values(Side));
const asset = fc.constantFrom(...Object.values(Asset));
const deposit: fc.Arbitrary<AdminCommand> = fc.record({
  ...request,
  kind: fc.constantFrom(CommandKind.DEPOSIT, CommandKind.WITHDRAW),
  account: fc.nat(MAX_ACCOUNT),
  asset,
  amount: u64,
});

export const account = fc.nat(MAX_ACCOUNT);

export const orderCommand: fc.Arbitrary<OrderCommand> = fc.oneof(
  fc.record({ ...order, kind: fc.constant(CommandKind.NEW), side }),
  fc.record({ ...order, kind: fc.constant(CommandKind.REPLACE) }),
  fc.record({ ...request, kind: fc.constant(CommandKind.CANCEL), clientOrderId: u64 }),
);

export const adminCommand: fc.Arbitrary<AdminCommand> = fc.oneof(
  deposit,
  fc.record({
    ...request,
    kind: fc.constant(CommandKind.CREATE_MARKET),
    makerFeePpm: i32,
    takerFeePpm: i32,
  }),
  fc.record({ ...request, kind: fc.constant(CommandKind.CLOSE_EPOCH) }),
);

export interface Sent {
  readonly role: 'client' | 'operator';
  readonly account: number;
  readonly commands: readonly Command[];
}

/** What one sender may put into one message. */
export const sent: fc.Arbitrary<Sent> = fc.oneof(
  fc.record({
    role: fc.constant('client' as const),
    account,
    commands: fc.array(orderCommand, { minLength: 1, maxLength: 6 }),
  }),
  fc.record({
    role: fc.constant('operator' as const),
    account: fc.constant(0),
    commands: fc.array(adminCommand, { minLength: 1, maxLength: 6 }),
  }),
);

/** Whole records of random bytes. */
export const records = fc
  .array(fc.uint8Array({ minLength: RECORD_BYTES, maxLength: RECORD_BYTES }), { maxLength: 6 })
  .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])));
