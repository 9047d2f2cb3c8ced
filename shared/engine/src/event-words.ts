/** What an engine writes, in short lines for people: tests and comparisons of engines. */
import {
  AllCancelledOffset,
  Asset,
  BOTH_SIDES,
  CancelAfterOffset,
  CancelReason,
  ClockOffset,
  CommandKind,
  CommandOffset,
  ConfiguredOffset,
  DeltaOffset,
  EpochOffset,
  EventKind,
  EventOffset,
  FeeOffset,
  FundsOffset,
  Liquidity,
  MarketCreatedOffset,
  MarketState,
  OpenOrderOffset,
  OrderFlag,
  OrderType,
  RECORD_BYTES,
  ResultOffset,
  resultName,
  SelfTrade,
  Side,
  TimeInForce,
  TradeOffset,
  viewOf,
} from '@foldbook/protocol';
import { RecordReader } from './record-reader.ts';

/** The name of a number in one of the protocol's tables, as in "post-only". */
export function nameIn(table: { readonly [name: string]: number }, value: number): string {
  const name = Object.keys(table).find((each) => table[each] === value);
  return name === undefined ? `#${value}` : name.toLowerCase().replaceAll('_', '-');
}

/** "side", as "buy", "sell" or "both". */
const sideName = (side: number) => (side === BOTH_SIDES ? 'both' : nameIn(Side, side));

const flagNames = (flags: number) =>
  Object.keys(OrderFlag)
    .filter((name) => (flags & OrderFlag[name as keyof typeof OrderFlag]) !== 0)
    .map((name) => name.toLowerCase().replaceAll('_', '-'));

/** Reads the words of one record. */
class Words extends RecordReader {
  get side(): number {
    return this.u8(EventOffset.SIDE);
  }

  get code(): number {
    return this.u16(EventOffset.CODE);
  }

  get account(): number {
    return this.u32(EventOffset.ACCOUNT);
  }

  /** "2/11 buy 7@100". */
  get order(): string {
    const name = `${this.account}/${this.u64(EventOffset.CLIENT_ORDER_ID)}`;
    const lots = `${this.u64(EventOffset.QUANTITY)}@${this.u64(EventOffset.PRICE)}`;
    return `${name} ${sideName(this.side)} ${lots}`;
  }

  /** "gtt post-only until 1700000005". */
  get terms(): string {
    const timeInForce = nameIn(TimeInForce, this.u8(EventOffset.TIME_IN_FORCE));
    const expireTime = this.u32(EventOffset.EXPIRE_TIME);
    const until = expireTime === 0 ? [] : [`until ${expireTime}`];
    return [timeInForce, ...flagNames(this.u8(EventOffset.FLAGS)), ...until].join(' ');
  }
}

/** All records of a block, each as a line. */
export function describeEvents(events: Uint8Array): string[] {
  const view = viewOf(events);
  return Array.from({ length: Math.floor(events.byteLength / RECORD_BYTES) }, (_, index) =>
    describeEvent(view, index * RECORD_BYTES),
  );
}

/** The record at an offset; any bytes give a line. */
export function describeEvent(view: DataView, at: number): string {
  const words = new Words(view, at);
  const kind = words.u8(EventOffset.KIND);
  return describeOrderEvent(kind, words) ?? describeOther(kind, words) ?? `event of kind ${kind}`;
}

/** Events about single orders. */
function describeOrderEvent(kind: number, words: Words): string | undefined {
  switch (kind) {
    case EventKind.ACCEPTED: {
      const type = words.code & 0xff;
      const mode = words.code >> 8;
      const names = [
        ...(type === OrderType.LIMIT ? [] : [nameIn(OrderType, type)]),
        words.terms,
        ...(mode === SelfTrade.NONE ? [] : [nameIn(SelfTrade, mode)]),
      ];
      return `accepted ${words.order} ${names.join(' ')}`;
    }
    case EventKind.REPLACED:
      return `${words.code === 0 ? 'replaced' : 'kept'} ${words.order} ${words.terms}`;
    case EventKind.CANCELLED: {
      const isRest = words.code === CancelReason.IMMEDIATE_OR_CANCEL;
      return `cancelled ${words.order} ${isRest ? 'ioc' : nameIn(CancelReason, words.code)}`;
    }
    case EventKind.REDUCED:
      return `reduced ${words.order} ${nameIn(CancelReason, words.code)}`;
    case EventKind.TRIGGERED:
      return `triggered ${words.order}`;
    case EventKind.REFILLED:
      return `refilled ${words.order}`;
    case EventKind.TRADE: {
      const lots = `${words.u64(TradeOffset.QUANTITY)}@${words.u64(TradeOffset.PRICE)}`;
      const name = words.u64(TradeOffset.MAKER_CLIENT_ORDER_ID);
      const maker = `${words.u32(TradeOffset.MAKER_ACCOUNT)}/${name}`;
      return `trade ${words.account} ${sideName(words.side)}s ${lots} from ${maker}`;
    }
    case EventKind.FEE: {
      const name = `${words.account}/${words.u64(FeeOffset.CLIENT_ORDER_ID)}`;
      const what = words.code === 0 ? 'fee' : 'rebate';
      return `${nameIn(Liquidity, words.side)} ${what} ${name} ${words.u64(FeeOffset.AMOUNT)}`;
    }
    case EventKind.OPEN_ORDER:
      return describeOpenOrder(words);
    default:
      return undefined;
  }
}

function describeOpenOrder(words: Words): string {
  const type = words.u8(OpenOrderOffset.ORDER_TYPE);
  const isStop = type === OrderType.STOP || type === OrderType.STOP_LIMIT;
  const shown = `${isStop ? 'at' : 'shows'} ${words.u64(OpenOrderOffset.DISPLAYED)}`;
  const mode = nameIn(SelfTrade, words.u8(OpenOrderOffset.SELF_TRADE));
  const id = `#${words.u64(EventOffset.ORDER_ID)}`;
  return `open ${id} ${words.order} ${shown} ${nameIn(OrderType, type)} ${words.terms} ${mode}`;
}

const FUNDS_WORDS: Readonly<Record<number, string>> = {
  [CommandKind.DEPOSIT]: 'deposit',
  [CommandKind.WITHDRAW]: 'withdrawal',
  [CommandKind.COLLECT_FEES]: 'fees to',
};

/** Events about accounts, levels and the market. */
function describeOther(kind: number, words: Words): string | undefined {
  switch (kind) {
    case EventKind.REJECTED:
      return `rejected ${resultName(words.code)}`;
    case EventKind.RESULT:
      return `result ${resultName(words.code)} of ${words.u64(ResultOffset.FIRST_SEQUENCE)}`;
    case EventKind.BOOK_DELTA: {
      const lots = `${words.u64(DeltaOffset.QUANTITY)}@${words.u64(DeltaOffset.PRICE)}`;
      return `level ${sideName(words.side)} ${lots}/${words.u64(DeltaOffset.ORDERS)}`;
    }
    case EventKind.FUNDS: {
      const what = FUNDS_WORDS[words.code] ?? `command ${words.code}`;
      const amount = `${nameIn(Asset, words.side)} ${words.u64(FundsOffset.AMOUNT)}`;
      const left = `${words.u64(FundsOffset.AVAILABLE)}+${words.u64(FundsOffset.HELD)}`;
      return `${what} ${words.account} ${amount}: ${left}`;
    }
    case EventKind.ALL_CANCELLED: {
      const count = words.u64(AllCancelledOffset.COUNT);
      const more = words.u64(AllCancelledOffset.MORE) === 0n ? '' : ' and more';
      const reason = nameIn(CancelReason, words.code);
      return `all ${sideName(words.side)} of ${words.account} cancelled: ${count}${more} ${reason}`;
    }
    case EventKind.CANCEL_AFTER_SET: {
      const deadlineNs = words.u64(CancelAfterOffset.DEADLINE_NS);
      return `cancel-after ${words.account} ${deadlineNs === 0n ? 'off' : `at ${deadlineNs}`}`;
    }
    case EventKind.EPOCH_MARK: {
      const records = `${words.u64(EpochOffset.RECORD_COUNT)}`;
      const first = `${words.u64(EpochOffset.RECORD_FIRST)}`;
      const sequence = `sequence ${words.u64(EpochOffset.SEQUENCE_FIRST)}`;
      return `epoch ${words.u64(EpochOffset.EPOCH)} records ${records} from ${first} ${sequence}`;
    }
    default:
      return describeAdministration(kind, words);
  }
}

function describeAdministration(kind: number, words: Words): string | undefined {
  const { MAKER_FEE_PPM, TAKER_FEE_PPM } = MarketCreatedOffset;
  const rates = () => `${words.i32(MAKER_FEE_PPM)} ${words.i32(TAKER_FEE_PPM)}`;
  switch (kind) {
    case EventKind.MARKET_CREATED:
      return `created ${rates()}`;
    case EventKind.FEES_CHANGED:
      return `fees of tier ${words.side}: ${rates()}`;
    case EventKind.TIER_CHANGED:
      return `account ${words.account} in tier ${words.side}`;
    case EventKind.STATE_CHANGED:
      return `state ${nameIn(MarketState, words.side)}`;
    case EventKind.CLOCK_ADVANCED:
      return `clock ${words.u64(ClockOffset.TIME_NS)}`;
    case EventKind.CONFIGURED: {
      const prices = [ConfiguredOffset.MIN_PRICE, ConfiguredOffset.MAX_PRICE].map(words.u64);
      const quantity = words.u64(ConfiguredOffset.MAX_QUANTITY);
      const band = words.u32(ConfiguredOffset.BAND_PPM);
      const orders = words.u32(ConfiguredOffset.MAX_OPEN_ORDERS);
      return `configured ${prices.join('-')} quantity ${quantity} band ${band} orders ${orders}`;
    }
    default:
      return undefined;
  }
}

/** A command, for reports of what was sent: its kind and its bytes. */
export function describeCommand(record: Uint8Array): string {
  const view = viewOf(record);
  const kind = nameIn(CommandKind, view.getUint8(CommandOffset.KIND));
  const account = view.getUint32(CommandOffset.ACCOUNT, true);
  const session = view.getUint16(CommandOffset.SESSION, true);
  const request = view.getBigUint64(CommandOffset.REQUEST_ID, true);
  const bytes = Buffer.from(record.subarray(0, RECORD_BYTES)).toString('hex');
  return `${kind} of ${account}, session ${session}, request ${request}: ${bytes}`;
}
