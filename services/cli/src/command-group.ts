/** Commands whose first argument names one of their own: `foldbook bench match`. */
import { UsageError } from './cli-error.ts';
import type { CliCommand } from './command.ts';

export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly commands: Readonly<Record<string, () => Promise<CliCommand>>>;
}

export const isGroup = (command: CliCommand | CommandGroup): command is CommandGroup =>
  'commands' in command;

/** The command of a group that an argument names. UsageError if there is no such command. */
export function commandOfGroup(group: CommandGroup, name: string | undefined): Promise<CliCommand> {
  const load = name !== undefined && Object.hasOwn(group.commands, name) && group.commands[name];
  if (load) return load();
  const known = Object.keys(group.commands).join(', ');
  const given = name === undefined ? 'say what' : `no "${group.name} ${name}"`;
  throw new UsageError(`${given}; there are: ${known}; see: foldbook ${group.name} --help`);
}

/** What `foldbook bench --help` prints. */
export async function groupHelp(group: CommandGroup): Promise<string> {
  const lines: string[] = [];
  for (const [name, load] of Object.entries(group.commands)) {
    lines.push(`  ${name.padEnd(12)} ${(await load()).summary}`);
  }
  const usage = `Usage: foldbook ${group.name} <what> [options]`;
  return `${usage}\n\n${lines.join('\n')}\n\nEach has --help and --json.`;
}
