/** Files of a proof store that say which proofs could not be made, and why. */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { listMarkets } from '@foldbook/verifier/node';
import { UsageError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';
import { fileTrouble } from '../file-trouble.ts';
import { DEFAULT_NODE_DIR } from '../paths.ts';

/** Of a prover that `up` runs. */
const DEFAULT_STORE = `${DEFAULT_NODE_DIR}/proofs`;

export const ASIDE_OPTIONS = { store: { type: 'string' }, market: { type: 'string' } } as const;
export const ASIDE_HELP = `\
  --store DIR       the prover's folder of proof stores (default ${DEFAULT_STORE})
  --market M        of this market alone`;

const FOLDER = 'aside';
const TEXTS = ['market', 'part', 'circuit', 'reason', 'since'] as const;

export interface AsideFile {
  readonly path: string;
  readonly market: string;
  readonly epoch: number;
  readonly part: string;
  readonly circuit: string;
  readonly reason: string;
  readonly since: string;
}

export interface AsideFiles {
  /** In order of epochs. */
  readonly files: readonly AsideFile[];
  /** What lies beside them and says nothing of a proof, with the reason. */
  readonly unread: readonly string[];
}

/** @throws UsageError for a store or a market that is not there, or can't be read */
export async function asideFiles(context: CommandContext): Promise<AsideFiles> {
  const store = resolve(context.text('store') ?? DEFAULT_STORE);
  const asked = context.text('market');
  try {
    await readdir(store);
    const markets = await listMarkets(store);
    if (asked !== undefined && !markets.includes(asked)) {
      throw new UsageError(`--market: ${store} has no market ${asked}`);
    }
    const files: AsideFile[] = [];
    const unread: string[] = [];
    for (const market of asked === undefined ? markets : [asked]) {
      for (const path of await pathsIn(join(store, market, FOLDER))) {
        const file = await readAside(path);
        if (typeof file === 'string') unread.push(file);
        else if (file !== undefined) files.push(file);
      }
    }
    return { files: files.sort((left, right) => left.epoch - right.epoch), unread };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--store: ${store} can't be read: ${fileTrouble(error)}`);
  }
}

/** @throws UsageError when there were files that say nothing of a proof; after all else is done */
export function expectAllRead({ unread }: AsideFiles): void {
  if (unread.length === 0) return;
  const mend = 'remove it to have the proof tried again';
  throw new UsageError(unread.map((each) => `${each}; ${mend}`).join('\n'));
}

async function pathsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return names.filter((name) => name.endsWith('.json')).map((name) => join(folder, name));
}

/** What is wrong with it instead; undefined when its proof was tried again meanwhile. */
async function readAside(path: string): Promise<AsideFile | string | undefined> {
  let bytes: string;
  try {
    bytes = await readFile(path, 'utf8');
  } catch (error) {
    return isMissing(error) ? undefined : `${path} can't be read: ${fileTrouble(error)}`;
  }
  let told: unknown;
  try {
    told = JSON.parse(bytes);
  } catch {
    return `${path}: no JSON`;
  }
  const field = (name: string): unknown =>
    typeof told === 'object' && told !== null ? Reflect.get(told, name) : undefined;
  const missing = TEXTS.find((name) => typeof field(name) !== 'string');
  if (missing !== undefined) return `${path}: no "${missing}"`;
  const text = (name: (typeof TEXTS)[number]): string => String(field(name));
  const epoch = Number(field('epoch'));
  const [market, part, circuit] = [text('market'), text('part'), text('circuit')];
  return { path, market, epoch, part, circuit, reason: text('reason'), since: text('since') };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
