/** The end of a demo: what was done, how long it took, and at which rate. */
import type { MirrorCounters } from '@foldbook/client';
import type { EpochProved } from '@foldbook/protocol';
import type { ChainResult } from '@foldbook/verifier';
import { duration, grouped, plural, roundedMs } from '../output.ts';
import type { LeftBehind } from './broker-streams.ts';

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
  readonly proved: readonly EpochProved[];
  /** From the first proof's beginning to the last one's end: epochs are proved side by side. */
  readonly provingMs: number;
  readonly chain: ChainResult;
  readonly verifyMs: number;
  /** From the last answer to the last proof that was waited for. */
  readonly behindMs: number;
  readonly totalMs: number;
  readonly proofDir: string;
}

/** `left`: what stays on the broker, where there is one. */
export function summary(
  figures: DemoFigures,
  left: LeftBehind | undefined,
): Record<string, unknown> {
  const { tradeMs, commands, trades, proved, provingMs, chain, ...rest } = figures;
  const total = sums(proved);
  return {
    ...rest,
    proved: proved.map((epoch) => ({ ...epoch, ms: roundedMs(epoch.ms) })),
    commands,
    trades,
    tradeMs: roundedMs(tradeMs),
    verifyMs: roundedMs(figures.verifyMs),
    behindMs: roundedMs(figures.behindMs),
    totalMs: roundedMs(figures.totalMs),
    commandsPerSec: perSecond(commands, tradeMs),
    tradesPerSec: perSecond(trades, tradeMs),
    epochsProved: proved.length,
    recordsProved: total.records,
    proofs: total.proofs,
    proveMs: roundedMs(provingMs),
    recordsProvedPerSec: perSecond(total.records, provingMs),
    verified: chain.ok,
    epochsVerified: chain.ok ? chain.epochs : 0,
    chain,
    ...(left === undefined ? {} : { broker: left }),
  };
}

export function summaryWords(figures: DemoFigures, left: LeftBehind | undefined): string {
  const { chain, mirror, proved, provingMs, tradeMs } = figures;
  const total = sums(proved);
  const rate = (count: number, ms: number) => `${grouped(perSecond(count, ms))}/s`;
  const core = figures.core === null ? 'not pinned' : `pinned to core ${figures.core}`;
  const verdict = chain.ok
    ? `${plural(chain.epochs, 'epoch')} VERIFIED in ${duration(figures.verifyMs)} ` +
      `(level ${chain.level})`
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
        `${plural(total.proofs, 'proof')} within ${duration(provingMs)}, ` +
        `${perSecond(total.records, provingMs).toFixed(1)} records/s`,
    ],
    [
      'behind',
      `the last proof was there ${duration(figures.behindMs)} after the last answer; ` +
        `an epoch took ${duration(Math.max(...proved.map(({ ms }) => ms)))} at most`,
    ],
    ['verified', verdict],
    ['total', duration(figures.totalMs)],
    ...leftRows(left),
  ];
  const lines = rows.map(([label, words]) => `  ${label.padEnd(11)} ${words}`);
  const warning = chain.ok && chain.devKeys ? '\n  (development keys: anyone can forge)' : '';
  const advice = `Check it yourself: npx foldbook verify --store ${figures.proofDir}`;
  return `\n${lines.join('\n')}${warning}\n\n${advice}`;
}

function leftRows(left: LeftBehind | undefined): [string, string][] {
  if (left === undefined) return [];
  if (left.streams.length === 0) return [['broker', `nothing known of its streams: ${left.kept}`]];
  const names = left.streams.map(({ name }) => name).join(', ');
  const sizeBytes = left.streams.reduce((sum, { bytes }) => sum + bytes, 0);
  const streams = `streams ${names} (${grouped(sizeBytes / 1e6)} MB)`;
  if (left.removed) return [['broker', `${streams} removed`]];
  const why = left.kept ?? 'demo --clean removes them at its end, or: nats stream rm NAME';
  return [['broker', `${streams} stay there: ${why}`]];
}

const perSecond = (count: number, ms: number) => (ms <= 0 ? 0 : (count * 1_000) / ms);

function sums(proved: readonly EpochProved[]) {
  return {
    records: proved.reduce((sum, epoch) => sum + epoch.recordCount, 0),
    proofs: proved.reduce((sum, epoch) => sum + epoch.proofs, 0),
  };
}
