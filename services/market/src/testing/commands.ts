/** Short ways to write commands in tests; request ids rise by themselves. */
import { Asset, type Command, CommandKind, Side, TimeInForce } from '@foldbook/protocol';

let nextRequestId = 1n;

const request = () => {
  const requestId = nextRequestId;
  nextRequestId += 1n;
  return { session: 0, requestId };
};

export const createMarket = (makerFeePpm = 0, takerFeePpm = 0): Command => ({
  kind: CommandKind.CREATE_MARKET,
  ...request(),
  makerFeePpm,
  takerFeePpm,
});

export const deposit = (account: number, asset: Asset, amount: bigint): Command => ({
  kind: CommandKind.DEPOSIT,
  ...request(),
  account,
  asset,
  amount,
});

/** Enough of both assets for any test. */
export const fund = (account: number): Command[] => [
  deposit(account, Asset.BASE, 1_000_000n),
  deposit(account, Asset.QUOTE, 1_000_000_000n),
];

export const closeEpoch = (): Command => ({ kind: CommandKind.CLOSE_EPOCH, ...request() });

const order = (side: Side, clientOrderId: number, price: number, quantity: number): Command => ({
  kind: CommandKind.NEW,
  ...request(),
  side,
  clientOrderId: BigInt(clientOrderId),
  price: BigInt(price),
  quantity: BigInt(quantity),
  timeInForce: TimeInForce.GTC,
});

export const buy = (clientOrderId: number, price: number, quantity: number) =>
  order(Side.BUY, clientOrderId, price, quantity);

export const sell = (clientOrderId: number, price: number, quantity: number) =>
  order(Side.SELL, clientOrderId, price, quantity);

export const cancel = (clientOrderId: number): Command => ({
  kind: CommandKind.CANCEL,
  ...request(),
  clientOrderId: BigInt(clientOrderId),
});
