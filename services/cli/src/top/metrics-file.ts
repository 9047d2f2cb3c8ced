/** Where markets of this host keep what they tell, and which of them run. */
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, MetricsError, MetricsReader, mapFile } from '@foldbook/runtime';
import { UsageError } from '../cli-error.ts';
import { fileTrouble } from '../file-trouble.ts';

/** Memory that has names; files here are never written to a disk. */
const SHARED_MEMORY = '/dev/shm';
const NAME = /^foldbook-[0-9a-f]{12}\.metrics$/;

const NO_FILE = 'name the metricsFile of a market that runs';

export interface OpenMetrics {
  readonly file: string;
  readonly reader: MetricsReader;
  close(): void;
}

/** Of the node with this data folder; undefined where processes can't share memory this way. */
export function metricsFileOf(dataDir: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  return join(SHARED_MEMORY, `foldbook-${name}.metrics`);
}

/**
 * Opens what a market tells: that of `file`, or of the only one of this user's that runs.
 * @throws UsageError where there is none, or more than one to choose from
 */
export function openMetricsFile(file: string | undefined): OpenMetrics {
  if (file !== undefined) return open(file);
  const running = metricsFiles().flatMap((path) => {
    try {
      return [open(path)];
    } catch {
      // Another user's, half written, or of a market that ended without clearing up.
      return [];
    }
  });
  const [only, ...others] = running;
  if (only === undefined) {
    throw new UsageError(
      'no market of yours runs here that "foldbook up" started (those of a node, --partitions, ' +
        'are not shown); name one with --file',
    );
  }
  if (others.length === 0) return only;
  for (const { close } of running) close();
  const files = running.map((one) => one.file).join(', ');
  throw new UsageError(`more than one market runs here: choose one with --file (${files})`);
}

function metricsFiles(): string[] {
  if (process.platform !== 'linux') return [];
  return (
    readdirSync(SHARED_MEMORY)
      .filter((name) => NAME.test(name))
      .map((name) => join(SHARED_MEMORY, name))
      // Anybody can leave a file of such a name here.
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.uid === process.getuid?.())
  );
}

function open(file: string): OpenMetrics {
  let mapped: ReturnType<typeof mapFile>;
  try {
    if (statSync(file).size === 0) throw new UsageError(`${file} is empty: ${NO_FILE}`);
    mapped = mapFile(file, 0, { create: false, readOnly: true });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file} can't be read: ${fileTrouble(error)}`);
  }
  const { buffer, close } = mapped;
  try {
    const reader = new MetricsReader(buffer);
    const { owner } = reader.descriptor;
    if (isAlive(owner)) return { file, reader, close };
    throw new UsageError(`${file}: its market (process ${owner.pid}) does not run any more`);
  } catch (error) {
    close();
    if (!(error instanceof MetricsError)) throw error;
    throw new UsageError(`${file}: ${error.message}`);
  }
}
