/** Reads a command's arguments: options, positional arguments, and whole numbers among them. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { UsageError } from './cli-error.ts';

const COMMON_OPTIONS = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsOptionsConfig;

/** What parsing needs to know of a command. */
export interface ArgumentRules {
  readonly name: string;
  readonly takes: readonly string[];
  readonly options: ParseArgsOptionsConfig;
  /** Options of type string whose value may be left out: their words, the one then meant first. */
  readonly wordOptions?: Readonly<Record<string, readonly string[]>>;
  /** Options of type string whose value may be left out where nothing or another one follows. */
  readonly openOptions?: readonly string[];
  /** Options of type string whose value, a whole number, may be left out: then ''. */
  readonly countOptions?: readonly string[];
}

export interface ParsedArguments {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

/** @throws UsageError for what the rules don't know, and for more arguments than they take */
export function parseArguments(rules: ArgumentRules, args: readonly string[]): ParsedArguments {
  const options = { ...COMMON_OPTIONS, ...rules.options };
  const worded = withWords(args, rules.wordOptions ?? {});
  const filled = withEmpty(worded, rules);
  const { rest, negatives } = withoutNegatives(filled, options);
  const { values, positionals } = parse(rules.name, rest, options);
  const whole = positionals.map((text) => negatives.get(text) ?? text);
  if (values.help !== true) checkCount(rules, whole);
  return { values, positionals: whole };
}

/** Joins an option to the word behind it, or to its first word where there is none of them. */
function withWords(
  args: readonly string[],
  wordOptions: Readonly<Record<string, readonly string[]>>,
): string[] {
  const joined: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? '';
    if (arg === '--') return [...joined, ...args.slice(index)];
    const name = arg.startsWith('--') ? arg.slice(2) : '';
    const words = Object.hasOwn(wordOptions, name) ? wordOptions[name] : undefined;
    if (words === undefined) {
      joined.push(arg);
      continue;
    }
    const given = words.find((word) => word === args[index + 1]);
    if (given !== undefined) index += 1;
    joined.push(`${arg}=${given ?? words[0]}`);
  }
  return joined;
}

const COUNT = /^\d+$/;

/** Gives the empty value to options behind which there is none. */
function withEmpty(
  args: readonly string[],
  { openOptions = [], countOptions = [] }: ArgumentRules,
): string[] {
  return args.map((arg, index) => {
    const name = arg.startsWith('--') ? arg.slice(2) : '';
    const next = args[index + 1];
    const isLast = next === undefined || next.startsWith('--');
    const isEmpty =
      (openOptions.includes(name) && isLast) ||
      (countOptions.includes(name) && (isLast || !COUNT.test(next)));
    return isEmpty ? `${arg}=` : arg;
  });
}

const NEGATIVE = /^-[0-9]/;

/**
 * parseArgs takes `-5` for options called 5. No option is: as a value it is joined to its option,
 * and as a positional argument a stand-in takes its place, so that the command says what it wants.
 */
function withoutNegatives(args: readonly string[], options: ParseArgsOptionsConfig) {
  const rest: string[] = [];
  const negatives = new Map<string, string>();
  let isOver = false;
  for (const arg of args) {
    isOver ||= arg === '--';
    const last = rest.at(-1);
    if (isOver || !NEGATIVE.test(arg)) rest.push(arg);
    else if (last?.startsWith('--') && options[last.slice(2)]?.type === 'string') {
      rest.splice(-1, 1, `${last}=${arg}`);
    } else {
      const standIn = `\u0000${negatives.size}`;
      negatives.set(standIn, arg);
      rest.push(standIn);
    }
  }
  return { rest, negatives };
}

function parse(
  name: string,
  args: readonly string[],
  options: ParseArgsOptionsConfig,
): ParsedArguments {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(`${parseTrouble(error)}; see: foldbook ${name} --help`);
  }
}

/** parseArgs explains itself in several sentences; the first says what is wrong. */
function parseTrouble(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  const unknown = /^Unknown option '([^']*)'/.exec(words)?.[1];
  if (unknown !== undefined) return `there is no option ${unknown}`;
  const lacking = /^Option '(?:-\w, )?(--[^ ']+) <value>' argument missing/.exec(words)?.[1];
  if (lacking !== undefined) return `${lacking} needs a value`;
  const ambiguous = /^Option '(--[^']+)' argument is ambiguous/.exec(words)?.[1];
  if (ambiguous !== undefined) {
    return `${ambiguous} needs a value; one that starts with a dash is written ${ambiguous}=VALUE`;
  }
  const unwanted = /^Option '(?:-\w, )?(--[^']+)' does not take an argument/.exec(words)?.[1];
  if (unwanted !== undefined) return `${unwanted} takes no value`;
  return words.split('\n')[0] ?? words;
}

function checkCount({ name, takes }: ArgumentRules, positionals: readonly string[]): void {
  const surplus = positionals[takes.length];
  if (surplus === undefined || takes.at(-1)?.endsWith('...')) return;
  const taken = takes.length === 0 ? 'no arguments' : `only ${takes.join(' ')}`;
  throw new UsageError(
    `"${surplus}" is one argument too many: ${name} takes ${taken}; ` +
      `see: foldbook ${name} --help`,
  );
}

/** A whole number of any size in decimal digits. UsageError unless it lies in the range. */
export function integerIn(
  name: string,
  text: string | undefined,
  least: bigint,
  most: bigint,
): bigint {
  const wanted = `give a whole number from ${least} to ${most}`;
  if (text === undefined) throw new UsageError(`${name} is missing: ${wanted}`);
  // Longer than any number here: BigInt would work on it for long.
  const isNumber = text.length <= 40 && /^-?[0-9]+$/.test(text);
  const value = isNumber ? BigInt(text) : undefined;
  if (value !== undefined && value >= least && value <= most) return value;
  throw new UsageError(`${name} ${shown(text)}: ${wanted}`);
}

const SHOWN_CHARACTERS = 40;
const shown = (text: string) =>
  text.length <= SHOWN_CHARACTERS ? text || '""' : `${text.slice(0, SHOWN_CHARACTERS)}...`;
