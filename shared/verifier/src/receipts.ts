/**
 * What clients need to judge receipts: the entry `@foldbook/verifier/receipts`. It loads neither
 * pairings nor Poseidon's tables, which take longer than everything else here.
 */
export { ReceiptBook } from './receipt-book.ts';
export { isCertified } from './receipt-check.ts';
export { isSoundKey } from './signature.ts';
