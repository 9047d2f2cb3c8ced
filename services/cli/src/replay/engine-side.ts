/** What goes through the matching engine beside the replay book: the feed, or a backtest on it. */
import { writeFileSync } from 'node:fs';
import { loadKernel } from '@foldbook/engine';
import {
  Backtest,
  type Difference,
  EngineReplay,
  type EngineReplayResult,
  type EventBlock,
  EventSide,
  FeaturePlan,
  type HistoryKernel,
  hashLog,
  type LogEntry,
  loadStrategy,
  logLine,
  type MarketDecoder,
  type OwnTrading,
  parseFeature,
  ReplayBook,
  type ReplayBookOptions,
  type Scale,
  type Strategy,
  WholeBlocks,
} from '@foldbook/history';
import { UsageError } from '../cli-error.ts';
import { grouped } from '../output.ts';
import { unitsOf } from './decimal.ts';
import { writingTo } from './fault.ts';
import { type ProfitObject, profitObject } from './profit-object.ts';
import type { FundsText, ReplayPlan } from './replay-plan.ts';

export interface EngineFigures {
  readonly executions: number;
  readonly same: number;
  readonly executedQuantity: bigint;
  readonly sameQuantity: bigint;
  readonly differences: readonly Difference[];
}

export interface BacktestFigures {
  readonly file: string;
  readonly result: unknown;
  readonly orders: number;
  /** Orders, replacements and cancels, by the code of the refusal. */
  readonly rejected: Readonly<Record<string, number>>;
  /** By instrument's name; amounts in currency, decimals as text. */
  readonly profit: Readonly<Record<string, ProfitObject>>;
  readonly underway: number;
  readonly logHash: string;
}

export interface EngineOutcome {
  readonly engine: EngineFigures;
  readonly backtest: BacktestFigures | undefined;
  /** For a picture: of the instrument that it shows, where that is known. */
  readonly own: OwnTrading | undefined;
}

/** What is loaded before a feed is read. */
export interface EngineParts {
  readonly module: WebAssembly.Module;
  /** Of a backtest. */
  readonly strategy: Strategy | undefined;
}

interface Place {
  readonly kernel: HistoryKernel;
  readonly decoder: MarketDecoder;
  /** As the replay's own book has them. */
  readonly bookOptions: ReplayBookOptions;
}

/** @throws StrategyError, FeatureError */
export async function loadEngineParts(plan: ReplayPlan): Promise<EngineParts | undefined> {
  if (!plan.engine && !plan.backtest) return undefined;
  const [path] = plan.strategies;
  const isTesting = plan.backtest && path !== undefined;
  const strategy = isTesting ? await loadStrategy(path) : undefined;
  return { module: await loadKernel(), strategy };
}

export class EngineSide {
  readonly #plan: ReplayPlan;
  #log: readonly LogEntry[] = [];
  readonly #decoder: MarketDecoder;
  readonly #side: EngineReplay | Backtest;
  /** The same run comes to the same, mapped, packed or in pieces. */
  readonly #blocks: WholeBlocks;

  constructor(plan: ReplayPlan, { module, strategy }: EngineParts, place: Place) {
    const { kernel, decoder, bookOptions } = place;
    const { joined, levels } = bookOptions;
    const common = { kernel, engine: module, joined, levels };
    this.#plan = plan;
    this.#decoder = decoder;
    this.#blocks = new WholeBlocks(kernel, (block) => this.#side.apply(block));
    if (strategy === undefined) {
      this.#side = new EngineReplay(common);
      return;
    }
    const { features = [] } = strategy;
    const { priceExponent, quantityExponent } = decoder.scale;
    const context = {
      instruments: () => decoder.instruments(),
      ...{ priceDecimals: -priceExponent, quantityDecimals: -quantityExponent },
    };
    this.#side = new Backtest({
      ...common,
      book: new ReplayBook(bookOptions),
      plan: new FeaturePlan(kernel, features.map(parseFeature)),
      strategy: {
        ...{ path: plan.strategies[0] ?? '', strategy, context },
        columns: features.map((_, column) => column),
      },
      ...{ latency: plan.latency, fees: plan.fees, depth: plan.depth },
      funds: plan.funds === undefined ? undefined : fundsIn(plan.funds, decoder.scale),
    });
  }

  /** @throws StrategyError, ReplayError, MarketSetUpError */
  apply(block: EventBlock): void {
    this.#blocks.push(block);
  }

  /** The next block begins a snapshot that is the whole book. Throws like `apply`. */
  startSnapshot(): void {
    this.#blocks.flush();
    if (this.#side instanceof Backtest) this.#side.startSnapshot();
    else this.#side.clear();
  }

  /** After the last block. Throws like `apply`. */
  finish(): EngineOutcome {
    this.#blocks.flush();
    if (this.#side instanceof EngineReplay) {
      return { engine: figuresOf(this.#side.result()), backtest: undefined, own: undefined };
    }
    const { log, logHash, profit, underway, strategy, replay } = this.#side.end();
    const [file = ''] = this.#plan.strategies;
    this.#log = log;
    const orders = log.filter(({ type }) => type === 'place').length;
    const names = this.#decoder.instruments();
    const named = profit.map(
      (one) => [names[one.instrument] ?? '', profitObject(one, this.#decoder.scale)] as const,
    );
    const shown = Object.fromEntries(named);
    return {
      engine: figuresOf(replay),
      backtest: {
        ...{ file, result: strategy, orders, rejected: rejectedIn(log) },
        ...{ profit: shown, underway, logHash },
      },
      own: this.#ownIn(log, names),
    };
  }

  /**
   * After `finish`: a line with what the numbers of the others mean, then the log's own, of which
   * its hash is.
   * @throws OutputError
   */
  writeLog(path: string): void {
    const { priceExponent, quantityExponent } = this.#decoder.scale;
    const units = {
      type: 'units',
      priceDecimals: -priceExponent,
      quantityDecimals: -quantityExponent,
      feeDecimals: -(priceExponent + quantityExponent),
      instruments: this.#decoder.instruments(),
      logHash: hashLog(this.#log),
    };
    const lines = [JSON.stringify(units), ...this.#log.map(logLine)].map((line) => `${line}\n`);
    writingTo(path, () => writeFileSync(path, lines.join('')));
  }

  #ownIn(log: readonly LogEntry[], names: readonly string[]): OwnTrading | undefined {
    const { instrument } = this.#plan;
    const shown = instrument === undefined ? 0 : names.indexOf(instrument);
    if (instrument === undefined && names.length !== 1) return undefined;
    return ownTrading(log.filter((entry) => entry.instrument === shown));
  }
}

function rejectedIn(log: readonly LogEntry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const entry of log) {
    if (entry.type === 'rejected') counts[entry.code] = (counts[entry.code] ?? 0) + 1;
  }
  return counts;
}

/** Profit so far is what was got less what was paid, with what is held at the last fill's price. */
function ownTrading(log: readonly LogEntry[]): OwnTrading {
  const fills: OwnTrading['fills'][number][] = [];
  const orders: OwnTrading['fills'][number][] = [];
  const profit: { timeNs: bigint; amount: number }[] = [];
  let position = 0;
  let cash = 0;
  for (const entry of log) {
    if (entry.type !== 'fill' && entry.type !== 'place') continue;
    const side = entry.side === 'buy' ? EventSide.BUY : EventSide.SELL;
    const [price, quantity] = [Number(entry.price), Number(entry.quantity)];
    if (entry.type === 'place') {
      orders.push({ timeNs: entry.arrivesNs, side, price, quantity });
      continue;
    }
    const { timeNs } = entry;
    fills.push({ timeNs, side, price, quantity });
    const bought = entry.side === 'buy' ? quantity : -quantity;
    position += bought;
    cash -= bought * price + Number(entry.fee);
    profit.push({ timeNs, amount: cash + position * price });
  }
  return { fills, orders, profit };
}

/** @throws UsageError for parts of what the feed counts as a whole */
function fundsIn(funds: FundsText, { priceExponent, quantityExponent }: Scale) {
  const of = { base: quantityExponent, quote: priceExponent + quantityExponent };
  const inUnits = (name: 'base' | 'quote') => {
    const units = unitsOf(funds[name], of[name]);
    if (units !== undefined) return units;
    const words = `${funds[name]} has more decimals than the feed, which has ${-of[name]}`;
    throw new UsageError(`--funds ${funds.base}:${funds.quote}: ${words}`);
  };
  return { base: inUnits('base'), quote: inUnits('quote') };
}

function figuresOf(result: EngineReplayResult): EngineFigures {
  const { executions, same, executedQuantity, sameQuantity, differences } = result;
  return { executions, same, executedQuantity, sameQuantity, differences };
}

export function engineWords({ engine, backtest }: Omit<EngineOutcome, 'own'>): string[] {
  const { executions, same, differences } = engine;
  const lines = [
    `engine: ${grouped(same)} of ${grouped(executions)} executions have the same order and terms`,
    ...differences.map(({ kind, count, meaning }) => `  ${kind} ${grouped(count)}: ${meaning}`),
  ];
  if (backtest === undefined) return lines;
  const { file, orders, rejected, profit, underway, logHash } = backtest;
  lines.push(`${file}: ${grouped(orders)} orders, ${underway} on their way at the end`);
  const refusals = Object.entries(rejected).map(([code, count]) => `${grouped(count)} ${code}`);
  if (refusals.length > 0) lines.push(`  rejected: ${refusals.join(', ')}`);
  for (const [name, { fills, position, total, fees }] of Object.entries(profit)) {
    const worth = `position ${position}, profit ${total}, fees ${fees}`;
    lines.push(`  ${name}: ${grouped(Number(fills))} fills, ${worth}`);
  }
  lines.push(`  order log ${logHash}`);
  return lines;
}
