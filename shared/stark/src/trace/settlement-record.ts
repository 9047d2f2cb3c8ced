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

export const TRADE = 1;
export const SUPPLY_ACCOUNT = 0;
export const FEE_ACCOUNT = 1;
const FIRST_USER_ACCOUNT = 2;
const ACCOUNT_LIMIT = 2 ** 24;
const PRICE_LIMIT = 1n << 36n;
const LOTS_LIMIT = 1n << 48n;
const AMOUNT_LIMIT = 1n << 63n;

type Side = number | 'user';

/** Who may stand on which side of a kind, and the only asset that it moves (a trade: both). */
const rules: readonly (
  | readonly [a: Side, b: Side, moves: 'base' | 'quote' | 'both']
  | undefined
)[] = [
  undefined,
  ['user', 'user', 'both'],
  [FEE_ACCOUNT, 'user', 'quote'],
  ['user', FEE_ACCOUNT, 'quote'],
  [SUPPLY_ACCOUNT, 'user', 'base'],
  ['user', SUPPLY_ACCOUNT, 'quote'],
  ['user', SUPPLY_ACCOUNT, 'base'],
  [SUPPLY_ACCOUNT, 'user', 'quote'],
];

/**
 * What is wrong with a record; undefined when nothing is. That a trade's quote is its price times
 * its base is left to whoever multiplies them anyway.
 */
export function findFault({
  kind,
  a,
  b,
  price,
  dBase,
  dQuote,
}: SettlementRecord): string | undefined {
  const rule = rules[kind];
  if (rule === undefined) return `its kind is ${kind}, not 1 to 7`;
  const [sideA, sideB, moves] = rule;
  if (!isAllowed(sideA, a)) return `a record of kind ${kind} cannot have a = ${a}`;
  if (!isAllowed(sideB, b)) return `a record of kind ${kind} cannot have b = ${b}`;
  if (dBase < 0n || dBase >= AMOUNT_LIMIT) return `dBase ${dBase} is not in 0 to 2^63 - 1`;
  if (dQuote < 0n || dQuote >= AMOUNT_LIMIT) return `dQuote ${dQuote} is not in 0 to 2^63 - 1`;
  if (moves === 'both') {
    if (price < 1n || price >= PRICE_LIMIT) return `price ${price} is not in 1 to 2^36 - 1`;
    return dBase < 1n || dBase >= LOTS_LIMIT ? `dBase ${dBase} is not in 1 to 2^48 - 1` : undefined;
  }
  if (price !== 0n) return `a record of kind ${kind} has no price, but ${price}`;
  if (moves === 'base' && dQuote !== 0n) return `a record of kind ${kind} moves no quote`;
  if (moves === 'quote' && dBase !== 0n) return `a record of kind ${kind} moves no base`;
  return undefined;
}

function isAllowed(side: Side, id: number): boolean {
  if (side !== 'user') return id === side;
  return Number.isInteger(id) && id >= FIRST_USER_ACCOUNT && id < ACCOUNT_LIMIT;
}
