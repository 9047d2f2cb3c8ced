/** Compiles the kernel: assembly/*.ts -> build/kernel.wasm. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Compiler {
  readonly version: string;
  main(argv: readonly string[]): Promise<{ error: Error | null; stderr: { toString(): string } }>;
}

// Named by a variable, so that its typings stay out of the project: they declare a console and a
// Memory of their own, which would stand before the platform's.
const COMPILER: string = 'assemblyscript/asc';
const { default: asc } = (await import(COMPILER)) as { readonly default: Compiler };

const root = import.meta.dirname;
const sources = join(root, 'assembly');
const output = join(root, 'build');
const kernelFile = join(output, 'kernel.wasm');
const digestFile = join(output, 'kernel.digest');

const FLAGS = [
  ...['-O3', '--converge', '--runtime', 'stub', '--noAssert'],
  // Shared, so that another thread can read events where they are written.
  ...['--enable', 'threads', '--importMemory', '--sharedMemory', '--maximumMemory', '65536'],
];

/**
 * Compiles the kernel unless what lies in build/ came from these sources, flags and compiler. Safe
 * to run in several processes at once: files appear whole.
 */
export async function buildKernel(): Promise<{ built: boolean }> {
  const inputDigest = await digestOfInput();
  const [kernel, recorded] = await Promise.all([readIfThere(kernelFile), readIfThere(digestFile)]);
  if (kernel !== undefined && recorded?.toString() === stamp(inputDigest, kernel)) {
    return { built: false };
  }
  await mkdir(output, { recursive: true });
  const compiled = await compileEntry('index.ts');
  await replaceFile(kernelFile, compiled);
  await replaceFile(digestFile, stamp(inputDigest, compiled));
  return { built: true };
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
const stamp = (inputDigest: string, kernel: Uint8Array) => `${inputDigest} ${sha256(kernel)}\n`;

async function digestOfInput(): Promise<string> {
  const names = (await readdir(sources)).filter((name) => name.endsWith('.ts')).sort();
  const parts = [`${asc.version} ${FLAGS.join(' ')}`];
  for (const name of names) {
    parts.push(`${name} ${sha256(await readFile(join(sources, name)))}`);
  }
  return sha256(parts.join('\n'));
}

/**
 * What a module of assembly/ compiles to, as the kernel is compiled.
 * @param entry its name there
 */
export async function compileEntry(entry: string): Promise<Uint8Array<ArrayBuffer>> {
  const unfinished = `${entry}.${process.pid}.wasm`;
  await mkdir(output, { recursive: true });
  const path = join(output, unfinished);
  const args = [
    join('assembly', entry),
    '--baseDir',
    root,
    '--outFile',
    join('build', unfinished),
    ...FLAGS,
  ];
  try {
    const { error, stderr } = await asc.main(args);
    if (error !== null) {
      throw new Error(
        `the kernel does not compile (shared/engine/assembly):\n${stderr.toString()}`,
      );
    }
    return new Uint8Array(await readFile(path));
  } finally {
    await rm(path, { force: true });
  }
}

/** Readers see the old file or the new one, never a part. */
async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, content);
  await rename(unfinished, path);
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
