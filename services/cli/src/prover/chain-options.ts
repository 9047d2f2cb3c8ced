/** `up --chains`: what a market's epochs are proved by, and how large they are then. */
import type { ChainKind } from '@foldbook/verifier';
import { UsageError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';

/** Settlement records after which an epoch closes: a proof's worth. */
export const EPOCH_RECORDS: Readonly<Record<ChainKind, number>> = { poseidon: 240, stark: 50_000 };

/** As services/prover/src/config.ts has them. */
const CHOICES = ['stark', 'poseidon', 'both'] as const;
export type ChainChoice = (typeof CHOICES)[number];

export const CHAINS_OPTIONS = {
  chains: { type: 'string' },
  'epoch-records': { type: 'string' },
} as const;

export const CHAINS_HELP = `\
  --chains NAME     what proves a market's epochs: stark, poseidon or both (default: as the market
                    began; a new one has stark)
  --epoch-records N settlement records after which an epoch closes
                    (default ${EPOCH_RECORDS.stark};
                    ${EPOCH_RECORDS.poseidon} with --chains poseidon or both)`;

/** Undefined where none was named. @throws UsageError */
export function chainChoice(context: CommandContext): ChainChoice | undefined {
  const text = context.text('chains');
  const choice = CHOICES.find((one) => one === text);
  if (text === undefined || choice !== undefined) return choice;
  throw new UsageError(`--chains ${text}: use ${CHOICES.join(', ')}`);
}

/** Undefined: as the market's configuration says. @throws UsageError */
export function epochRecords(context: CommandContext): number | undefined {
  const choice = chainChoice(context);
  const asked = context.integer('epoch-records', 1, 1_000_000);
  return asked ?? (choice === undefined || choice === 'stark' ? undefined : EPOCH_RECORDS.poseidon);
}
