import type { ChainState } from './chain-state.ts';
import type { PartVerdict } from './check-data.ts';
import { checkHeader, type HeaderContext } from './check-header.ts';
import { checkReplay, type ReplayToCheck } from './check-replay.ts';
import { checkChanges } from './check-rules.ts';
import type { HeadedEpoch } from './epoch-file.ts';
import { ACCEPTED } from './reason-codes.ts';

/** Checks what epochs of all chains say: the signed header, what the log gives, and the rules. */
export function checkSigned<Root extends bigint | Uint8Array>(
  context: HeaderContext,
  state: ChainState<Root>,
  epoch: HeadedEpoch<Root>,
  toReplay: ReplayToCheck | undefined,
): PartVerdict {
  const header = checkHeader(context, state, epoch);
  if (!header.ok) return { ...header, part: 'header' };
  const replay = toReplay === undefined ? ACCEPTED : checkReplay(epoch, toReplay);
  if (!replay.ok) return replay;
  const changes = checkChanges(context.genesis, state, epoch);
  return changes.ok ? changes : { ...changes, part: 'rules' };
}
