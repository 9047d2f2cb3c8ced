/** Whether an accepted chain is proved, and what people are told where it is not. */
import type { ChainAccepted } from '@foldbook/verifier';

/** Proofs under development keys show nothing by themselves: only the records do. */
export const isProved = ({ devKeys, level }: Pick<ChainAccepted, 'devKeys' | 'level'>): boolean =>
  !(devKeys && level === 'settlement');

export const NOT_PROVED = 'SIGNED, BUT NOT PROVED';

export const DEV_KEYS_WARNING = '  WARNING: development keys: anyone can forge proofs under them';
