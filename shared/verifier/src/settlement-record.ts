/** One movement: dBase goes from a to b, dQuote from b to a. Amounts are never negative. */
export interface SettlementRecord {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  /** Ticks for a trade; 0 for every other kind. */
  readonly price: bigint;
  readonly dBase: bigint;
  readonly dQuote: bigint;
}

export const RecordKind = {
  PADDING: 0,
  TRADE: 1,
  FEE: 2,
  REBATE: 3,
  DEPOSIT_BASE: 4,
  DEPOSIT_QUOTE: 5,
  WITHDRAW_BASE: 6,
  WITHDRAW_QUOTE: 7,
} as const;

/** Holds each asset's outstanding amount, with opposite sign. */
export const SUPPLY_ACCOUNT = 0;
export const FEE_ACCOUNT = 1;
export const FIRST_USER_ACCOUNT = 2;
export const ACCOUNT_LIMIT = 2 ** 24;
export const PRICE_LIMIT = 1n << 36n;
export const LOTS_LIMIT = 1n << 48n;
/** Bound of amounts and balances. */
export const AMOUNT_LIMIT = 1n << 63n;

type Side = number | 'user';
interface KindRule {
  readonly name: string;
  readonly a: Side;
  readonly b: Side;
  /** The only asset that the kind moves; a trade moves both. */
  readonly moves: 'base' | 'quote' | 'both';
}

/** Who may stand on which side, so that no kind can mint or move what it is not for. */
const rules: readonly (KindRule | undefined)[] = [
  undefined,
  { name: 'TRADE', a: 'user', b: 'user', moves: 'both' },
  { name: 'FEE', a: FEE_ACCOUNT, b: 'user', moves: 'quote' },
  { name: 'REBATE', a: 'user', b: FEE_ACCOUNT, moves: 'quote' },
  { name: 'DEPOSIT_BASE', a: SUPPLY_ACCOUNT, b: 'user', moves: 'base' },
  { name: 'DEPOSIT_QUOTE', a: 'user', b: SUPPLY_ACCOUNT, moves: 'quote' },
  { name: 'WITHDRAW_BASE', a: 'user', b: SUPPLY_ACCOUNT, moves: 'base' },
  { name: 'WITHDRAW_QUOTE', a: SUPPLY_ACCOUNT, b: 'user', moves: 'quote' },
];

/** What is wrong with a record of an epoch, by the native statement; undefined when it holds. */
export function checkRecord(record: SettlementRecord): string | undefined {
  const { kind, a, b, price, dBase, dQuote } = record;
  const rule = rules[kind];
  if (!rule) return `kind ${kind} is not the kind of a record (1 to 7)`;
  const wrongSide = checkSide(rule.name, 'a', rule.a, a) ?? checkSide(rule.name, 'b', rule.b, b);
  if (wrongSide) return wrongSide;
  for (const [name, value, limit] of [
    ['price', price, PRICE_LIMIT],
    ['dBase', dBase, AMOUNT_LIMIT],
    ['dQuote', dQuote, AMOUNT_LIMIT],
  ] as const) {
    if (value < 0n || value >= limit) return `${name} ${value} is not in 0 to ${limit - 1n}`;
  }
  if (rule.moves === 'both') return checkTrade(record);
  if (price !== 0n) return `a ${rule.name} has price ${price} and must have 0`;
  if (rule.moves === 'base' && dQuote !== 0n) return `a ${rule.name} moves quote ${dQuote}`;
  if (rule.moves === 'quote' && dBase !== 0n) return `a ${rule.name} moves base ${dBase}`;
  return undefined;
}

function checkSide(kind: string, name: string, side: Side, id: number): string | undefined {
  if (side !== 'user') {
    return id === side ? undefined : `a ${kind} has ${name} = ${id} and must have ${side}`;
  }
  const valid = Number.isInteger(id) && id >= FIRST_USER_ACCOUNT && id < ACCOUNT_LIMIT;
  const range = `${FIRST_USER_ACCOUNT} to ${ACCOUNT_LIMIT - 1}`;
  return valid ? undefined : `a ${kind} has ${name} = ${id}, not a user's account (${range})`;
}

function checkTrade({ price, dBase, dQuote }: SettlementRecord): string | undefined {
  if (price < 1n) return 'a TRADE has price 0';
  if (dBase < 1n || dBase >= LOTS_LIMIT) {
    return `a TRADE moves base ${dBase}, not 1 to ${LOTS_LIMIT - 1n}`;
  }
  if (dQuote !== price * dBase) {
    return `a TRADE moves quote ${dQuote}, but price x dBase is ${price * dBase}`;
  }
  return undefined;
}

/** The record as one word for the sponge: 213 bits, injective within the fields' widths. */
export function recordWord({ kind, a, b, price, dBase, dQuote }: SettlementRecord): bigint {
  return (
    BigInt(kind) |
    (BigInt(a) << 3n) |
    (BigInt(b) << 27n) |
    (price << 51n) |
    (dBase << 87n) |
    (dQuote << 150n)
  );
}
