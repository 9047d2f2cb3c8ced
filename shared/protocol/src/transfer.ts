/**
 * Transfers between markets: what stands in records, and how they are numbered. A transfer is a
 * WITHDRAW that names another market, and a DEPOSIT there that names the first; one that the other
 * market refuses comes back as a DEPOSIT of the market that paid it.
 */
import assert from 'node:assert/strict';
import { Asset, CommandKind, CommandOffset, TransferOffset } from './layout.ts';
import { MAX_COMMANDS_PER_GROUP } from './limits.ts';
import { readMarketName } from './market-name.ts';

/** Of the paying markets: as many as a venue may have. */
const PARTITIONS = 1_024;
/** Of account 0: what comes from partition p has the session `FIRST_TRANSFER_SESSION` + p. */
export const FIRST_TRANSFER_SESSION = 32_768;
/** Of account 0: what a market pays back to itself. */
export const RETURN_SESSION = FIRST_TRANSFER_SESSION + PARTITIONS;

/** Of account 0, whether operators leave it alone: transfers are numbered in it. */
export const isTransferSession = (session: number) =>
  session >= FIRST_TRANSFER_SESSION && session <= RETURN_SESSION;

/** The session of account 0 in which deposits come from markets of a partition. */
export function transferSession(partition: number): number {
  assert(partition >= 0 && partition < PARTITIONS, `partition ${partition}`);
  return FIRST_TRANSFER_SESSION + partition;
}

/**
 * The number of a transfer in its partition, which is the request id of its deposit: the sequence
 * of its group in the log, and its place there.
 */
export function transferPosition(logSequence: number, index: number): bigint {
  assert(index >= 0 && index < MAX_COMMANDS_PER_GROUP, `command ${index} of a group`);
  return BigInt(logSequence) * BigInt(MAX_COMMANDS_PER_GROUP) + BigInt(index);
}

/** What a WITHDRAW that names a market says. */
export interface TransferOut {
  readonly type: 'out';
  readonly to: string;
  readonly account: number;
  readonly asset: Asset;
  readonly amount: bigint;
  readonly toAccount: number;
  readonly toAsset: Asset;
}

/** What a DEPOSIT that names a market says. */
export interface TransferIn {
  /** `return`: of this market's own transfer, number `returns`. */
  readonly type: 'arrival' | 'return';
  readonly from: string;
  readonly session: number;
  readonly requestId: bigint;
  readonly returns: number;
}

const baseOrQuote = (value: number): Asset => (value === Asset.QUOTE ? Asset.QUOTE : Asset.BASE);

/** The part that the command record at `offset` has in a transfer; undefined for all others. */
export function readTransfer(view: DataView, offset: number): TransferOut | TransferIn | undefined {
  const kind = view.getUint8(offset + CommandOffset.KIND);
  if (kind !== CommandKind.WITHDRAW && kind !== CommandKind.DEPOSIT) return undefined;
  if (view.getUint8(offset + TransferOffset.MARKET) === 0) return undefined;
  const market = readMarketName(view, offset);
  if (kind === CommandKind.DEPOSIT) {
    const returns = view.getUint32(offset + TransferOffset.RETURNS, true);
    const session = view.getUint16(offset + CommandOffset.SESSION, true);
    const requestId = view.getBigUint64(offset + CommandOffset.REQUEST_ID, true);
    const type = returns === 0 ? 'arrival' : 'return';
    return { type, from: market, session, requestId, returns };
  }
  const account = view.getUint32(offset + CommandOffset.ACCOUNT, true);
  const toAccount = view.getUint32(offset + TransferOffset.TO_ACCOUNT, true);
  return {
    type: 'out',
    to: market,
    account,
    asset: baseOrQuote(view.getUint8(offset + CommandOffset.ASSET)),
    amount: view.getBigUint64(offset + CommandOffset.QUANTITY, true),
    toAccount: toAccount === 0 ? account : toAccount,
    toAsset: baseOrQuote(view.getUint8(offset + TransferOffset.TO_ASSET)),
  };
}
