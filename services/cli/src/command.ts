/** The shape of a command and the reading of its arguments. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { UsageError } from './cli-error.ts';
import { createOutput, type Output } from './output.ts';

export interface CommandContext {
  readonly output: Output;
  /** Positional arguments after the command's name. */
  readonly positionals: readonly string[];
  /** The value of `--name`; undefined when absent. */
  text(name: string): string | undefined;
  /** The value of `--name`, or a UsageError that says which option is missing. */
  required(name: string): string;
  integer(name: string, least: number, most: number): number | undefined;
  flag(name: string): boolean;
  /** The broker password, from the environment: never an argument that every process can read. */
  readonly password: string | undefined;
  /** Aborted by Ctrl-C, for commands that say `endsOnSignal`. */
  readonly signal: AbortSignal;
}

export interface CliCommand {
  readonly name: string;
  readonly summary: string;
  /** Printed by --help: usage, options, an example. */
  readonly help: string;
  readonly options: ParseArgsOptionsConfig;
  /** Ends by itself, tidily, when the context's signal aborts; others simply stop. */
  readonly endsOnSignal?: true;
  /** Exit status: 0 success, 1 a failed check. */
  run(context: CommandContext): Promise<number>;
}

/** A command whose first argument names one of its own: `foldbook bench match`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: Readonly<Record<string, () => Promise<CliCommand>>>;
}

const COMMON_OPTIONS = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsOptionsConfig;

/** Parses and runs; UsageError for options that the command does not know. */
export async function runCommand(
  command: CliCommand,
  args: readonly string[],
  environment: Pick<CommandContext, 'signal' | 'password'>,
): Promise<number> {
  const { values, positionals } = parse(command, args);
  if (values.help === true) {
    process.stdout.write(`${command.help.trim()}\n`);
    return 0;
  }
  return command.run({
    output: createOutput(values.json === true),
    positionals,
    ...environment,
    flag: (name) => values[name] === true,
    text: (name) => textOf(values[name]),
    required(name) {
      const value = textOf(values[name]);
      if (value !== undefined) return value;
      throw new UsageError(`--${name} is missing; see: foldbook ${command.name} --help`);
    },
    integer: (name, least, most) => integerOf(name, textOf(values[name]), least, most),
  });
}

/**
 * The command of a group that the first argument names, or undefined if it asks for help, which is
 * printed. UsageError if there is no such command.
 */
export async function commandOfGroup(
  group: CommandGroup,
  name: string | undefined,
): Promise<CliCommand | undefined> {
  if (name === '--help' || name === '-h') {
    process.stdout.write(`${await groupHelp(group)}\n`);
    return undefined;
  }
  const load = name !== undefined && Object.hasOwn(group.commands, name) && group.commands[name];
  if (load) return load();
  const known = Object.keys(group.commands).join(', ');
  const given = name === undefined ? 'say what' : `no "${group.name} ${name}"`;
  throw new UsageError(`${given}; there are: ${known}; see: foldbook ${group.name} --help`);
}

async function groupHelp(group: CommandGroup): Promise<string> {
  const lines: string[] = [];
  for (const [name, load] of Object.entries(group.commands)) {
    lines.push(`  ${name.padEnd(10)} ${(await load()).summary}`);
  }
  const usage = `Usage: foldbook ${group.name} <what> [options]`;
  return `${usage}\n\n${lines.join('\n')}\n\nEach has --help and --json.`;
}

type Parsed = {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
};

function parse(command: CliCommand, args: readonly string[]): Parsed {
  try {
    return parseArgs({
      args: [...args],
      options: { ...COMMON_OPTIONS, ...command.options },
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${words}; see: foldbook ${command.name} --help`);
  }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);

function integerOf(
  name: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^-?[0-9]+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`--${name} ${text}: give a whole number from ${least} to ${most}`);
}

/** A positive integer of up to 64 bits from an argument. */
export function wholeNumber(name: string, text: string | undefined): bigint {
  if (text !== undefined && /^[0-9]{1,20}$/.test(text)) return BigInt(text);
  throw new UsageError(`${name}: give a whole number, not ${text ?? 'nothing'}`);
}
