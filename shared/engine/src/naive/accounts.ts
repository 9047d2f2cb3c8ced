import { Account, MAX_ACCOUNT } from '@foldbook/protocol';

/** Whether a client may own an account. */
export const isClient = (account: number): boolean =>
  account >= Account.FIRST_CLIENT && account <= MAX_ACCOUNT;
