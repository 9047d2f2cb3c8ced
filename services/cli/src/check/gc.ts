/** `check gc`: that commands leave nothing to the garbage collector, and groups little. */
import { fileURLToPath } from 'node:url';
import { AskedProcess } from '../bench/asked-process.ts';
import { machineWords, thisMachine } from '../bench/machine.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { grouped } from '../output.ts';

const MAIN = fileURLToPath(new URL('../../../market/src/bench/gc-main.ts', import.meta.url));
const DEFAULT_COMMANDS = 10_000_000;
const DEFAULT_GROUP = 100;
const MAX_GROUP = 4_096;
/** Both change what all accounts have, and the events of both leave the kernel in one block. */
const SMALL_GROUP = 64;
const LARGE_GROUP = 500;
const GROUPS = 2_000;
/** Holds all that is allocated while it is counted. */
const COUNTING = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64'];
/** What the heap's own figures are wrong by. */
const ZERO_BYTES = 0.5;

export const gc: CliCommand = {
  name: 'check gc',
  summary: 'that no command allocates, and what collections take from a market thread',
  help: `
Usage: foldbook check gc [--commands N] [--group N]

Drives a market host as its thread has it (command ring, mailbox, kernel, event ring, metrics and
views) with pairs of orders that trade, on one thread in a process of its own.
  allocated  bytes of JavaScript's heap for a group of ${SMALL_GROUP} commands and for one of
             ${LARGE_GROUP}, with a young generation so large that nothing is collected meanwhile:
             what differs is the commands', the rest is the group's
  collected  collections while N commands run, with V8's own defaults
Exit status 1 if a command allocates ${ZERO_BYTES} bytes or more.

  --commands N      (default ${grouped(DEFAULT_COMMANDS)})
  --group N         of so many each (default ${DEFAULT_GROUP})
  --json            {"bytesPerCommand","bytesPerGroup","commands","group","collections",
                    "commandsPerCollection","longestMs","totalMs","shareOfTime"}

Example: foldbook check gc --commands 1000000 --group 1`,
  takes: [],
  options: { commands: { type: 'string' }, group: { type: 'string' } },
  endsOnSignal: true,
  run: check,
};

type GcQuestions = {
  readonly allocated: {
    readonly asked: { readonly commands: number; readonly groups: number };
    readonly answer: { readonly bytesPerGroup: number };
  };
  readonly collected: {
    readonly asked: { readonly commands: number; readonly size: number };
    readonly answer: {
      readonly commands: number;
      readonly tookMs: number;
      readonly collections: number;
      readonly longestMs: number;
      readonly totalMs: number;
    };
  };
};

async function check(context: CommandContext): Promise<number> {
  const { output } = context;
  const commands = context.integer('commands', 1, 1_000_000_000) ?? DEFAULT_COMMANDS;
  const size = context.integer('group', 1, MAX_GROUP) ?? DEFAULT_GROUP;
  const { perCommand, perGroup } = await allocated(context);
  const found = await inProcess(context, [], (asked) => asked.ask('collected', { commands, size }));
  const isRight = perCommand < ZERO_BYTES;
  const figures = {
    bytesPerCommand: Number(Math.max(0, perCommand).toFixed(3)),
    bytesPerGroup: Math.round(perGroup),
    commands: found.commands,
    group: size,
    collections: found.collections,
    commandsPerCollection:
      found.collections === 0 ? undefined : Math.round(found.commands / found.collections),
    longestMs: Number(found.longestMs.toFixed(3)),
    totalMs: Number(found.totalMs.toFixed(3)),
    shareOfTime: Number((found.totalMs / found.tookMs).toFixed(6)),
  };
  output.result(figures, words(figures));
  if (!isRight) {
    process.stderr.write(`foldbook: a command allocates ${figures.bytesPerCommand} bytes\n`);
  }
  return isRight ? 0 : 1;
}

async function allocated(context: CommandContext) {
  return inProcess(context, COUNTING, async (asked) => {
    const bytes = async (commands: number) =>
      (await asked.ask('allocated', { commands, groups: GROUPS })).bytesPerGroup;
    const small = await bytes(SMALL_GROUP);
    const large = await bytes(LARGE_GROUP);
    const perCommand = (large - small) / (LARGE_GROUP - SMALL_GROUP);
    return { perCommand, perGroup: small - perCommand * SMALL_GROUP };
  });
}

async function inProcess<Answer>(
  { signal }: CommandContext,
  flags: readonly string[],
  ask: (asked: AskedProcess<GcQuestions>) => Promise<Answer>,
): Promise<Answer> {
  const asked = new AskedProcess<GcQuestions>(MAIN, flags, signal);
  try {
    return await ask(asked);
  } finally {
    await asked.stop();
  }
}

function words(figures: {
  readonly bytesPerCommand: number;
  readonly bytesPerGroup: number;
  readonly commands: number;
  readonly group: number;
  readonly collections: number;
  readonly longestMs: number;
  readonly totalMs: number;
  readonly shareOfTime: number;
}): string {
  const { bytesPerCommand, bytesPerGroup, collections, commands, group } = figures;
  return [
    `allocated  ${bytesPerCommand} bytes a command, ${grouped(bytesPerGroup)} a group`,
    `collected  ${collections} times in ${grouped(commands)} commands in groups of ${group}: ` +
      `${figures.totalMs} ms, the longest ${figures.longestMs} ms`,
    `           ${(figures.shareOfTime * 100).toFixed(3)} % of the time`,
    `machine    ${machineWords(thisMachine())}`,
  ].join('\n');
}
