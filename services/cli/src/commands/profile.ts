import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from '@foldbook/runtime';
import type { CliCommand, CommandContext } from '../command.ts';
import { openMetricsFile } from '../top/metrics-file.ts';

const DEFAULT_SECONDS = 10;
const MAX_SECONDS = 240;

export const profile: CliCommand = {
  name: 'profile',
  summary: 'what the threads of a running market spend their time with',
  help: `
Usage: foldbook profile [options]

Has a market that runs on this host take a sampling profile of all its threads, a thousand samples a
second, and write it: a .cpuprofile for each thread, which browsers and editors open. The market
goes on meanwhile. Files go to its profileDir ("foldbook up": profiles/ in the data folder) and are
named in its log. The same is done by SIGUSR2, which begins a profile, and another, which ends it.

  --file FILE       what the market tells (default: of the only one that "foldbook up" runs here
                    for you; a market's configuration names it as metricsFile)
  --seconds N       how long (default ${DEFAULT_SECONDS}); Ctrl-C ends it sooner
  --json            {"pid","seconds"}

Example: foldbook profile --seconds 30`,
  takes: [],
  options: { file: { type: 'string' }, seconds: { type: 'string' } },
  endsOnSignal: true,
  run: take,
};

async function take(context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const seconds = context.integer('seconds', 1, MAX_SECONDS) ?? DEFAULT_SECONDS;
  const { reader, close } = openMetricsFile(context.text('file'));
  const { owner } = reader.descriptor;
  try {
    process.kill(owner.pid, 'SIGUSR2');
    await delay(seconds * 1_000, undefined, { signal }).catch(() => undefined);
    if (!isAlive(owner)) {
      process.stderr.write(`foldbook: the market of process ${owner.pid} has ended\n`);
      return 1;
    }
    process.kill(owner.pid, 'SIGUSR2');
    output.result(
      { pid: owner.pid, seconds },
      `process ${owner.pid} was profiled; its log names the files`,
    );
    return 0;
  } finally {
    close();
  }
}
