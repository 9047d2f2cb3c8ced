/** The `foldbook` command: finds the subcommand, runs it, turns errors into exit statuses. */
import packageFacts from '../package.json' with { type: 'json' };
import { UsageError } from './cli-error.ts';
import { type CliCommand, runCommand } from './command.ts';
import { type CommandGroup, commandOfGroup, groupHelp, isGroup } from './command-group.ts';
import { COMMANDS } from './command-list.ts';
import { explainError } from './error-words.ts';
import { printableLines } from './printable.ts';

const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;
const SAME_SIGNAL_MS = 500;

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
  if (command.compilesAnew) process.env.NODE_DISABLE_COMPILE_CACHE = '1';
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

/** Who reads the output has gone, as `head` does: there is nobody to go on for. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(EXIT_INTERRUPTED);
});

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  async (error: unknown) => {
    const { words, status } = await explainError(error);
    process.stderr.write(`foldbook: ${printableLines(words)}\n`);
    process.exitCode = status;
  },
);
