/** What operators do (RULES.md, sections 7 and 8). */
import {
  Account,
  Asset,
  ClockOffset,
  CommandKind,
  ConfiguredOffset,
  EpochOffset,
  EventKind,
  FEE_TIERS,
  FundsOffset,
  MAX_AMOUNT,
  MAX_BAND_PPM,
  MAX_DECIMALS,
  MAX_FEE_PPM,
  MAX_PRICE,
  MAX_QUANTITY,
  MAX_SYMBOL,
  MarketCreatedOffset,
  MarketState,
  ResultCode,
} from '@foldbook/protocol';
import { isClient } from './accounts.ts';
import type { CommandRecord, CreationRecord, Limits } from './command.ts';
import type { FeeRates } from './fees.ts';
import type { Market, Refusal } from './market.ts';
import { stateHash } from './state-hash.ts';

export function createMarket(
  market: Market,
  command: CommandRecord,
  rates: FeeRates,
  creation: CreationRecord,
): Refusal {
  if (market.creation !== undefined) return ResultCode.MARKET_ALREADY_CREATED;
  const { makerPpm, takerPpm } = rates;
  if (!areRatesInRange(rates) || makerPpm + takerPpm < 0) return ResultCode.INVALID_FEES;
  const highest = Math.max(makerPpm, takerPpm, 0);
  const maxFeePpm = creation.maxFeePpm === 0 ? highest : creation.maxFeePpm;
  if (maxFeePpm > MAX_FEE_PPM || maxFeePpm < highest) return ResultCode.INVALID_FEES;
  const { baseSymbol, quoteSymbol, priceDecimals, quantityDecimals } = creation;
  const areSymbolsValid = isSymbol(baseSymbol) && isSymbol(quoteSymbol);
  const areSymbolsEqual = baseSymbol === quoteSymbol && baseSymbol !== 0n;
  if (!areSymbolsValid || areSymbolsEqual) return ResultCode.INVALID_SYMBOL;
  if (priceDecimals > MAX_DECIMALS || quantityDecimals > MAX_DECIMALS) {
    return ResultCode.INVALID_DECIMALS;
  }
  market.creation = { ...creation, maxFeePpm };
  market.tiers = market.tiers.map(() => rates);
  market.events
    .answer(EventKind.MARKET_CREATED, command)
    .i32(MarketCreatedOffset.MAKER_FEE_PPM, makerPpm)
    .i32(MarketCreatedOffset.TAKER_FEE_PPM, takerPpm)
    .u64(MarketCreatedOffset.BASE_SYMBOL, baseSymbol)
    .u64(MarketCreatedOffset.QUOTE_SYMBOL, quoteSymbol)
    .u8(MarketCreatedOffset.PRICE_DECIMALS, priceDecimals)
    .u8(MarketCreatedOffset.QUANTITY_DECIMALS, quantityDecimals)
    .u32(MarketCreatedOffset.MAX_FEE_PPM, maxFeePpm);
  return undefined;
}

const areRatesInRange = ({ makerPpm, takerPpm }: FeeRates): boolean =>
  Math.abs(makerPpm) <= MAX_FEE_PPM && Math.abs(takerPpm) <= MAX_FEE_PPM;

/** Up to eight of A-Z, 0-9, "." and "-", then zeros. */
export function isSymbol(symbol: bigint): boolean {
  const bytes = Array.from({ length: MAX_SYMBOL }, (_, index) =>
    Number((symbol >> BigInt(8 * index)) & 0xffn),
  );
  const end = bytes.includes(0) ? bytes.indexOf(0) : MAX_SYMBOL;
  const text = String.fromCharCode(...bytes.slice(0, end));
  return /^[A-Z0-9.-]*$/.test(text) && bytes.slice(end).every((byte) => byte === 0);
}

export function setFees(market: Market, command: CommandRecord, rates: FeeRates): Refusal {
  const tier = command.expireTime;
  if (tier >= FEE_TIERS) return ResultCode.INVALID_TIER;
  const maxFeePpm = market.creation?.maxFeePpm ?? 0;
  if (!areRatesInRange(rates)) return ResultCode.INVALID_FEES;
  if (rates.makerPpm > maxFeePpm || rates.takerPpm > maxFeePpm) return ResultCode.INVALID_FEES;
  const tiers = market.tiers.with(tier, rates);
  const isPairNegative = tiers.some(({ makerPpm }) =>
    tiers.some(({ takerPpm }) => makerPpm + takerPpm < 0),
  );
  if (isPairNegative) return ResultCode.INVALID_FEES;
  market.tiers = tiers;
  market.events
    .answer(EventKind.FEES_CHANGED, command, { side: tier })
    .i32(MarketCreatedOffset.MAKER_FEE_PPM, rates.makerPpm)
    .i32(MarketCreatedOffset.TAKER_FEE_PPM, rates.takerPpm);
  return undefined;
}

export function setTier(market: Market, command: CommandRecord): Refusal {
  const { account, expireTime: tier } = command;
  if (!isClient(account)) return ResultCode.INVALID_ACCOUNT;
  if (tier >= FEE_TIERS) return ResultCode.INVALID_TIER;
  market.ledger.setTier(account, tier);
  market.events.answer(EventKind.TIER_CHANGED, command, { account, side: tier });
  return undefined;
}

export function configure(market: Market, command: CommandRecord, limits: Limits): Refusal {
  const { minPrice, maxPrice, maxQuantity, bandPpm, maxOpenOrders } = limits;
  const isInRange =
    minPrice <= MAX_PRICE &&
    maxPrice <= MAX_PRICE &&
    maxQuantity <= MAX_QUANTITY &&
    bandPpm <= MAX_BAND_PPM;
  const isUpsideDown = minPrice !== 0n && maxPrice !== 0n && minPrice > maxPrice;
  if (!isInRange || isUpsideDown) return ResultCode.INVALID_CONFIGURATION;
  market.limits = limits;
  market.events
    .answer(EventKind.CONFIGURED, command)
    .u64(ConfiguredOffset.MIN_PRICE, minPrice)
    .u64(ConfiguredOffset.MAX_PRICE, maxPrice)
    .u64(ConfiguredOffset.MAX_QUANTITY, maxQuantity)
    .u32(ConfiguredOffset.BAND_PPM, bandPpm)
    .u32(ConfiguredOffset.MAX_OPEN_ORDERS, maxOpenOrders);
  return undefined;
}

export function setState(market: Market, command: CommandRecord): Refusal {
  const { side: state } = command;
  if (state > MarketState.CANCEL_ONLY) return ResultCode.INVALID_STATE;
  market.state = state;
  market.events.answer(EventKind.STATE_CHANGED, command, { side: state });
  return undefined;
}

export function advanceClock(market: Market, command: CommandRecord): Refusal {
  market.events.answer(EventKind.CLOCK_ADVANCED, command).u64(ClockOffset.TIME_NS, market.timeNs);
  return undefined;
}

/**
 * An epoch ends with its mark, whose hash is of the state in which the next one begins.
 * @param enterWindow - enters the command into the window of its session, if it has one
 */
export function closeEpoch(market: Market, enterWindow: () => void): Refusal {
  const { events, epoch, sequence, timeNs } = market;
  market.epoch = {
    number: epoch.number + 1n,
    recordFirst: epoch.recordFirst + epoch.recordCount,
    recordCount: 0n,
    sequenceFirst: sequence + 1n,
  };
  enterWindow();
  events
    .event(EventKind.EPOCH_MARK)
    .u64(EpochOffset.EPOCH, epoch.number)
    .u64(EpochOffset.RECORD_FIRST, epoch.recordFirst)
    .u64(EpochOffset.RECORD_COUNT, epoch.recordCount)
    .u64(EpochOffset.STATE_HASH, stateHash(market))
    .u64(EpochOffset.SEQUENCE_FIRST, epoch.sequenceFirst)
    .u64(EpochOffset.TIME_NS, timeNs);
  return undefined;
}

/** DEPOSIT and WITHDRAW. */
export function moveFunds(market: Market, command: CommandRecord): Refusal {
  const { kind, account, orderType: asset, quantity: amount } = command;
  const { ledger } = market;
  if (!isClient(account)) return ResultCode.INVALID_ACCOUNT;
  if (asset !== Asset.BASE && asset !== Asset.QUOTE) return ResultCode.INVALID_ASSET;
  if (!isAmount(amount)) return ResultCode.INVALID_QUANTITY;
  if (kind === CommandKind.DEPOSIT) {
    const supply = ledger.available(Account.SUPPLY, asset) + amount;
    if (supply > MAX_AMOUNT) return ResultCode.BALANCE_LIMIT;
    ledger.supply(account, asset, amount);
  } else {
    if (ledger.available(account, asset) < amount) return ResultCode.INSUFFICIENT_FUNDS;
    ledger.supply(account, asset, -amount);
  }
  tellFunds(market, command, asset);
  return undefined;
}

/** COLLECT_FEES, which are in the quote asset. */
export function collectFees(market: Market, command: CommandRecord): Refusal {
  const { account, quantity: amount } = command;
  const { ledger } = market;
  if (!isClient(account)) return ResultCode.INVALID_ACCOUNT;
  if (!isAmount(amount)) return ResultCode.INVALID_QUANTITY;
  if (ledger.available(Account.FEES, Asset.QUOTE) < amount) return ResultCode.INSUFFICIENT_FUNDS;
  ledger.move(Account.FEES, account, Asset.QUOTE, amount);
  tellFunds(market, command, Asset.QUOTE);
  return undefined;
}

const isAmount = (amount: bigint) => amount >= 1n && amount <= MAX_AMOUNT;

/** One settlement record, and the account as it is now. */
function tellFunds(market: Market, command: CommandRecord, asset: Asset): void {
  const { kind, account, quantity: amount } = command;
  const { ledger } = market;
  market.countRecord();
  market.events
    .answer(EventKind.FUNDS, command, { account, side: asset, code: kind })
    .u64(FundsOffset.AMOUNT, amount)
    .u64(FundsOffset.AVAILABLE, ledger.available(account, asset))
    .u64(FundsOffset.HELD, ledger.held(account, asset));
}
