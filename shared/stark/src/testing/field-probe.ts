/**
 * The kernel's inlined arithmetic, made callable: a module of its own, which no build has. Columns
 * hold n plain values below p, extension columns five such; `target` gets the same.
 */
import { compileBeside } from '../../build.ts';

export interface FieldProbe {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  enter(target: number, a: number, n: number): void;
  leave(target: number, a: number, n: number): void;
  add(target: number, a: number, b: number, n: number): void;
  sub(target: number, a: number, b: number, n: number): void;
  mul(target: number, a: number, b: number, n: number): void;
  inverse(target: number, a: number, b: number, n: number): void;
  /** By a plain word in Shoup's way; `a` may be any words, the result is as plain as they are. */
  mulKnown(target: number, a: number, b: number, n: number): void;
  /** Eight times the product, kept as a wide sum: four products, then two at a time. */
  wideSum(target: number, a: number, b: number, n: number): void;
  addWord(a: number, b: number): number;
  subWord(a: number, b: number): number;
  mulWord(a: number, b: number): number;
  inverseWord(a: number): number;
  wordToMontgomery(a: number): number;
  wordFromMontgomery(a: number): number;
  addExtension(target: number, a: number, b: number, n: number): void;
  subExtension(target: number, a: number, b: number, n: number): void;
  mulExtension(target: number, a: number, b: number, n: number): void;
  scaleExtension(target: number, a: number, b: number, n: number): void;
  squareExtension(target: number, a: number, b: number, n: number): void;
  inverseExtension(target: number, a: number, b: number, n: number): void;
}

const loop = (name: string, body: string): string =>
  `export function ${name}(target: usize, a: usize, b: usize, n: u32): void {
  const step: usize = <usize>n << 2;
  for (let i: usize = 0; i < step; i += 16) ${body};
}
`;
const lanes = (name: string, value: string): string =>
  loop(name, `v128.store(target + i, ${value})`);
const x = 'v128.load(a + i)';
const y = 'v128.load(b + i)';
const word = (name: string, parameters: string, call: string): string =>
  `export function ${name}(${parameters}): u32 { return ${call}; }\n`;
const [fromX, fromY] = ['a + i, step', 'b + i, step'];

const doubled = (wide: string): string => `i64x2.add(${wide}, ${wide})`;
const wideSum = loop(
  'wideSum',
  `{
    const low = f.wideLow(${x}, ${y});
    const high = f.wideHigh(${x}, ${y});
    const lowPair = ${doubled('low')};
    const highPair = ${doubled('high')};
    const lowSix = i64x2.add(f.fold(${doubled('lowPair')}), lowPair);
    const highSix = i64x2.add(f.fold(${doubled('highPair')}), highPair);
    const sum = f.reduceSum(
      i64x2.add(f.fold(lowSix), lowPair), i64x2.add(f.fold(highSix), highPair),
    );
    v128.store(target + i, sum);
  }`,
);

const source = [
  "import * as f from './field';\nimport * as e from './extension';\n",
  "export { heapBase } from './memory';\n",
  wideSum,
  `export function enter(target: usize, a: usize, n: u32): void {
  for (let i: usize = 0; i < <usize>n << 2; i += 16) {
    v128.store(target + i, f.toMontgomery(${x}));
  }
}
export function leave(target: usize, a: usize, n: u32): void {
  for (let i: usize = 0; i < <usize>n << 2; i += 16) {
    v128.store(target + i, f.fromMontgomery(${x}));
  }
}
`,
  ...['add', 'sub', 'mul'].map((name) => lanes(name, `f.${name}(${x}, ${y})`)),
  lanes('inverse', `f.inverse(${x})`),
  lanes(
    'mulKnown',
    `f.mulKnown(${x}, i32x4.splat(load<u32>(b)), i32x4.splat(f.quotientOf(load<u32>(b))))`,
  ),
  ...['addWord', 'subWord', 'mulWord'].map((name) =>
    word(name, 'a: u32, b: u32', `f.${name}(a, b)`),
  ),
  ...['inverseWord', 'wordToMontgomery', 'wordFromMontgomery'].map((name) =>
    word(name, 'a: u32', `f.${name}(a)`),
  ),
  ...['add', 'sub', 'mul'].map((name) =>
    loop(`${name}Extension`, `e.${name}Extension(target + i, step, ${fromX}, ${fromY})`),
  ),
  loop('scaleExtension', `e.scaleExtension(target + i, step, ${fromX}, ${y})`),
  loop('squareExtension', `e.squareExtension(target + i, step, ${fromX})`),
  loop('inverseExtension', `e.inverseExtension(target + i, step, ${fromX})`),
].join('');

export async function compileFieldProbe(): Promise<FieldProbe> {
  const module = await WebAssembly.compile(await compileBeside('field-probe', source));
  const instance = new WebAssembly.Instance(module);
  return instance.exports as unknown as FieldProbe;
}
