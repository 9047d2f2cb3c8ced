/** Proof stores that another prover has. */
import { setTimeout as delay } from 'node:timers/promises';
import { proofStoreHolder } from '@foldbook/runtime';
import { CHAIN_KINDS } from '@foldbook/verifier';
import { chainFolder, listMarkets } from '@foldbook/verifier/node';
import { InterruptedError, UsageError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';

/** How long the prover of a command that was killed may take to end. */
const ENDS_WITHIN_MS = 12_000;
const LOOK_MS = 100;

/**
 * Waits for the prover of an earlier command, which ends by itself.
 * @param store - the folder of all markets' stores
 * @throws UsageError if one of them is held all the same
 */
export async function checkProofStores(
  { signal }: Pick<CommandContext, 'signal'>,
  store: string,
  endsWithinMs = ENDS_WITHIN_MS,
): Promise<void> {
  const latestMs = performance.now() + endsWithinMs;
  for (;;) {
    const held = await heldStore(store);
    if (held === undefined) return;
    if (performance.now() > latestMs) {
      const what = `STORE_LOCKED: process ${held.pid} proves ${held.market} in ${store}`;
      throw new UsageError(`${what}: stop that prover first, or name another --data`);
    }
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) throw new InterruptedError('interrupted');
  }
}

async function heldStore(store: string): Promise<{ market: string; pid: number } | undefined> {
  // What can't be read its prover will say.
  const markets = await listMarkets(store).catch(() => []);
  for (const market of markets) {
    for (const chain of CHAIN_KINDS) {
      const holder = proofStoreHolder(chainFolder(store, market, chain));
      if (holder !== undefined) return { market, pid: holder.pid };
    }
  }
  return undefined;
}
