/** Receipts and the certificates of their keys: the part of this package that browsers run. */
export * from './key-certificate.ts';
export * from './receipt.ts';
