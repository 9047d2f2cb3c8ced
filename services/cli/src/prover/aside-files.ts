/** Files of a proof store that say which proofs could not be made, and why. */
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { listMarkets } from '@foldbook/verifier/node';
import { UsageError } from '../cli-error.ts';
import type { CommandContext } from '../command.ts';
import { fileTrouble } from '../file-trouble.ts';
import { DEFAULT_PROOF_DIR } from '../paths.ts';

export const ASIDE_OPTIONS = { store: { type: 'string' }, market: { type: 'string' } } as const;
export const ASIDE_HELP = `\
  --store DIR       the prover's folder of proof stores (default ${DEFAULT_PROOF_DIR})
  --market M        of this market alone`;

const FOLDER = 'aside';

export interface AsideFile {
  readonly path: string;
  readonly market: string;
  readonly epoch: number;
  readonly part: string;
  readonly circuit: string;
  readonly reason: string;
  readonly since: string;
}

/** @throws UsageError for a store or a file that can't be read */
export async function asideFiles(context: CommandContext): Promise<AsideFile[]> {
  const store = resolve(context.text('store') ?? DEFAULT_PROOF_DIR);
  const asked = context.text('market');
  try {
    const markets = asked === undefined ? await listMarkets(store) : [asked];
    const files: AsideFile[] = [];
    for (const market of markets) files.push(...(await filesOf(join(store, market, FOLDER))));
    return files.sort((left, right) => left.epoch - right.epoch);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--store: ${store} can't be read: ${fileTrouble(error)}`);
  }
}

async function filesOf(folder: string): Promise<AsideFile[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  const paths = names.filter((name) => name.endsWith('.json')).map((name) => join(folder, name));
  return Promise.all(paths.map(readAside));
}

async function readAside(path: string): Promise<AsideFile> {
  const told: unknown = JSON.parse(await readFile(path, 'utf8'));
  const field = (name: string): unknown =>
    typeof told === 'object' && told !== null ? Reflect.get(told, name) : undefined;
  const text = (name: string): string => {
    const value = field(name);
    if (typeof value === 'string') return value;
    throw new UsageError(`${path}: no "${name}"; remove the file to have the proof tried again`);
  };
  const epoch = Number(field('epoch'));
  const [market, part, circuit] = [text('market'), text('part'), text('circuit')];
  return { path, market, epoch, part, circuit, reason: text('reason'), since: text('since') };
}
