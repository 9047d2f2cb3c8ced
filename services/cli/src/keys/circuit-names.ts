/** Circuits by name. The package that has them is GPL-3.0, this command is not: see pinned keys. */
import { pinnedKeys } from '@foldbook/verifier';
import { UsageError } from '../cli-error.ts';

export const CIRCUITS: readonly string[] = [...new Set(pinnedKeys.map(({ circuit }) => circuit))];

/** @throws UsageError for a name that no circuit has */
export function checkCircuit(name: string, more: readonly string[] = []): string {
  const known = [...CIRCUITS, ...more];
  if (known.includes(name)) return name;
  throw new UsageError(`--circuit ${name || '""'}: there are ${known.join(', ')}`);
}
