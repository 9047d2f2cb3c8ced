/** Compiles AssemblyScript to WebAssembly, unless what lies there came from the same sources. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { projectRoot } from './project-node.mjs';

interface CompilerOptions {
  readonly readFile: (name: string, base: string) => Promise<string | null>;
}

interface Compiler {
  main(
    argv: readonly string[],
    options: CompilerOptions,
  ): Promise<{ error: Error | null; stderr: { toString(): string } }>;
}

// Named by a variable, so that its typings stay out of the project: they declare a console and a
// Memory of their own, which would stand before the platform's.
const COMPILER: string = 'assemblyscript/asc';

/** Loaded only to compile: most who ask find the result there. */
async function compiler(): Promise<Compiler> {
  const { default: asc } = (await import(COMPILER)) as { readonly default: Compiler };
  return asc;
}

function compilerVersion(): string {
  const { version } = createRequire(import.meta.url)('assemblyscript/package.json');
  return String(version);
}

export interface WasmSource {
  /** Module whose exports are the result's, relative to the repository. */
  readonly entry: string;
  /** Folders whose every .ts file the result may depend on, relative to the repository. */
  readonly folders: readonly string[];
  /** Modules that lie in no file, by the path that imports of them lead to. */
  readonly written?: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
  /** The result (.wasm), absolute; beside it lies its digest. */
  readonly output: string;
}

/** Safe to run in several processes at once: files appear whole. */
export async function buildWasm(source: WasmSource): Promise<{ built: boolean }> {
  const { output } = source;
  const digestFile = output.replace(/\.wasm$/, '.digest');
  const input = await digestOf(source);
  const [module, recorded] = await Promise.all([readIfThere(output), readIfThere(digestFile)]);
  if (module !== undefined && recorded?.toString() === stamp(input, module)) {
    return { built: false };
  }
  const compiled = await compileWasm(source);
  await replaceFile(output, compiled);
  await replaceFile(digestFile, stamp(input, compiled));
  return { built: true };
}

/** @throws Error with the compiler's words when it does not compile */
export async function compileWasm(source: WasmSource): Promise<Uint8Array<ArrayBuffer>> {
  const { entry, flags, output, written = {} } = source;
  await mkdir(dirname(output), { recursive: true });
  const unfinished = `${output}.${process.pid}.wasm`;
  const files = [entry, '--baseDir', projectRoot, '--outFile', relative(projectRoot, unfinished)];
  const options: CompilerOptions = {
    readFile: async (name, base) =>
      written[name] ?? (await readIfThere(join(base, name)))?.toString() ?? null,
  };
  try {
    const asc = await compiler();
    const { error, stderr } = await asc.main([...files, ...flags], options);
    if (error !== null) throw new Error(`${entry} does not compile:\n${stderr.toString()}`);
    return new Uint8Array(await readFile(unfinished));
  } finally {
    await rm(unfinished, { force: true });
  }
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
const stamp = (input: string, module: Uint8Array) => `${input} ${sha256(module)}\n`;

async function digestOf({ entry, folders, flags, written = {} }: WasmSource): Promise<string> {
  const parts = [`${compilerVersion()} ${entry} ${flags.join(' ')}`];
  for (const folder of folders) {
    const names = await readdir(join(projectRoot, folder));
    for (const name of names.filter((one) => one.endsWith('.ts')).sort()) {
      parts.push(`${folder}/${name} ${sha256(await readFile(join(projectRoot, folder, name)))}`);
    }
  }
  for (const [path, text] of Object.entries(written)) parts.push(`${path} ${sha256(text)}`);
  return sha256(parts.join('\n'));
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
