/** The end of a demo: what was done, how long it took, and at which rate. */
import type { MirrorCounters } from '@foldbook/client';
import type { ChainResult } from '@foldbook/verifier';
import { duration, grouped } from '../output.ts';
import type { ProvedEpoch } from './environment.ts';

/** What came of playing the flow. */
export interface Traded {
  readonly commands: number;
  readonly trades: number;
  readonly deltas: number;
  readonly rejected: number;
  readonly fills: number;
  /** Batches that clients sent again because no acknowledgement came. */
  readonly resent: number;
  readonly tradeMs: number;
  readonly mirror: MirrorCounters;
  readonly levels: number;
  readonly epochsClosed: number;
  readonly durability: string;
  /** Core of the market thread; null where it could not be pinned. */
  readonly core: number | null;
}

export interface DemoFigures extends Traded {
  readonly market: string;
  readonly flow: string;
  readonly proved: readonly ProvedEpoch[];
  readonly chain: ChainResult;
  readonly verifyMs: number;
  readonly totalMs: number;
  readonly proofDir: string;
}

export function summary(figures: DemoFigures): Record<string, unknown> {
  const { tradeMs, commands, trades, proved, chain, ...rest } = figures;
  const total = sums(proved);
  return {
    ...rest,
    commands,
    trades,
    tradeMs,
    commandsPerSec: perSecond(commands, tradeMs),
    tradesPerSec: perSecond(trades, tradeMs),
    epochsProved: proved.length,
    recordsProved: total.records,
    proofs: total.proofs,
    proveMs: total.ms,
    recordsProvedPerSec: perSecond(total.records, total.ms),
    verified: chain.ok,
    epochsVerified: chain.ok ? chain.epochs : 0,
    chain,
  };
}

export function summaryWords(figures: DemoFigures): string {
  const { chain, mirror, proved, tradeMs } = figures;
  const total = sums(proved);
  const rate = (count: number, ms: number) => `${grouped(perSecond(count, ms))}/s`;
  const core = figures.core === null ? 'not pinned' : `pinned to core ${figures.core}`;
  const verdict = chain.ok
    ? `${chain.epochs} epochs VERIFIED in ${duration(figures.verifyMs)} (level ${chain.level})`
    : `REFUSED: ${chain.firstFailure.code}: ${chain.firstFailure.message}`;
  const rows: [string, string][] = [
    ['market', `${figures.market}, ${core}`],
    ['durability', figures.durability],
    ['flow', figures.flow],
    [
      'commands',
      `${grouped(figures.commands)} answered in ${duration(tradeMs)}, ` +
        `${rate(figures.commands, tradeMs)} (${grouped(figures.rejected)} rejected)`,
    ],
    ['trades', `${grouped(figures.trades)}, ${rate(figures.trades, tradeMs)}`],
    ['deltas', `${grouped(figures.deltas)}, ${rate(figures.deltas, tradeMs)}`],
    [
      'mirror',
      `${grouped(mirror.checks)} checksums equal, ${mirror.mismatches} different, ` +
        `${mirror.gaps} gaps; all ${figures.levels} levels equal to the engine's`,
    ],
    [
      'proved',
      `${proved.length} of ${figures.epochsClosed} closed epochs: ${total.records} records, ` +
        `${total.proofs} proofs in ${duration(total.ms)}, ` +
        `${perSecond(total.records, total.ms).toFixed(1)} records/s`,
    ],
    ['verified', verdict],
    ['total', duration(figures.totalMs)],
  ];
  const lines = rows.map(([label, words]) => `  ${label.padEnd(11)} ${words}`);
  const warning = chain.ok && chain.devKeys ? '\n  (development keys: anyone can forge)' : '';
  const advice = `Check it yourself: npx foldbook verify --store ${figures.proofDir}`;
  return `\n${lines.join('\n')}${warning}\n\n${advice}`;
}

const perSecond = (count: number, ms: number) => (ms <= 0 ? 0 : (count * 1_000) / ms);

function sums(proved: readonly ProvedEpoch[]) {
  return {
    records: proved.reduce((sum, epoch) => sum + epoch.recordCount, 0),
    proofs: proved.reduce((sum, epoch) => sum + epoch.proofs, 0),
    ms: proved.reduce((sum, epoch) => sum + epoch.ms, 0),
  };
}
