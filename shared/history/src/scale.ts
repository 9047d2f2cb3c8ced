/** What a feed's numbers count: powers of ten, so -4 where prices are in 1/10,000. */
export interface Scale {
  readonly priceExponent: number;
  readonly quantityExponent: number;
}
