/** What a market may be called: part of subjects, records and files. */
export const MAX_MARKET_NAME = 32;
const MARKET_NAME = /^[A-Z0-9][A-Z0-9-]*$/;

export function isMarketName(text: string): boolean {
  return text.length <= MAX_MARKET_NAME && MARKET_NAME.test(text);
}
