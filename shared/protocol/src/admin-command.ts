/** What operators command, as objects, and the bytes of each in a record. */
import assert from 'node:assert/strict';
import type { Request } from './command.ts';
import {
  type Asset,
  CommandKind,
  CommandOffset,
  LimitsOffset,
  MarketOffset,
  type MarketState,
  TransferOffset,
} from './layout.ts';
import { putMarketName } from './market-name.ts';
import type { AnySide } from './names.ts';
import { putI32, putSymbol, putU8, putU32, putU64 } from './record-writer.ts';

interface MoveFunds extends Request {
  /** The account that is credited or debited; the operator's own identity is the subject. */
  readonly account: number;
  readonly asset: Asset;
  readonly amount: bigint;
}

export interface Deposit extends MoveFunds {
  readonly kind: typeof CommandKind.DEPOSIT;
  /** Of a transfer that arrives, the market that paid it; of one that comes back, the other. */
  readonly fromMarket?: string;
  /** What comes back: which of the transfers that this market paid, from 1. */
  readonly returns?: number;
}

export interface Withdraw extends MoveFunds {
  readonly kind: typeof CommandKind.WITHDRAW;
  /** Makes it a transfer: where the amount goes. */
  readonly toMarket?: string;
  /** Whose it is there; 0: the same account's. */
  readonly toAccount?: number;
  /** Which asset it is there; the base asset where it is left out. */
  readonly toAsset?: Asset;
}

/** Moves quote units from the market's fee account to what an account has available. */
export interface CollectFees extends Request {
  readonly kind: typeof CommandKind.COLLECT_FEES;
  readonly account: number;
  readonly amount: bigint;
}

export interface CreateMarket extends Request {
  readonly kind: typeof CommandKind.CREATE_MARKET;
  /** Rates of every tier at first. */
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  /** The highest rate that a tier may ever have; 0: the higher of the two rates, or 0. */
  readonly maxFeePpm?: number;
  /** Up to eight characters; empty where left out. */
  readonly baseSymbol?: string;
  readonly quoteSymbol?: string;
  /** How people are shown prices and quantities; the engine counts ticks and lots. */
  readonly priceDecimals?: number;
  readonly quantityDecimals?: number;
}

/** Request id 0 is a sequencer's own: it belongs to no session. */
export interface CloseEpoch extends Request {
  readonly kind: typeof CommandKind.CLOSE_EPOCH;
}

export interface SetFees extends Request {
  readonly kind: typeof CommandKind.SET_FEES;
  readonly tier: number;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
}

export interface SetTier extends Request {
  readonly kind: typeof CommandKind.SET_TIER;
  readonly account: number;
  readonly tier: number;
}

/** All limits at once; 0 is none. */
export interface Configure extends Request {
  readonly kind: typeof CommandKind.CONFIGURE;
  readonly minPrice: bigint;
  readonly maxPrice: bigint;
  readonly maxQuantity: bigint;
  /** How far a price may be from the last trade's, parts per million. */
  readonly bandPpm: number;
  /** Of an account. */
  readonly maxOpenOrders: number;
}

export interface SetState extends Request {
  readonly kind: typeof CommandKind.SET_STATE;
  readonly state: MarketState;
}

/** Request id 0 is a sequencer's own: it belongs to no session. */
export interface Clock extends Request {
  readonly kind: typeof CommandKind.CLOCK;
}

export interface Purge extends Request {
  readonly kind: typeof CommandKind.PURGE;
  /** Whose orders; 0 is everybody's. */
  readonly account: number;
  readonly side: AnySide;
}

export type AdminCommand =
  | Deposit
  | Withdraw
  | CollectFees
  | CreateMarket
  | CloseEpoch
  | SetFees
  | SetTier
  | Configure
  | SetState
  | Clock
  | Purge;

/** Writes what a command has besides its kind and request into a record of zeros. */
export function writeAdminFields(view: DataView, offset: number, command: AdminCommand): void {
  switch (command.kind) {
    case CommandKind.DEPOSIT:
      writeFunds(view, offset, command);
      putU32(view, offset + TransferOffset.RETURNS, 'returns', command.returns ?? 0);
      putMarketName(view, offset, 'fromMarket', command.fromMarket ?? '');
      return;
    case CommandKind.WITHDRAW:
      writeFunds(view, offset, command);
      putU32(view, offset + TransferOffset.TO_ACCOUNT, 'toAccount', command.toAccount ?? 0);
      putU8(view, offset + TransferOffset.TO_ASSET, 'toAsset', command.toAsset ?? 0);
      putMarketName(view, offset, 'toMarket', command.toMarket ?? '');
      return;
    case CommandKind.COLLECT_FEES:
      putU32(view, offset + CommandOffset.ACCOUNT, 'account', command.account);
      putU64(view, offset + CommandOffset.QUANTITY, 'amount', command.amount);
      return;
    case CommandKind.CREATE_MARKET:
      writeRates(view, offset, command);
      writeMarket(view, offset, command);
      return;
    case CommandKind.SET_FEES:
      putU32(view, offset + CommandOffset.TIER, 'tier', command.tier);
      writeRates(view, offset, command);
      return;
    case CommandKind.SET_TIER:
      putU32(view, offset + CommandOffset.ACCOUNT, 'account', command.account);
      putU32(view, offset + CommandOffset.TIER, 'tier', command.tier);
      return;
    case CommandKind.CONFIGURE:
      putU64(view, offset + LimitsOffset.MIN_PRICE, 'minPrice', command.minPrice);
      putU64(view, offset + LimitsOffset.MAX_PRICE, 'maxPrice', command.maxPrice);
      putU64(view, offset + LimitsOffset.MAX_QUANTITY, 'maxQuantity', command.maxQuantity);
      putU32(view, offset + LimitsOffset.BAND_PPM, 'bandPpm', command.bandPpm);
      putU32(view, offset + LimitsOffset.MAX_OPEN_ORDERS, 'maxOpenOrders', command.maxOpenOrders);
      return;
    case CommandKind.SET_STATE:
      putU8(view, offset + CommandOffset.SIDE, 'state', command.state);
      return;
    case CommandKind.PURGE:
      putU32(view, offset + CommandOffset.ACCOUNT, 'account', command.account);
      putU8(view, offset + CommandOffset.SIDE, 'side', command.side);
      return;
    case CommandKind.CLOSE_EPOCH:
    case CommandKind.CLOCK:
      return;
    default: {
      const unknown: never = command;
      assert.fail(`no such command ${String(unknown)}`);
    }
  }
}

function writeFunds(view: DataView, offset: number, command: MoveFunds): void {
  putU32(view, offset + CommandOffset.ACCOUNT, 'account', command.account);
  putU8(view, offset + CommandOffset.ASSET, 'asset', command.asset);
  putU64(view, offset + CommandOffset.QUANTITY, 'amount', command.amount);
}

function writeRates(view: DataView, offset: number, rates: CreateMarket | SetFees): void {
  putI32(view, offset + CommandOffset.MAKER_FEE_PPM, 'makerFeePpm', rates.makerFeePpm);
  putI32(view, offset + CommandOffset.TAKER_FEE_PPM, 'takerFeePpm', rates.takerFeePpm);
}

function writeMarket(view: DataView, offset: number, market: CreateMarket): void {
  const { priceDecimals = 0, quantityDecimals = 0, maxFeePpm = 0 } = market;
  putU8(view, offset + MarketOffset.PRICE_DECIMALS, 'priceDecimals', priceDecimals);
  putU8(view, offset + MarketOffset.QUANTITY_DECIMALS, 'quantityDecimals', quantityDecimals);
  putU32(view, offset + MarketOffset.MAX_FEE_PPM, 'maxFeePpm', maxFeePpm);
  putSymbol(view, offset + MarketOffset.BASE_SYMBOL, 'baseSymbol', market.baseSymbol ?? '');
  putSymbol(view, offset + MarketOffset.QUOTE_SYMBOL, 'quoteSymbol', market.quoteSymbol ?? '');
}
