/** What every command is asked first, and who performs it. RULES.md, sections 1 to 3. */
import { ensureAccount } from './accounts';
import {
  clock,
  closeEpoch,
  collectFees,
  configure,
  createMarket,
  deposit,
  isClient,
  setFees,
  setState,
  setTier,
  withdraw,
} from './admin';
import { cancel, cancelAfter, cancelAll, cancelOrder, purge } from './cancels';
import { notedSession, notedTag, senderOf } from './look-ahead';
import { CREATED, IS_OPEN, NEXT_DEADLINE, SEQUENCE, STATE, TIME_NS } from './market';
import { amend, placeNew, quote, replace } from './order-commands';
import { writeRejected, writeResult } from './order-events';
import * as P from './protocol';
import {
  ensureSession,
  foundCode,
  foundSequence,
  lastRequest,
  look,
  numberOf,
  record,
  refusal,
} from './sessions';
import { hasStops, runStops } from './stops';
import { runTimers } from './timers';

/** Applies one command record. */
// @ts-ignore: decorator
@inline
export function execute(market: usize, command: usize, note: usize): void {
  store<u64>(market, load<u64>(market, SEQUENCE) + 1, SEQUENCE);
  if (load<u64>(market, TIME_NS) >= load<u64>(market, NEXT_DEADLINE)) runTimers(market);
  const kind = <u32>load<u8>(command);
  const isOrdinary = load<u8>(market, IS_OPEN) != 0 && kind - P.NEW <= P.REPLACE - P.NEW;
  const code = isOrdinary
    ? performOrdinary(market, command, kind, note)
    : performAny(market, command, kind, note);
  if (code != P.OK) writeRejected(market, command, code);
  if (hasStops(market)) runStops(market);
}

/** NEW, CANCEL and REPLACE on an open market: nearly all commands there are. */
// @ts-ignore: decorator
@inline
function performOrdinary(market: usize, command: usize, kind: u32, note: usize): u32 {
  const owner = load<u32>(command, P.COMMAND_ACCOUNT);
  if (!isClient(owner)) return P.INVALID_ACCOUNT;
  const requestId = load<u64>(command, P.COMMAND_REQUEST_ID);
  let session = notedSession(note);
  if (session == 0 || numberOf(session) != <u32>load<u16>(command, P.COMMAND_SESSION)) {
    if (requestId == 0) return P.SUPERSEDED;
    session = otherSession(market, command, owner);
    if (session == 0) return refusal;
  }
  if (requestId <= lastRequest(session)) return answerAgain(market, command, session, requestId);
  const tag = notedTag(note);
  let code: u32;
  if (kind == P.NEW) code = placeNew(market, command, P.NEW, tag);
  else if (kind == P.CANCEL) code = cancel(market, command, tag);
  else code = replace(market, command, tag);
  record(market, session, owner, requestId, code);
  return code;
}

// @ts-ignore: decorator
@inline
function isClientKind(kind: u32): bool {
  return kind - P.NEW <= P.QUOTE_SIDE - P.NEW;
}

function isAdminKind(kind: u32): bool {
  if (kind - P.DEPOSIT <= P.COLLECT_FEES - P.DEPOSIT) return true;
  return kind - P.CREATE_MARKET <= P.PURGE - P.CREATE_MARKET;
}

/** Asks what every command is asked, performs it and keeps its result. */
function performAny(market: usize, command: usize, kind: u32, note: usize): u32 {
  const isOrder = isClientKind(kind);
  if (!isOrder && !isAdminKind(kind)) return P.UNKNOWN_COMMAND;
  if (load<u8>(market, CREATED) == 0 && kind != P.CREATE_MARKET) return P.MARKET_NOT_CREATED;
  const owner = load<u32>(command, P.COMMAND_ACCOUNT);
  if (isOrder && !isClient(owner)) return P.INVALID_ACCOUNT;
  const requestId = load<u64>(command, P.COMMAND_REQUEST_ID);
  if (requestId == 0) {
    if (kind == P.CLOSE_EPOCH || kind == P.CLOCK) return perform(market, command, kind, 0);
    return P.SUPERSEDED;
  }
  const session = otherSession(market, command, owner);
  if (session == 0) return refusal;
  if (requestId <= lastRequest(session)) return answerAgain(market, command, session, requestId);
  if (kind == P.CLOSE_EPOCH) {
    // The mark's state hash includes that this request was made.
    record(market, session, P.SUPPLY_ACCOUNT, requestId, P.OK);
    return closeEpoch(market);
  }
  let code = isOrder ? checkState(market, command, kind) : P.OK;
  if (code == P.OK) code = perform(market, command, kind, notedTag(note));
  record(market, session, senderOf(command, owner), requestId, code);
  return code;
}

/** A command's session, made where there is none; or 0, and `refusal` says why. */
function otherSession(market: usize, command: usize, owner: u32): usize {
  const id = senderOf(command, owner);
  const account = ensureAccount(market, id);
  return ensureSession(market, account, id, load<u16>(command, P.COMMAND_SESSION));
}

/** A request that is not above the session's last one never runs. */
function answerAgain(market: usize, command: usize, session: usize, requestId: u64): u32 {
  if (requestId == 0) return P.SUPERSEDED;
  const code = look(market, session, requestId);
  if (code == P.OK) writeResult(market, command, foundCode, foundSequence);
  return code;
}

function checkState(market: usize, command: usize, kind: u32): u32 {
  if (load<u8>(market, STATE) == P.OPEN) return P.OK;
  if (kind == P.CANCEL_AFTER) return P.OK;
  if (load<u8>(market, STATE) == P.HALTED) return P.MARKET_HALTED;
  if (kind == P.CANCEL || kind == P.CANCEL_ORDER || kind == P.CANCEL_ALL) return P.OK;
  const isEnd = kind == P.QUOTE_SIDE && load<u64>(command, P.COMMAND_QUANTITY) == 0;
  return isEnd ? P.OK : P.MARKET_CANCEL_ONLY;
}

function perform(market: usize, command: usize, kind: u32, tag: u32): u32 {
  switch (kind) {
    case P.NEW:
      return placeNew(market, command, P.NEW, tag);
    case P.CANCEL:
      return cancel(market, command, tag);
    case P.REPLACE:
      return replace(market, command, tag);
    case P.AMEND:
      return amend(market, command, tag);
    case P.CANCEL_ORDER:
      return cancelOrder(market, command);
    case P.CANCEL_ALL:
      return cancelAll(market, command);
    case P.CANCEL_AFTER:
      return cancelAfter(market, command);
    case P.QUOTE_SIDE:
      return quote(market, command, tag);
    case P.DEPOSIT:
      return deposit(market, command);
    case P.WITHDRAW:
      return withdraw(market, command);
    case P.COLLECT_FEES:
      return collectFees(market, command);
    case P.CREATE_MARKET:
      return createMarket(market, command);
    case P.SET_FEES:
      return setFees(market, command);
    case P.SET_TIER:
      return setTier(market, command);
    case P.CONFIGURE:
      return configure(market, command);
    case P.SET_STATE:
      return setState(market, command);
    case P.PURGE:
      return purge(market, command);
    case P.CLOCK:
      return clock(market, command);
    default:
      return closeEpoch(market);
  }
}
