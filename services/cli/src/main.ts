/** The `foldbook` command: finds the subcommand, runs it, turns errors into exit statuses. */
import { ClientError } from '@foldbook/client';
import { StreamError, TransportError } from '@foldbook/runtime';
import packageFacts from '../package.json' with { type: 'json' };
import { CliError, UsageError } from './cli-error.ts';
import { type CliCommand, runCommand } from './command.ts';
import { type CommandGroup, commandOfGroup, groupHelp, isGroup } from './command-group.ts';
import { COMMANDS } from './command-list.ts';
import { refusalWords } from './refusal-words.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;
const SAME_SIGNAL_MS = 500;
/** What was asked can't be done as it was asked: no broker there, no market, no permission. */
const EXIT_UNREACHABLE = 2;

async function usage(): Promise<string> {
  const lines: string[] = [];
  for (const load of Object.values(COMMANDS)) {
    const { name, summary } = await load();
    lines.push(`  ${name.padEnd(13)} ${summary}`);
  }
  return `Foldbook: an exchange core that anyone can check.

Usage: foldbook <command> [options]
       foldbook help <command>
       foldbook --version

${lines.join('\n')}

Every command has --help and --json. Exit status: 0 done; 1 a check failed, an order was rejected,
or a service ended; 2 what was asked can't be done as it was asked; 130 interrupted.
Start with: foldbook demo
`;
}

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h') {
    process.stdout.write(await usage());
    return name === undefined ? EXIT_USAGE : 0;
  }
  if (name === 'help') return help(rest);
  if (name === '--version' || name === '-V') {
    process.stdout.write(`foldbook ${packageFacts.version}\n`);
    return 0;
  }
  const found = await loadCommand(name);
  if (isGroup(found) && (rest[0] === '--help' || rest[0] === '-h')) return help([name]);
  const command = isGroup(found) ? await commandOfGroup(found, rest.shift()) : found;
  const abort = new AbortController();
  if (command.endsOnSignal) endOnSignal(abort);
  const password = process.env.FOLDBOOK_PASSWORD;
  return runCommand(command, rest, { signal: abort.signal, password });
}

function loadCommand(name: string): Promise<CliCommand | CommandGroup> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load !== undefined) return load();
  const known = Object.keys(COMMANDS).join(', ');
  throw new UsageError(`no command "${name}"; there are: ${known}`);
}

/** `help`, `help order` and `help bench match`. */
async function help([name, ofGroup, surplus]: readonly string[]): Promise<number> {
  if (name === undefined) {
    process.stdout.write(await usage());
    return 0;
  }
  const found = await loadCommand(name);
  if (surplus !== undefined || (ofGroup !== undefined && !isGroup(found))) {
    throw new UsageError(`help of one command at a time: help ${name}`);
  }
  process.stdout.write(`${(await helpText(found, ofGroup)).trim()}\n`);
  return 0;
}

async function helpText(found: CliCommand | CommandGroup, name?: string): Promise<string> {
  if (!isGroup(found)) return found.help;
  return name === undefined ? groupHelp(found) : (await commandOfGroup(found, name)).help;
}

/**
 * The first signal asks the command to end. A launcher may pass the same one on again at once; one
 * that comes later is from somebody who does not want to wait: exit, which ends the services too.
 */
function endOnSignal(abort: AbortController): void {
  let firstMs = 0;
  const onSignal = () => {
    if (!abort.signal.aborted) {
      firstMs = performance.now();
      abort.abort();
    } else if (performance.now() - firstMs > SAME_SIGNAL_MS) {
      process.exit(EXIT_INTERRUPTED);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    process.stderr.write(`foldbook: ${errorWords(error)}\n`);
    process.exitCode = errorStatus(error);
  },
);

function errorWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ClientError) return refusalWords(error);
  if (isExpected(error)) return error.message.trimEnd();
  return error.stack ?? error.message;
}

function errorStatus(error: unknown): number {
  if (error instanceof CliError) return error.status;
  return isExpected(error) ? EXIT_UNREACHABLE : EXIT_FAILED;
}

/** Errors of the world outside: no stack helps with them. */
const isExpected = (error: unknown) =>
  error instanceof CliError ||
  error instanceof ClientError ||
  error instanceof TransportError ||
  error instanceof StreamError;
