/** Plays a flow of orders through clients of several accounts, as fast as the market answers. */
import type { OrderClient } from '@foldbook/client';
import type { FlowMessage } from '../order-file.ts';

/** Commands of one account without an answer before its flow waits. */
const MAX_UNANSWERED = 8_192;
const LOOK_EVERY = 256;

export interface PlayLimits {
  /** Stop after this many messages. */
  readonly messages: number;
  /** Stop at this time (performance.now()), ms. */
  readonly untilMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (played: number) => void;
}

/** Takes messages off the iterator; returns how many were played. All are answered on return. */
export async function play(
  flow: Iterator<FlowMessage>,
  clients: readonly OrderClient[],
  limits: PlayLimits,
): Promise<number> {
  let played = 0;
  while (played < limits.messages) {
    if (played % LOOK_EVERY === 0) {
      if (limits.signal.aborted || performance.now() > limits.untilMs) break;
      limits.onProgress(played);
      await roomFor(clients);
    }
    const next = flow.next();
    if (next.done === true) break;
    const { sender, draft } = next.value;
    clients[sender % clients.length]?.submit(draft);
    played += 1;
  }
  await Promise.all(clients.map((client) => client.idle()));
  return played;
}

async function roomFor(clients: readonly OrderClient[]): Promise<void> {
  while (clients.some((client) => client.unanswered > MAX_UNANSWERED)) {
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
  }
}
