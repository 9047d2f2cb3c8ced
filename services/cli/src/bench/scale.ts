/** `bench scale`: what partitions, markets, nodes, accounts and bytes cost, on a real broker. */
import { readFile, writeFile } from 'node:fs/promises';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { findPrograms } from '../local-servers.ts';
import { thisMachine } from './machine.ts';
import { deploy, PLANS } from './scale-model.ts';
import { runScale, type ScaleRun, type ScaleSettings, type ScaleSpec } from './scale-run.ts';
import {
  constantsOf,
  perCommand,
  type Runs,
  SECTIONS,
  type Section,
  specsOf,
} from './scale-sections.ts';
import { cpuPerMillion, runWords, scaleTables } from './scale-words.ts';
import { runTool } from './tool.ts';

const DEFAULT = {
  seconds: 5,
  idle: 4,
  warmUp: 2,
  rate: 10_000,
  clients: 128,
  window: 16,
  batch: 20,
  singles: 50,
} as const;
const ALL_STEPS = 3;
const BEGIN = '<!-- bench scale -->';
const END = '<!-- end of bench scale -->';

export const scale: CliCommand = {
  name: 'bench scale',
  summary: 'what partitions, markets, nodes, accounts and bytes cost, and three deployments',
  help: `
Usage: foldbook bench scale [options]

Varies one thing at a time on a venue of its own: brokers that sync each write
(sync_interval: always), nodes with a service for each partition, markets, and clients that send as
those of \`bench e2e\` do, at a rate well below what the machine can. Each run measures the venue
without commands, and then with them:
  partitions  1, 2, 4 with four markets: cores, memory, messages and bytes of each
  markets     1, 8, 64 on a partition: memory of each, and how long a start takes, with their log
  nodes       1, 2, 3: all but one follow the partition as standbys
  accounts    16, 128, 1,024: reports are a message for each account
  bytes       one broker at the rate, at a tenth of it and as fast as it goes; three brokers with
              three copies of each stream, with 1 and 4 partitions
Figures of brokers are their own (/varz, /connz, /routez, /jsz), those of processes the system's.
From all runs together follow the constants of docs/scale.md: cores are fitted as a x commands +
b x stored messages. From those, what three deployments take.

  --only SECTION    ${SECTIONS.join(', ')}
  --steps N         of each section, the N smallest sizes (default all)
  --replicas N      1 or 3, of what is not in \`bytes\` (default 1)
  --rate N          commands a second (default ${DEFAULT.rate})
  --clients N       accounts that trade (default ${DEFAULT.clients})
  --idle N          seconds without commands (default ${DEFAULT.idle})
  --seconds N       seconds with them (default ${DEFAULT.seconds})
  --warm-up N       seconds with them before that (default ${DEFAULT.warmUp})
  --markdown        the tables of docs/scale.md
  --into FILE       puts these tables into FILE, between the lines
                    "${BEGIN}" and "${END}"
  --json            {"section","spec","idle":{...},"loaded":{...},"cpuPerMillion":{...},...} a run,
                    {"constants":{...},"deployments":[...],"machine":{...}} at the end

On two idle cores all takes some five minutes, and twice that beside other work. Memory is resident
memory, by the slope over the sizes; the load average that is printed tells how much else ran.
Linux. Exit status 1 if something sent never came back.

Example: foldbook bench scale --into docs/scale.md`,
  takes: [],
  options: {
    only: { type: 'string' },
    steps: { type: 'string' },
    replicas: { type: 'string' },
    rate: { type: 'string' },
    clients: { type: 'string' },
    idle: { type: 'string' },
    seconds: { type: 'string' },
    'warm-up': { type: 'string' },
    markdown: { type: 'boolean' },
    into: { type: 'string' },
  },
  endsOnSignal: true,
  run: measure,
};

function sectionsOf(context: CommandContext): readonly Section[] {
  const only = context.text('only');
  if (only === undefined) return SECTIONS;
  const section = SECTIONS.find((each) => each === only);
  if (section === undefined) throw new UsageError(`--only ${only}: use ${SECTIONS.join(' or ')}`);
  return [section];
}

function baseOf(context: CommandContext): ScaleSpec & { readonly perSec: number } {
  const replicas = context.integer('replicas', 1, 3) ?? 1;
  if (replicas === 2) throw new UsageError('--replicas 2: two copies have no majority');
  const perSec = context.integer('rate', 100, 1_000_000) ?? DEFAULT.rate;
  const clients = context.integer('clients', 2, 10_000) ?? DEFAULT.clients;
  return { replicas, partitions: 1, markets: 1, nodes: 1, clients, perSec, restarts: false };
}

function settingsOf(context: CommandContext): ScaleSettings {
  return {
    idleSeconds: context.integer('idle', 1, 3_600) ?? DEFAULT.idle,
    warmUpSeconds: context.integer('warm-up', 0, 600) ?? DEFAULT.warmUp,
    seconds: context.integer('seconds', 1, 3_600) ?? DEFAULT.seconds,
    window: DEFAULT.window,
    batch: DEFAULT.batch,
    singlePercent: DEFAULT.singles,
  };
}

async function measure(context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const base = baseOf(context);
  const settings = settingsOf(context);
  const into = context.text('into');
  // Before minutes have gone by.
  if (into !== undefined) tablesIn(await readFile(into, 'utf8'), '', into);
  const isMarkdown = context.flag('markdown') && !output.json;
  const steps = context.integer('steps', 1, ALL_STEPS) ?? ALL_STEPS;
  const asked = sectionsOf(context).map((section) => ({
    section,
    specs: specsOf(section, base, steps),
  }));
  const keys = new Set(asked.flatMap(({ specs }) => specs).map((spec) => JSON.stringify(spec)));
  const made = new Map<string, ScaleRun>();
  const measured = new Map<Section, ScaleRun[]>();
  const tell = { onTrouble: (line: string) => process.stderr.write(`${line}\n`), signal };
  for (const { section, specs } of asked) {
    const runs: ScaleRun[] = [];
    for (const spec of specs) {
      const key = JSON.stringify(spec);
      const known = made.get(key);
      output.progress('bench scale', made.size, keys.size);
      const run = known ?? (await runScale(spec, settings, tell));
      made.set(key, run);
      runs.push(run);
      if (known === undefined && !isMarkdown)
        output.result(rowOf(section, run), runWords(section, run));
    }
    measured.set(section, runs);
  }
  output.endProgress();
  const runs = [...made.values()];
  await finish(context, measured, runs, { base, settings, into, isMarkdown });
  if (runs.every(({ isWhole }) => isWhole)) return 0;
  process.stderr.write('foldbook: something that was sent never came back\n');
  return 1;
}

const rowOf = (section: Section, run: ScaleRun) => ({
  section,
  ...run,
  cpuPerMillion: cpuPerMillion(run),
  perCommand: perCommand(run),
});

interface Made {
  readonly base: ScaleSpec & { readonly perSec: number };
  readonly settings: ScaleSettings;
  readonly into: string | undefined;
  readonly isMarkdown: boolean;
}

async function finish(
  { output, signal }: CommandContext,
  measured: Runs,
  runs: readonly ScaleRun[],
  { base, settings, into, isMarkdown }: Made,
): Promise<void> {
  const constants = constantsOf(measured);
  const machine = thisMachine();
  const { stdout } = await runTool((await findPrograms()).natsServer, ['--version'], signal);
  const natsServer = stdout.trim().replace(/^.*v/s, '');
  const { idleSeconds, warmUpSeconds, seconds, window, batch, singlePercent } = settings;
  const method =
    `One run each: ${idleSeconds} s idle, ${seconds} s under load after ${warmUpSeconds} s, ` +
    `${base.perSec.toLocaleString('en-US')} commands/s unless said otherwise, ${singlePercent} % ` +
    `of messages with one command, the others with ${batch}, a window of ${window} a client.`;
  const tables = scaleTables(runs, constants, { machine, natsServer, method });
  const deployments = PLANS.map((plan) => ({ plan, takes: deploy(constants, plan) }));
  if (isMarkdown) output.say(tables);
  else output.result({ constants, deployments, machine, natsServer, method }, `\n${tables}`);
  if (into === undefined) return;
  await writeFile(into, tablesIn(await readFile(into, 'utf8'), tables, into));
}

/** @throws UsageError for a file without the marks */
function tablesIn(text: string, tables: string, name: string): string {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from >= 0 && to > from) {
    return `${text.slice(0, from)}${BEGIN}\n${tables}\n${text.slice(to)}`;
  }
  throw new UsageError(`--into ${name}: it has no lines "${BEGIN}" and "${END}"`);
}
