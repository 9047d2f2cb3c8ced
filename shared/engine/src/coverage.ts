/** Which of all that a market knows a flow of commands has reached. */
import {
  AllCancelledOffset,
  CancelReason,
  CommandKind,
  CommandOffset,
  EventKind,
  EventOffset,
  Liquidity,
  MarketState,
  OrderFlag,
  OrderType,
  RECORD_BYTES,
  ResultCode,
  SelfTrade,
  TimeInForce,
  viewOf,
} from '@foldbook/protocol';
import { nameIn } from './event-words.ts';

type Table = { readonly [name: string]: number };

const without = (table: Table, ...names: string[]): Table =>
  Object.fromEntries(Object.entries(table).filter(([name]) => !names.includes(name)));

const only = (table: Table, ...names: string[]): Table =>
  Object.fromEntries(Object.entries(table).filter(([name]) => names.includes(name)));

/** Events that engines do not write while they apply commands. */
const NOT_WRITTEN = ['BALANCE', 'SETTLEMENT', 'CHAIN_HEAD', 'FILL', 'OPEN_ORDER', 'GROUP_END'];
/** From 200 on codes are the engine's. */
const ENGINE_CODES: Table = Object.fromEntries(
  Object.entries(ResultCode).filter(([, code]) => code === 0 || code >= 200),
);

/** A flow asks again for any request; these outcomes are common enough to be met. */
const ASKED_AGAIN = ['OK', 'UNKNOWN_ORDER'];

const TABLES = {
  'command kind': CommandKind as Table,
  'event kind': without(EventKind, ...NOT_WRITTEN),
  'result code': without(ENGINE_CODES, 'OK'),
  'result code asked again': only(ENGINE_CODES, ...ASKED_AGAIN),
  'order type accepted': OrderType as Table,
  'time in force accepted': TimeInForce as Table,
  'self-trade mode accepted': SelfTrade as Table,
  'order flag accepted': without(OrderFlag, 'KEEP_PRIORITY'),
  'cancel reason': CancelReason as Table,
  'cancelled in one go': { REQUESTED: 0, CANCEL_AFTER: 4, OPERATOR: 5 } as Table,
  'market state': MarketState as Table,
  'replaced or kept': { REPLACED: 0, KEPT: 1 } as Table,
  'funds moved': only(CommandKind, 'DEPOSIT', 'WITHDRAW', 'COLLECT_FEES'),
  'fee or rebate': { MAKER_FEE: 0, TAKER_FEE: 1, MAKER_REBATE: 2, TAKER_REBATE: 3 } as Table,
} as const;
type Category = keyof typeof TABLES;
const CATEGORIES = Object.keys(TABLES) as Category[];

export class Coverage {
  readonly #counts = new Map<string, number>();

  addCommands(records: Uint8Array): void {
    for (let at = 0; at < records.byteLength; at += RECORD_BYTES) {
      this.#count('command kind', records[at + CommandOffset.KIND] ?? 0);
    }
  }

  addEvents(events: Uint8Array): void {
    const view = viewOf(events);
    for (let at = 0; at < events.byteLength; at += RECORD_BYTES) this.#addEvent(view, at);
  }

  /** How often something was reached, as in `count('result code', ResultCode.CAPACITY)`. */
  count(category: Category, value: number): number {
    return this.#counts.get(`${category} ${value}`) ?? 0;
  }

  /** "category name", of everything that was not reached. */
  missing(): string[] {
    return CATEGORIES.flatMap((category) =>
      Object.entries<number>(TABLES[category])
        .filter(([, value]) => this.count(category, value) === 0)
        .map(([name]) => `${category} ${name}`),
    );
  }

  toString(): string {
    const lines = CATEGORIES.map((category) => {
      const counts = Object.values<number>(TABLES[category]).map((value) => {
        return `${nameIn(TABLES[category], value)} ${this.count(category, value)}`;
      });
      return `${category}: ${counts.join(', ')}`;
    });
    const missing = this.missing();
    const last = missing.length === 0 ? 'nothing is missing' : `missing: ${missing.join(', ')}`;
    return [...lines, last].join('\n');
  }

  #count(category: Category, value: number): void {
    this.#counts.set(`${category} ${value}`, this.count(category, value) + 1);
  }

  #addEvent(view: DataView, at: number): void {
    const kind = view.getUint8(at + EventOffset.KIND);
    const side = view.getUint8(at + EventOffset.SIDE);
    const code = view.getUint16(at + EventOffset.CODE, true);
    this.#count('event kind', kind);
    switch (kind) {
      case EventKind.ACCEPTED:
        this.#addOrder(code, view, at);
        return;
      case EventKind.REPLACED:
        this.#count('replaced or kept', code);
        return;
      case EventKind.CANCELLED:
        this.#count('cancel reason', code);
        return;
      case EventKind.REJECTED:
        this.#count('result code', code);
        return;
      case EventKind.RESULT:
        this.#count('result code asked again', code);
        return;
      case EventKind.ALL_CANCELLED:
        if (view.getBigUint64(at + AllCancelledOffset.COUNT, true) > 0n) {
          this.#count('cancelled in one go', code);
        }
        return;
      case EventKind.STATE_CHANGED:
        this.#count('market state', side);
        return;
      case EventKind.FUNDS:
        this.#count('funds moved', code);
        return;
      case EventKind.FEE:
        this.#count('fee or rebate', (side === Liquidity.TAKER ? 1 : 0) + 2 * code);
        return;
      default:
        return;
    }
  }

  #addOrder(code: number, view: DataView, at: number): void {
    this.#count('order type accepted', code & 0xff);
    this.#count('self-trade mode accepted', code >> 8);
    this.#count('time in force accepted', view.getUint8(at + EventOffset.TIME_IN_FORCE));
    const flags = view.getUint8(at + EventOffset.FLAGS);
    for (const flag of [OrderFlag.POST_ONLY, OrderFlag.SLIDE]) {
      if ((flags & flag) !== 0) this.#count('order flag accepted', flag);
    }
  }
}
