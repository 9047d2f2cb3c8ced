import type { AccountProved } from '@foldbook/verifier';

/** An account proof that holds, for people; amounts are in the market's smallest units. */
export function accountProofWords(proved: AccountProved): string {
  const { market, account, balance, owed, epoch, sequenceLast, chain } = proved;
  return [
    `${market}, account ${account}: base ${balance.base}, quote ${balance.quote}, held included`,
    `  owed in all: base ${owed.base}, quote ${owed.quote}`,
    `  at the end of epoch ${epoch}, market sequence ${sequenceLast}`,
    `  genesis ${proved.genesisHash}, ${chain === 'stark' ? 'STARK' : 'Poseidon'} chain`,
    `  head    ${proved.headHash}`,
    `  signed by ${proved.operatorKey}`,
  ].join('\n');
}
