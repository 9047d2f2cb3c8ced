// SPDX-License-Identifier: GPL-3.0-or-later
import type { RuleChange } from '@foldbook/verifier';

/** Whether two changes say the same, wherever each was met. */
export function isSameChange(left: RuleChange, right: RuleChange): boolean {
  const text = (change: RuleChange) =>
    JSON.stringify({ ...change, record: 0n }, (_, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
  return text(left) === text(right);
}
