/** The market thread of `bench latency` as its own client: nothing but its core takes part. */
import { EventRingReader, type KernelHost, type LaidCommands } from '@foldbook/engine';
import { RECORD_BYTES } from '@foldbook/protocol';
import { TradeReader } from './latency-client.ts';
import { PairWriter } from './latency-commands.ts';
import type { AloneRun, LatencyMeasured } from './latency-messages.ts';
import { percentiles } from './statistics.ts';

const TIME_NS = 1n;

/** A market whose set-up is done, and whose events nobody else reads. */
export interface AloneMarket {
  readonly host: KernelHost;
  readonly market: ReturnType<KernelHost['addMarket']>;
  readonly laid: LaidCommands;
  readonly firstSequence: number;
}

/** Command `i` is due `i` periods after the start, and waits where the one before is not done. */
export function measureAlone(
  { host, market, laid, firstSequence }: AloneMarket,
  { pairs, perSec }: AloneRun,
  nowNs: () => number,
): LatencyMeasured {
  const periodNs = 1e9 / perSec;
  const ring = new EventRingReader(host.sharedEvents);
  const writer = new PairWriter(2);
  const seller = writer.bytes.subarray(0, RECORD_BYTES);
  const buyer = writer.bytes.subarray(RECORD_BYTES);
  const startNs = nowNs();
  const reader = new TradeReader(firstSequence, periodNs, pairs, () => nowNs() - startNs);
  for (let sent = 0; sent < 2 * pairs; sent += 1) {
    const slot = writer.write(sent, 1);
    laid.bytes.set(slot === 0 ? seller : buyer);
    while (nowNs() - startNs < sent * periodNs);
    market.applyLaid(laid, 0, 1, TIME_NS, 1);
    ring.poll(reader.read);
  }
  const { trades, isRight, latencies } = reader;
  return {
    commandsPerSec: Math.round((2 * trades * 1e9) / (nowNs() - startNs)),
    trades,
    isRight: isRight && trades === pairs,
    latencyNs: percentiles(latencies.subarray(0, trades).map(Math.round).sort()),
  };
}
