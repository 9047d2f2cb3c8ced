import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { bindings, CircomRunner } from 'circom2';

const require = createRequire(import.meta.url);
const circomWasm = require.resolve('circom2/circom.wasm');
const libraryDir = path.join(path.dirname(require.resolve('circomlib/package.json')), 'circuits');

/**
 * Compiles `<sourceDir>/<name>.circom` with circom 2.2 (a WebAssembly build) at -O2 into
 * `<outDir>/<name>.r1cs`, `<name>.sym` and `<name>_js/<name>.wasm`. The compiler sees three
 * folders by fixed names and no randomness, so its output does not depend on the machine.
 * Throws with the compiler's own text when it refuses the source.
 */
export async function compileCircuit(
  name: string,
  sourceDir: string,
  outDir: string,
): Promise<void> {
  const said: string[] = [];
  const runner = new CircomRunner({
    args: [
      `/src/${name}.circom`,
      '--r1cs',
      '--wasm',
      '--sym',
      '--O2',
      '-o',
      '/out',
      '-l',
      '/src',
      '-l',
      '/lib',
    ],
    env: {},
    preopens: { '/src': sourceDir, '/lib': libraryDir, '/out': outDir },
    bindings: {
      ...bindings,
      fs: capturingOutput(said),
      // Rust's hash maps draw their seeds here: fixed seeds, fixed order of everything written.
      randomFillSync: (bytes: Uint8Array, offset: number, length: number) =>
        bytes.fill(0, offset, offset + length),
      exit: (code: number) => {
        if (code !== 0) throw new CompilerExit(code);
      },
    },
  });
  try {
    await runner.execute(fs.readFileSync(circomWasm));
  } catch (error) {
    const text = stripColors(said.join('')).trim();
    throw new Error(`circom refused ${name}.circom:\n${text === '' ? String(error) : text}`);
  }
  if (!fs.existsSync(path.join(outDir, `${name}.r1cs`))) {
    throw new Error(`circom wrote no ${name}.r1cs:\n${stripColors(said.join('')).trim()}`);
  }
}

class CompilerExit extends Error {
  constructor(code: number) {
    super(`circom ended with exit code ${code}`);
  }
}

/** node:fs, but what the compiler prints (descriptors 1 and 2) is kept instead of shown. */
function capturingOutput(said: string[]): typeof fs {
  const writeSync = (
    fd: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number | null,
  ): number => {
    if (fd !== 1 && fd !== 2) return fs.writeSync(fd, bytes, offset, length, position);
    said.push(Buffer.from(bytes.subarray(offset, offset + length)).toString('utf8'));
    return length;
  };
  return Object.assign(Object.create(fs) as typeof fs, { writeSync });
}

function stripColors(text: string): string {
  return text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '');
}
