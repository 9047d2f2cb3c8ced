/** Compiles the kernel: assembly/*.ts and what codegen/ writes -> build/{fused,portable}.wasm. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { extensionSource } from './codegen/extension-source.ts';
import { type Flavour, fieldSource } from './codegen/field-source.ts';
import { BASE_ORDER, SCALAR_ORDER } from './src/orders.ts';

interface CompilerOptions {
  readonly readFile: (name: string, base: string) => Promise<string | null>;
}

interface Compiler {
  readonly version: string;
  main(
    argv: readonly string[],
    options: CompilerOptions,
  ): Promise<{ error: Error | null; stderr: { toString(): string } }>;
}

// Named by a variable, so that its typings stay out of the project: they declare a console and a
// Memory of their own, which would stand before the platform's.
const COMPILER: string = 'assemblyscript/asc';
const { default: asc } = (await import(COMPILER)) as { readonly default: Compiler };

const root = import.meta.dirname;
const output = join(root, 'build');
const FLAVOURS: readonly Flavour[] = ['fused', 'portable'];
/** The fields that products are written for, by the suffix of their names. */
const FIELDS = [
  { name: 'R', prime: SCALAR_ORDER },
  { name: 'Q', prime: BASE_ORDER },
];
/** The module of all products. */
export const productsSource = (flavour: Flavour): string =>
  fieldSource(FIELDS, flavour) + extensionSource('Q', BASE_ORDER, flavour);

/** Where assembly/ imports the written module from. */
const WRITTEN = 'assembly/field-products.ts';

const flagsOf = (flavour: Flavour): string[] => [
  ...['-O3', '--converge', '--runtime', 'stub', '--noAssert', '--enable', 'simd'],
  ...(flavour === 'fused' ? ['--enable', 'relaxed-simd'] : []),
];

/**
 * Compiles both flavours unless what lies in build/ came from these sources, flags and compiler.
 * Safe to run in several processes at once: files appear whole.
 */
export async function buildBn254(): Promise<{ built: boolean }> {
  let built = false;
  for (const flavour of FLAVOURS) built = (await buildFlavour(flavour)) || built;
  return { built };
}

async function buildFlavour(flavour: Flavour): Promise<boolean> {
  const kernelFile = join(output, `${flavour}.wasm`);
  const digestFile = join(output, `${flavour}.digest`);
  const written = productsSource(flavour);
  const inputDigest = await digestOfInput(flavour, written);
  const [kernel, recorded] = await Promise.all([readIfThere(kernelFile), readIfThere(digestFile)]);
  if (kernel !== undefined && recorded?.toString() === stamp(inputDigest, kernel)) return false;
  await mkdir(output, { recursive: true });
  const compiled = await compileKernel(flavour, written);
  await replaceFile(kernelFile, compiled);
  await replaceFile(digestFile, stamp(inputDigest, compiled));
  return true;
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
const stamp = (inputDigest: string, kernel: Uint8Array) => `${inputDigest} ${sha256(kernel)}\n`;

async function digestOfInput(flavour: Flavour, written: string): Promise<string> {
  const sources = join(root, 'assembly');
  const names = (await readdir(sources)).filter((name) => name.endsWith('.ts')).sort();
  const parts = [`${asc.version} ${flagsOf(flavour).join(' ')}`, sha256(written)];
  for (const name of names) {
    parts.push(`${name} ${sha256(await readFile(join(sources, name)))}`);
  }
  return sha256(parts.join('\n'));
}

/**
 * What assembly/ compiles to.
 * @param written the module of field products, as codegen/ writes it for the flavour
 */
export async function compileKernel(
  flavour: Flavour,
  written: string,
): Promise<Uint8Array<ArrayBuffer>> {
  await mkdir(output, { recursive: true });
  const unfinished = `${flavour}.${process.pid}.wasm`;
  const path = join(output, unfinished);
  const files = ['assembly/index.ts', '--baseDir', root, '--outFile', join('build', unfinished)];
  const options: CompilerOptions = {
    readFile: async (name, base) =>
      name === WRITTEN ? written : ((await readIfThere(join(base, name)))?.toString() ?? null),
  };
  try {
    const { error, stderr } = await asc.main([...files, ...flagsOf(flavour)], options);
    if (error !== null) {
      throw new Error(`shared/bn254/assembly does not compile (${flavour}):\n${stderr.toString()}`);
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
