/**
 * Times one product modulo r in three layouts of limbs: 8 x 32 bits with carries, 9 x 29 bits with
 * delayed carries (both on i64), and the kernel's pairs of 5 x 51 bits on doubles:
 * node shared/bn254/bench/layouts.ts
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFlavour } from '../src/kernel.ts';
import { readKernelCode } from '../src/node-code.ts';
import { SCALAR_ORDER } from '../src/orders.ts';

const PRODUCTS = 200_000;
const ROUNDS = 7;

interface Compiler {
  main(argv: readonly string[]): Promise<{ error: Error | null; stderr: { toString(): string } }>;
}
const COMPILER: string = 'assemblyscript/asc';
const { default: asc } = (await import(COMPILER)) as { readonly default: Compiler };

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const limbsOf = (value: bigint, bits: number, count: number): bigint[] =>
  range(count).map((index) => (value >> BigInt(bits * index)) & ((1n << BigInt(bits)) - 1n));

/** -1/r modulo 2^bits. */
function negatedInverse(bits: number): bigint {
  const modulus = 1n << BigInt(bits);
  let inverse = 1n;
  for (let known = 1; known < bits; known *= 2) {
    inverse = (inverse * (2n - SCALAR_ORDER * inverse)) % modulus;
  }
  return ((-inverse % modulus) + modulus) % modulus;
}

/** A Montgomery product that carries after every product of limbs (carry = true) or once a row. */
function productSource(bits: number, count: number, carry: boolean): string {
  const prime = limbsOf(SCALAR_ORDER, bits, count);
  const mask = `0x${((1n << BigInt(bits)) - 1n).toString(16)}`;
  const lines = range(count).map((k) => `const b${k} = load<u32>(b, ${4 * k}) as u64;`);
  for (const k of range(count + 1)) lines.push(`let t${k}: u64 = 0;`);
  lines.push('let c: u64 = 0;', 'let v: u64 = 0;', 'let x: u64 = 0;', 'let m: u64 = 0;');
  for (const row of range(count)) {
    lines.push(`x = load<u32>(a, ${4 * row}) as u64;`);
    if (carry) lines.push(...carriedRow(prime, bits, mask, negatedInverse(bits)));
    else {
      for (const k of range(count)) lines.push(`t${k} += x * b${k};`);
      lines.push(`m = ((t0 & ${mask}) * ${negatedInverse(bits)}) & ${mask};`);
      prime.forEach((limb, k) => {
        lines.push(`t${k} += m * ${limb};`);
      });
      lines.push(`t1 += t0 >> ${bits};`);
      for (const k of range(count - 1)) lines.push(`t${k} = t${k + 1};`);
      lines.push(`t${count - 1} = 0;`);
    }
  }
  for (const k of range(count)) {
    if (!carry && k < count - 1) lines.push(`t${k + 1} += t${k} >> ${bits}; t${k} &= ${mask};`);
    lines.push(`store<u32>(target, t${k} as u32, ${4 * k});`);
  }
  return (
    `function mul(target: usize, a: usize, b: usize): void {\n${lines.join('\n')}\n}\n` +
    'export function repeat(target: usize, factor: usize, rounds: u32): void {\n' +
    '  for (let i: u32 = 0; i < rounds; i++) mul(target, target, factor);\n}\n'
  );
}

function carriedRow(prime: readonly bigint[], bits: number, mask: string, n: bigint): string[] {
  const count = prime.length;
  const lines = ['c = 0;'];
  for (const k of range(count)) {
    lines.push(`v = t${k} + x * b${k} + c; t${k} = v & ${mask}; c = v >> ${bits};`);
  }
  lines.push(
    `t${count} += c;`,
    `m = (t0 * ${n}) & ${mask};`,
    `c = (t0 + m * ${prime[0]}) >> ${bits};`,
  );
  for (let k = 1; k < count; k++) {
    lines.push(`v = t${k} + m * ${prime[k]} + c; t${k - 1} = v & ${mask}; c = v >> ${bits};`);
  }
  lines.push(`v = t${count} + c; t${count - 1} = v & ${mask}; t${count} = v >> ${bits};`);
  return lines;
}

type Repeat = (target: number, factor: number, rounds: number) => void;

async function compiled(source: string): Promise<{ repeat: Repeat; memory: WebAssembly.Memory }> {
  const folder = await mkdtemp(join(tmpdir(), 'foldbook-layouts-'));
  try {
    await writeFile(join(folder, 'a.ts'), source);
    const args = ['a.ts', '--baseDir', folder, '--outFile', 'a.wasm', '-O3', '--runtime', 'stub'];
    const { error, stderr } = await asc.main([...args, '--noAssert', '--initialMemory', '2']);
    if (error !== null) throw new Error(stderr.toString());
    const module = await WebAssembly.compile(await readFile(join(folder, 'a.wasm')));
    const { exports } = new WebAssembly.Instance(module, {});
    const { repeat, memory } = exports;
    if (typeof repeat !== 'function' || !(memory instanceof WebAssembly.Memory)) {
      throw new Error('the layout exports no product');
    }
    return { repeat: (...args) => repeat(...args), memory };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Nanoseconds a product, the best of some rounds. */
function fastestNs(run: () => void, products: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    run();
    best = Math.min(best, ((performance.now() - start) * 1e6) / products);
  }
  return best;
}

const write = (name: string, ns: number): void => {
  process.stdout.write(`${name.padEnd(42)} ${ns.toFixed(1)} ns a product\n`);
};

async function timeIntegers(name: string, bits: number, count: number, carry: boolean) {
  const { repeat, memory } = await compiled(productSource(bits, count, carry));
  const words = new Uint32Array(memory.buffer);
  const [start, factor] = [1n << 200n, SCALAR_ORDER / 3n];
  limbsOf(start, bits, count).forEach((limb, k) => {
    words[16_384 + k] = Number(limb);
  });
  limbsOf(factor, bits, count).forEach((limb, k) => {
    words[16_400 + k] = Number(limb);
  });
  repeat(65_536, 65_600, 1);
  const found = range(count).reduce(
    (sum, k) => sum + (BigInt(words[16_384 + k] ?? 0) << BigInt(bits * k)),
    0n,
  );
  const shifted = (found << BigInt(bits * count)) % SCALAR_ORDER;
  if (shifted !== (start * factor) % SCALAR_ORDER) throw new Error(`${name}: a false product`);
  write(
    name,
    fastestNs(() => repeat(65_536, 65_600, PRODUCTS), PRODUCTS),
  );
}

await timeIntegers('8 x 32 bits, carries', 32, 8, true);
await timeIntegers('9 x 29 bits, delayed carries', 29, 9, false);
const code = await readKernelCode();
for (const flavour of ['fused', 'portable'] as const) {
  const kernel = await openFlavour(code, flavour);
  const target = kernel.heap.take(80 * 17);
  kernel.bytes(target, 80 * 17).fill(0);
  for (const pairs of [1, 16]) {
    const run = (): void => {
      kernel.exports.repeatProducts(target, target + 80 * 16, pairs, PRODUCTS / 2);
    };
    write(`5 x 51 bits, ${flavour}, ${pairs} pairs in turn`, fastestNs(run, PRODUCTS));
  }
}
