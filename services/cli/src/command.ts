/** The shape of a command, and how one is run. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { integerIn, parseArguments } from './arguments.ts';
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
  /** All values of an option that may be given several times. */
  texts(name: string): readonly string[];
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
  /** Names of the positional arguments; more of them are refused. The last may end in `...`. */
  readonly takes: readonly string[];
  readonly options: ParseArgsOptionsConfig;
  /** Options whose value may be left out: see ArgumentRules. */
  readonly wordOptions?: Readonly<Record<string, readonly string[]>>;
  /** Options whose value may be left out where nothing or another option follows: then ''. */
  readonly openOptions?: readonly string[];
  /** Options whose value, a whole number, may be left out: then ''. */
  readonly countOptions?: readonly string[];
  /** Ends by itself, tidily, when the context's signal aborts; others simply stop. */
  readonly endsOnSignal?: true;
  /** What it starts uses nothing that Node kept of an earlier start, for it compares programs. */
  readonly compilesAnew?: true;
  /** Exit status: 0 success, 1 a failed check. */
  run(context: CommandContext): Promise<number>;
}

/** Parses and runs; UsageError for options and arguments that the command does not know. */
export async function runCommand(
  command: CliCommand,
  args: readonly string[],
  environment: Pick<CommandContext, 'signal' | 'password'>,
): Promise<number> {
  const { values, positionals } = parseArguments(command, args);
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
    texts: (name) => textsOf(values[name]),
    integer(name, least, most) {
      const text = textOf(values[name]);
      if (text === undefined) return undefined;
      return Number(integerIn(`--${name}`, text, BigInt(least), BigInt(most)));
    },
  });
}

const textsOf = (value: unknown) =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);
