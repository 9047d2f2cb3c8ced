/** What a trader was told of a request by its id, held against the log. */
import type { Outcome } from '@foldbook/client';
import type { World } from './world.ts';

export interface ToldOutcome {
  readonly market: string;
  readonly account: number;
  readonly session: number;
  readonly requestId: bigint;
  readonly outcome: Outcome;
}

/** All but `not_seen` is for good; the log forgets results at the end of its window. */
export function checkOutcome(world: World, told: ToldOutcome): void {
  const { market, account, session, requestId, outcome } = told;
  if (outcome.outcome === 'not_seen') return;
  const engine = world.reference.market(market)?.engine;
  const found = engine?.outcomeOf(account, session, requestId);
  const isForgotten = found?.kind === 'expired';
  const isSame =
    outcome.outcome === 'executed'
      ? found?.kind === 'executed' &&
        found.sequence === BigInt(outcome.firstSequence) &&
        found.code === outcome.result
      : outcome.outcome === 'superseded' && found?.kind === 'superseded';
  if (isSame || isForgotten) return;
  world.violation(
    `${market}: account ${account} was told ${outcome.outcome} of ${session}/${requestId}, ` +
      `and the log says ${found?.kind ?? 'nothing'}`,
  );
}
