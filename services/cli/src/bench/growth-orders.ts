/** The commands of the benchmarks that fill an empty market. */
import { Asset, CommandKind, RECORD_BYTES, Side, viewOf, writeCommand } from '@foldbook/protocol';

const FIRST_ACCOUNT = 2;
const SESSION = 1;
/** Of each: all of them together are less than a market may hold. */
const FUNDS = 2n ** 40n;
/** Ticks that the orders are spread over. */
const LEVELS = 5_000;

/** Sell orders of accounts in turns, each at the next price; none trades. */
export function growthOrders(orders: number, accounts: number): Uint8Array {
  const records = new Uint8Array(orders * RECORD_BYTES);
  const view = viewOf(records);
  for (let index = 0; index < orders; index += 1) {
    const order = {
      kind: CommandKind.NEW,
      session: SESSION,
      requestId: BigInt(index + 1),
      clientOrderId: BigInt(index + 1),
      side: Side.SELL,
      timeInForce: 0,
      price: BigInt(1_000 + (index % LEVELS)),
      quantity: 1n,
    } as const;
    writeCommand(view, index * RECORD_BYTES, order, FIRST_ACCOUNT + (index % accounts));
  }
  return records;
}

/** Makes the market, and gives the accounts what their orders hold. */
export function growthSetUp(accounts: number): Uint8Array {
  const records = new Uint8Array((accounts + 1) * RECORD_BYTES);
  const view = viewOf(records);
  const create = { kind: CommandKind.CREATE_MARKET, makerFeePpm: 0, takerFeePpm: 0 } as const;
  writeCommand(view, 0, { ...create, session: SESSION, requestId: 1n }, 0);
  for (let index = 0; index < accounts; index += 1) {
    const deposit = {
      kind: CommandKind.DEPOSIT,
      session: SESSION,
      requestId: BigInt(index) + 2n,
      account: FIRST_ACCOUNT + index,
      asset: Asset.BASE,
      amount: FUNDS,
    };
    writeCommand(view, (index + 1) * RECORD_BYTES, deposit, 0);
  }
  return records;
}
