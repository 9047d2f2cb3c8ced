/** `up --config FILE`: what the options do not say of the market's service, or of a node. */
import { readFileSync } from 'node:fs';
import { UsageError } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import { fileTrouble } from './file-trouble.ts';

export type Fields = Readonly<Record<string, unknown>>;

export const CONFIG_HELP = `\
  --config FILE     more of the market's configuration, JSON: services/market/src/config.ts has the
                    fields; with --partitions a node's, node-config.ts beside it. Options go first`;

/**
 * The fields of the file; none without --config. The service itself checks them.
 * @throws UsageError for a file that is no JSON object, or that would be in the way of options
 */
export function readConfigFile(context: CommandContext): Fields {
  const path = context.text('config');
  if (path === undefined) return {};
  const fields = parse(path, read(path));
  const { kind, pass, servers } = fieldsOf(fields.broker);
  if (kind !== undefined && kind !== 'nats') {
    throw new UsageError(`${path}: broker.kind is "${kind}", and up serves over "nats"`);
  }
  // The service's arguments are in every list of processes.
  if (pass !== undefined) {
    throw new UsageError(`${path}: broker.pass: leave it away, and set $FOLDBOOK_PASSWORD`);
  }
  if (servers !== undefined && context.flag('local')) {
    throw new UsageError(`${path}: broker.servers is not for --local: leave one of them away`);
  }
  return fields;
}

/** No fields, where the value is no object: the service refuses it. */
export const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});

/** A text among the fields of `broker`. */
export function ofBroker(fields: Fields, name: 'servers' | 'user'): string | undefined {
  const value = fieldsOf(fields.broker)[name];
  return typeof value === 'string' ? value : undefined;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--config: ${path} can't be read: ${fileTrouble(error)}`);
  }
}

function parse(path: string, text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--config: ${path} is no JSON: ${why.replaceAll(/\s+/g, ' ')}`);
  }
  if (isFields(value)) return value;
  throw new UsageError(`--config: ${path}: give an object, as in {"journal": {"dir": "journal"}}`);
}
