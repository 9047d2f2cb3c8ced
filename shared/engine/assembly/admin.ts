/** What only operators do. RULES.md, sections 7 and 8. */
import {
  BASE_AVAILABLE,
  BASE_HELD,
  QUOTE_AVAILABLE,
  QUOTE_HELD,
  TIER,
  accountAt,
  credit,
  ensureAccount,
  weightOfAccount,
} from './accounts';
import { headWord, write } from './events';
import * as M from './market';
import { requestOf, sessionOf } from './order-events';
import * as P from './protocol';
import { P4 } from './scramble';
import { stateHash } from './state-hash';

// @ts-ignore: decorator
@inline
export function isClient(account: u32): bool {
  return account >= P.FIRST_CLIENT && account <= P.MAX_ACCOUNT;
}

function checkMove(command: usize, asset: u32): u32 {
  if (!isClient(load<u32>(command, P.COMMAND_ACCOUNT))) return P.INVALID_ACCOUNT;
  if (asset > P.QUOTE) return P.INVALID_ASSET;
  // One below zero is out of range, too.
  if (load<u64>(command, P.COMMAND_QUANTITY) - 1 >= P.MAX_AMOUNT) return P.INVALID_QUANTITY;
  return P.OK;
}

export function deposit(market: usize, command: usize): u32 {
  const asset = <u32>load<u8>(command, P.COMMAND_ASSET);
  const code = checkMove(command, asset);
  if (code != P.OK) return code;
  const isQuote = asset == P.QUOTE;
  const amount = load<u64>(command, P.COMMAND_QUANTITY);
  const supply: usize = load<u32>(market, M.SUPPLY);
  const outstanding = load<u64>(supply + (isQuote ? QUOTE_AVAILABLE : BASE_AVAILABLE));
  if (amount > P.MAX_AMOUNT - outstanding) return P.BALANCE_LIMIT;
  const id = load<u32>(command, P.COMMAND_ACCOUNT);
  const account = ensureAccount(market, id);
  credit(market, supply, P.SUPPLY_ACCOUNT, isQuote, amount);
  credit(market, account, id, isQuote, amount);
  tellFunds(market, command, account, isQuote);
  return P.OK;
}

export function withdraw(market: usize, command: usize): u32 {
  const asset = <u32>load<u8>(command, P.COMMAND_ASSET);
  const code = checkMove(command, asset);
  if (code != P.OK) return code;
  const isQuote = asset == P.QUOTE;
  const amount = load<u64>(command, P.COMMAND_QUANTITY);
  const id = load<u32>(command, P.COMMAND_ACCOUNT);
  const account = accountAt(market, id);
  if (account == 0) return P.INSUFFICIENT_FUNDS;
  const available = load<u64>(account + (isQuote ? QUOTE_AVAILABLE : BASE_AVAILABLE));
  if (available < amount) return P.INSUFFICIENT_FUNDS;
  credit(market, load<u32>(market, M.SUPPLY), P.SUPPLY_ACCOUNT, isQuote, 0 - amount);
  credit(market, account, id, isQuote, 0 - amount);
  tellFunds(market, command, account, isQuote);
  return P.OK;
}

/** Fees are in the quote asset. */
export function collectFees(market: usize, command: usize): u32 {
  const code = checkMove(command, P.QUOTE);
  if (code != P.OK) return code;
  const fees: usize = load<u32>(market, M.FEES);
  const amount = load<u64>(command, P.COMMAND_QUANTITY);
  if (load<u64>(fees, QUOTE_AVAILABLE) < amount) return P.INSUFFICIENT_FUNDS;
  const id = load<u32>(command, P.COMMAND_ACCOUNT);
  const account = ensureAccount(market, id);
  credit(market, fees, P.FEES_ACCOUNT, true, 0 - amount);
  credit(market, account, id, true, amount);
  tellFunds(market, command, account, true);
  return P.OK;
}

/** One settlement record, and the account as it is now. */
function tellFunds(market: usize, command: usize, account: usize, isQuote: bool): void {
  M.countRecord(market);
  const id = load<u32>(command, P.COMMAND_ACCOUNT);
  const head = headWord(P.FUNDS, <u32>isQuote, load<u8>(command), id);
  const amount = load<u64>(command, P.COMMAND_QUANTITY);
  const available = load<u64>(account + (isQuote ? QUOTE_AVAILABLE : BASE_AVAILABLE));
  const held = load<u64>(account + (isQuote ? QUOTE_HELD : BASE_HELD));
  write(market, head, amount, available, held, 0, requestOf(command), sessionOf(command));
}

export function createMarket(market: usize, command: usize): u32 {
  if (load<u8>(market, M.CREATED) != 0) return P.MARKET_ALREADY_CREATED;
  const maker = load<i32>(command, P.COMMAND_MAKER_FEE_PPM);
  const taker = load<i32>(command, P.COMMAND_TAKER_FEE_PPM);
  if (!areRates(maker, taker) || maker + taker < 0) return P.INVALID_FEES;
  const highest = <u32>max<i32>(max<i32>(maker, taker), 0);
  const maxFeePpm = load<u32>(command, P.COMMAND_MAX_FEE_PPM);
  if (maxFeePpm > <u32>P.MAX_FEE_PPM) return P.INVALID_FEES;
  if (maxFeePpm != 0 && maxFeePpm < highest) return P.INVALID_FEES;
  const base = load<u64>(command, P.COMMAND_BASE_SYMBOL);
  const quote = load<u64>(command, P.COMMAND_QUOTE_SYMBOL);
  if (!isSymbol(base) || !isSymbol(quote)) return P.INVALID_SYMBOL;
  if (base == quote && base != 0) return P.INVALID_SYMBOL;
  const priceDecimals = load<u8>(command, P.COMMAND_PRICE_DECIMALS);
  const quantityDecimals = load<u8>(command, P.COMMAND_QUANTITY_DECIMALS);
  if (max(priceDecimals, quantityDecimals) > <u8>P.MAX_DECIMALS) return P.INVALID_DECIMALS;
  store<u8>(market, 1, M.CREATED);
  store<u8>(market, 1, M.IS_OPEN);
  store<u8>(market, priceDecimals, M.PRICE_DECIMALS);
  store<u8>(market, quantityDecimals, M.QUANTITY_DECIMALS);
  store<u32>(market, maxFeePpm != 0 ? maxFeePpm : highest, M.MAX_FEE_PPM);
  store<u64>(market, base, M.BASE_SYMBOL);
  store<u64>(market, quote, M.QUOTE_SYMBOL);
  for (let tier: u32 = 0; tier < P.FEE_TIERS; tier += 1) setRates(market, tier, maker, taker);
  tellCreated(market, command);
  return P.OK;
}

function tellCreated(market: usize, command: usize): void {
  const decimals = load<u16>(market, M.PRICE_DECIMALS);
  const last = <u64>decimals | (<u64>load<u32>(market, M.MAX_FEE_PPM) << 32);
  write(
    market,
    headWord(P.MARKET_CREATED, 0, 0, 0),
    load<u64>(market, M.TIERS),
    load<u64>(market, M.BASE_SYMBOL),
    load<u64>(market, M.QUOTE_SYMBOL),
    last,
    requestOf(command),
    sessionOf(command),
  );
}

/** Eight bytes of A-Z, 0-9, "." and "-", padded with zeros; or none. */
function isSymbol(word: u64): bool {
  let rest = word;
  while (rest != 0) {
    const byte = <u32>(rest & 0xff);
    const isLetter = byte - 65 < 26;
    const isDigit = byte - 48 < 10;
    if (!isLetter && !isDigit && byte != 45 && byte != 46) return false;
    rest >>= 8;
  }
  return true;
}

function areRates(maker: i32, taker: i32): bool {
  const most = P.MAX_FEE_PPM;
  return maker >= -most && maker <= most && taker >= -most && taker <= most;
}

function setRates(market: usize, tier: u32, maker: i32, taker: i32): void {
  const at = market + M.TIERS + (<usize>tier << 3);
  store<i32>(at, maker);
  store<i32>(at, taker, 4);
}

export function setFees(market: usize, command: usize): u32 {
  const tier = load<u32>(command, P.COMMAND_TIER);
  if (tier >= P.FEE_TIERS) return P.INVALID_TIER;
  const maker = load<i32>(command, P.COMMAND_MAKER_FEE_PPM);
  const taker = load<i32>(command, P.COMMAND_TAKER_FEE_PPM);
  const highest = load<i32>(market, M.MAX_FEE_PPM);
  if (!areRates(maker, taker) || max(maker, taker) > highest) return P.INVALID_FEES;
  let leastMaker = maker;
  let leastTaker = taker;
  for (let other: u32 = 0; other < P.FEE_TIERS; other += 1) {
    if (other == tier) continue;
    leastMaker = min(leastMaker, M.makerRate(market, other));
    leastTaker = min(leastTaker, M.takerRate(market, other));
  }
  if (leastMaker + leastTaker < 0) return P.INVALID_FEES;
  setRates(market, tier, maker, taker);
  const rates = <u64>(<u32>maker) | (<u64>(<u32>taker) << 32);
  const head = headWord(P.FEES_CHANGED, tier, 0, 0);
  write(market, head, rates, 0, 0, 0, requestOf(command), sessionOf(command));
  return P.OK;
}

export function setTier(market: usize, command: usize): u32 {
  const id = load<u32>(command, P.COMMAND_ACCOUNT);
  if (!isClient(id)) return P.INVALID_ACCOUNT;
  const tier = load<u32>(command, P.COMMAND_TIER);
  if (tier >= P.FEE_TIERS) return P.INVALID_TIER;
  putInTier(market, ensureAccount(market, id), id, tier);
  const head = headWord(P.TIER_CHANGED, tier, 0, id);
  write(market, head, 0, 0, 0, 0, requestOf(command), sessionOf(command));
  return P.OK;
}

export function putInTier(market: usize, account: usize, id: u32, tier: u32): void {
  const change = <u64>tier - <u64>load<u8>(account, TIER);
  M.addTerm(market, weightOfAccount(id) * (change * P4));
  store<u8>(account, <u8>tier, TIER);
}

export function configure(market: usize, command: usize): u32 {
  const minPrice = load<u64>(command, P.COMMAND_MIN_PRICE);
  const maxPrice = load<u64>(command, P.COMMAND_MAX_PRICE);
  const maxQuantity = load<u64>(command, P.COMMAND_MAX_QUANTITY);
  const band = load<u32>(command, P.COMMAND_BAND_PPM);
  const openOrders = load<u32>(command, P.COMMAND_MAX_OPEN_ORDERS);
  if (minPrice > P.MAX_PRICE || maxPrice > P.MAX_PRICE) return P.INVALID_CONFIGURATION;
  if (maxPrice != 0 && minPrice > maxPrice) return P.INVALID_CONFIGURATION;
  if (maxQuantity > P.MAX_QUANTITY || band > P.MAX_BAND_PPM) return P.INVALID_CONFIGURATION;
  setLimits(market, minPrice, maxPrice, maxQuantity, band, openOrders);
  const last = <u64>band | (<u64>openOrders << 32);
  const head = headWord(P.CONFIGURED, 0, 0, 0);
  const request = requestOf(command);
  write(market, head, minPrice, maxPrice, maxQuantity, last, request, sessionOf(command));
  return P.OK;
}

export function setLimits(
  market: usize,
  minPrice: u64,
  maxPrice: u64,
  maxQuantity: u64,
  band: u32,
  openOrders: u32,
): void {
  store<u64>(market, minPrice, M.MIN_PRICE);
  store<u64>(market, maxPrice, M.MAX_PRICE);
  store<u64>(market, maxQuantity, M.MAX_QUANTITY);
  store<u32>(market, band, M.BAND_PPM);
  store<u32>(market, openOrders, M.MAX_OPEN_ORDERS);
  const isLimited = (minPrice | maxPrice | maxQuantity | <u64>band) != 0;
  store<u32>(market, <u32>isLimited, M.LIMITED);
}

export function setState(market: usize, command: usize): u32 {
  const state = load<u8>(command, P.COMMAND_STATE);
  if (state > <u8>P.CANCEL_ONLY) return P.INVALID_STATE;
  store<u8>(market, state, M.STATE);
  store<u8>(market, state == P.OPEN ? 1 : 0, M.IS_OPEN);
  const head = headWord(P.STATE_CHANGED, state, 0, 0);
  write(market, head, 0, 0, 0, 0, requestOf(command), sessionOf(command));
  return P.OK;
}

export function clock(market: usize, command: usize): u32 {
  const head = headWord(P.CLOCK_ADVANCED, 0, 0, 0);
  const time = load<u64>(market, M.TIME_NS);
  write(market, head, time, 0, 0, 0, requestOf(command), sessionOf(command));
  return P.OK;
}

/** An epoch ends with its mark, whose hash is of the state in which the next one begins. */
export function closeEpoch(market: usize): u32 {
  const epoch = load<u64>(market, M.EPOCH);
  const first = load<u64>(market, M.EPOCH_RECORD_FIRST);
  const count = load<u64>(market, M.EPOCH_RECORD_COUNT);
  const sequenceFirst = load<u64>(market, M.EPOCH_SEQUENCE_FIRST);
  store<u64>(market, epoch + 1, M.EPOCH);
  store<u64>(market, first + count, M.EPOCH_RECORD_FIRST);
  store<u64>(market, 0, M.EPOCH_RECORD_COUNT);
  store<u64>(market, M.sequenceOf(market) + 1, M.EPOCH_SEQUENCE_FIRST);
  const hash = stateHash(market);
  const time = load<u64>(market, M.TIME_NS);
  write(market, headWord(P.EPOCH_MARK, 0, 0, 0), epoch, first, count, hash, sequenceFirst, time);
  return P.OK;
}
