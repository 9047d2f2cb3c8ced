import { Console } from 'node:console';
import { loadHistoryModule } from '@foldbook/history';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { grouped } from '../output.ts';
import { printableLines } from '../printable.ts';
import { type Fault, faultOf, faultWords } from '../replay/fault.ts';
import { checkOutputs, type Feed, joinFeeds, openFeeds, shareOut } from '../replay/feed.ts';
import { checkFeed, checkObject, checkWords, expectedOf } from '../replay/feed-check.ts';
import { type FeedOutcome, outcomeObject, outcomeWords } from '../replay/feed-outcome.ts';
import { type RunProgress, runFeed } from '../replay/feed-run.ts';
import { runInThread } from '../replay/feed-thread.ts';
import { runParallel, togetherObject, togetherWords } from '../replay/parallel.ts';
import { REPLAY_HELP } from '../replay/replay-help.ts';
import { checkOptions, type ReplayPlan, readParallel, readPlan } from '../replay/replay-plan.ts';
import { measureStages, stagesObject, stagesWords } from '../replay/stages.ts';

const EXIT_INTERRUPTED = 130;

export const replay: CliCommand = {
  name: 'replay',
  summary: 'real market data through the book: final books, checks, features, strategies',
  help: REPLAY_HELP,
  takes: ['FILE...'],
  options: {
    format: { type: 'string' },
    member: { type: 'string' },
    'no-mmap': { type: 'boolean' },
    lenient: { type: 'boolean' },
    'no-orderbook': { type: 'boolean' },
    unknown: { type: 'string' },
    levels: { type: 'string' },
    book: { type: 'string' },
    instrument: { type: 'string' },
    features: { type: 'string' },
    depth: { type: 'string' },
    strategy: { type: 'string', multiple: true },
    parquet: { type: 'string' },
    svg: { type: 'string' },
    'write-bin38': { type: 'string' },
    'write-compact': { type: 'string' },
    repeat: { type: 'string' },
    speed: { type: 'string' },
    follow: { type: 'boolean' },
    engine: { type: 'boolean' },
    backtest: { type: 'boolean' },
    latency: { type: 'string' },
    fees: { type: 'string' },
    funds: { type: 'string' },
    orders: { type: 'string' },
    seed: { type: 'string' },
    check: { type: 'string' },
    parallel: { type: 'string' },
    stages: { type: 'boolean' },
  },
  openOptions: ['check'],
  countOptions: ['parallel'],
  endsOnSignal: true,
  run: runReplay,
};

async function runReplay(context: CommandContext): Promise<number> {
  const { output, signal, positionals } = context;
  checkOptions(context);
  const plan = readPlan(context);
  const parallel = readParallel(context);
  const check = context.text('check');
  // --check FILE alone: a zip that has both.
  const files = positionals.length === 0 && check ? [check] : positionals;
  if (files.length === 0) throw new UsageError('name at least one file');
  const single = await openFeeds(files, plan);
  const feeds = parallel === 'files' ? single : joinFeeds(single);
  await checkOutputs(feeds, plan);
  const module = await loadHistoryModule();
  if (check !== undefined) return runCheck(context, module, plan, feeds, check);
  if (context.flag('stages')) return runStages(context, module, plan, feeds);
  const onProgress = (progress: RunProgress) => {
    if (plan.follow) output.progress(`${progress.name}  ${grouped(progress.events)} events`, 1, 1);
    else showProgress(context, progress);
  };
  let status = 0;
  let shown = 0;
  const onOutcome = (outcome: FeedOutcome) => {
    output.result(outcomeObject(outcome), outcomeWords(outcome));
    tellFaults(outcome.faults);
    shown += outcome.finalBook.length;
    if (outcome.faults.length > 0) status = 1;
  };
  const statusOf = () => {
    if (plan.instrument === undefined || shown > 0 || status !== 0) return status;
    const how = 'without --instrument there is the book of each';
    process.stderr.write(`foldbook: --instrument ${plan.instrument}: no event is of it; ${how}\n`);
    return 1;
  };
  if (parallel !== undefined) {
    const parts = parallel === 'files' ? feeds : feeds.flatMap((feed) => shareOut(feed, parallel));
    const running = { module, plan, feeds: parts, signal, json: output.json };
    const together = await runParallel({ ...running, onOutcome, onProgress });
    output.result(togetherObject(together), togetherWords(together));
    return signal.aborted ? EXIT_INTERRUPTED : statusOf();
  }
  for (const feed of feeds) {
    const running = { module, plan, feed, signal, onProgress, json: output.json };
    // A strategy may take for ever: this thread has to hear that its user does not want to wait.
    const isApart = plan.strategies.length > 0;
    const outcome = isApart ? (await runInThread(running)).outcome : await runFeed(running);
    onOutcome(outcome);
    if (outcome.isInterrupted) return EXIT_INTERRUPTED;
  }
  return statusOf();
}

async function runStages(
  { output, signal }: CommandContext,
  module: WebAssembly.Module,
  plan: ReplayPlan,
  feeds: readonly Feed[],
): Promise<number> {
  // Strategies run in this thread: they may print, and one that hangs lets it hear of no signal,
  // which has to end the process by itself then. Nothing is lost, as a part is no measurement.
  if (output.json) globalThis.console = new Console(process.stderr);
  if (plan.strategies.length > 0) {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.removeAllListeners(name);
  }
  for (const feed of feeds) {
    const name = feed.inputs[0]?.name ?? '';
    try {
      const onProgress = (done: number, total: number) => output.progress(name, done, total);
      const outcome = await measureStages({ module, feed, plan, signal, onProgress });
      if (outcome === undefined) return EXIT_INTERRUPTED;
      output.result(stagesObject(outcome), stagesWords(outcome));
    } catch (error) {
      tellFaults([faultOf(error, name, 0, 0)]);
      return 1;
    }
  }
  return 0;
}

async function runCheck(
  context: CommandContext,
  module: WebAssembly.Module,
  plan: ReplayPlan,
  feeds: readonly Feed[],
  check: string,
): Promise<number> {
  const { output, signal } = context;
  const [feed, second] = feeds;
  if (feed === undefined || second !== undefined) {
    throw new UsageError('--check compares one file: name one');
  }
  const expected = await expectedOf(feed, check);
  const onProgress = (name: string, readBytes: number, totalBytes: number) =>
    output.progress(name, readBytes, totalBytes);
  const outcome = await checkFeed({ module, plan, feed, expected, signal, onProgress });
  output.result(checkObject(outcome), checkWords(outcome));
  tellFaults(outcome.faults);
  if (outcome.isInterrupted) return EXIT_INTERRUPTED;
  return outcome.mismatches > 0 || outcome.faults.length > 0 ? 1 : 0;
}

function tellFaults(faults: readonly Fault[]): void {
  for (const fault of faults) {
    process.stderr.write(`foldbook: ${printableLines(faultWords(fault))}\n`);
  }
}

function showProgress({ output }: CommandContext, progress: RunProgress): void {
  const { name, readBytes, totalBytes, eventsPerSec } = progress;
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  const rate = `${(eventsPerSec / 1e6).toFixed(1)} M events/s`;
  const of = `${megabytes(readBytes)} of ${megabytes(totalBytes)}`;
  output.progress(`${name}  ${of}  ${rate}`, readBytes, totalBytes);
}
