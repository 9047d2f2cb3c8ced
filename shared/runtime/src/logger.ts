/** One line per event on stderr: JSON for machines, or words for people. */

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof LEVELS)[number];
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface LoggerOptions {
  readonly service: string;
  /** Lines below it are left out. */
  readonly level: LogLevel;
  /** Default `human`. */
  readonly format?: 'human' | 'json' | undefined;
  /** Takes whole lines; stderr by default. */
  readonly write?: ((line: string) => void) | undefined;
}

export function createLogger(options: LoggerOptions): Logger {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const render = options.format === 'json' ? renderJson : renderHuman;
  const lowest = LEVELS.indexOf(options.level);
  const at = (level: LogLevel) => {
    if (LEVELS.indexOf(level) < lowest) return () => {};
    return (message: string, fields: LogFields = {}) =>
      write(`${render(new Date().toISOString(), level, options.service, message, fields)}\n`);
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function renderJson(
  time: string,
  level: LogLevel,
  service: string,
  message: string,
  fields: LogFields,
): string {
  return JSON.stringify({ time, level, service, message, ...fields }, (_key, value: unknown) =>
    plain(value),
  );
}

function renderHuman(
  time: string,
  level: LogLevel,
  service: string,
  message: string,
  fields: LogFields,
): string {
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${renderValue(value)}`)
    .join('');
  return `${time.slice(11, 23)} ${level.toUpperCase().padEnd(5)} ${service}: ${message}${rest}`;
}

function renderValue(value: unknown): string {
  const simple = plain(value);
  if (typeof simple === 'string')
    return /^[^\s="]+$/.test(simple) ? simple : JSON.stringify(simple);
  return JSON.stringify(simple, (_key, inner: unknown) => plain(inner)) ?? String(simple);
}

/** What JSON has no form for: bigints and errors. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Error ? value.message : value;
}
