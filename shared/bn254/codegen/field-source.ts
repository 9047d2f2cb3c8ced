/**
 * Writes the field multiplications of the kernel, unrolled, as AssemblyScript.
 *
 * A number is five limbs of 51 bits, held as doubles: integers of either sign, limb i times
 * 2^(51 i). A v128 carries the same limb of two numbers, so that each operation works on a pair.
 * A product of two limbs comes in two parts by two fused multiply-adds, because adding 1.5 x 2^103
 * rounds the product to a multiple of 2^51 and the second one leaves the exact rest; the parts
 * stand in the low bits of the doubles and are summed as integers, with no carries until the end.
 * The technique is from N. Emmart, F. Zheng, C. Weems, "Faster Modular Exponentiation Using Double
 * Precision Floating Point Arithmetic on the GPU" (ARITH 2018); G. Mitscha-Baude showed that it
 * pays in WebAssembly (github.com/mitschabaude/montgomery). Signed limbs, the reduction and this
 * code are our own.
 *
 * Bounds. A result is below 0.76 p in magnitude with limbs of at most 2^50. Factors may have limbs
 * of up to 2^51 both, or 2^52 and 2^50: |product| <= 2^102 keeps the rounding at 2^51. So sums and
 * differences of two results are multiplied as they are.
 *
 * Reduction, R = 2^306, six limbs. For the first five: with p' = p n', n' = -1/p mod 2^51, the low
 * limb of p' is -1; adding m p' for m = the lowest limb clears that limb with no multiplication by
 * n'. What is left is below 2^304, and the sixth, ordinary step (m = limb x n') brings it to
 * |T| / 2^306 + |p'| / 2^52 + p / 2 <= 0.76 p, since all m are balanced (|m| <= 2^50).
 */
export const LIMBS = 5;
export const LIMB_BITS = 51n;
/** log2 of Montgomery's R. */
export const RADIX_BITS = 306n;

const LIMB = 1n << LIMB_BITS;
const HALF = LIMB >> 1n;
const COLUMNS = 2 * LIMBS + 1;
const CHEAP_STEPS = 5;
/** Lifts a column above zero, whatever its sign, so that it is shifted as an unsigned integer. */
const LIFT = 1n << 60n;

/** How limbs are multiplied: `fused` needs an exact multiply-add, `portable` only IEEE doubles. */
export type Flavour = 'fused' | 'portable';

/** value mod 2^51 in [-2^50, 2^50). */
function balanced(value: bigint): bigint {
  const rest = ((value % LIMB) + LIMB) % LIMB;
  return rest >= HALF ? rest - LIMB : rest;
}

/** Limbs in [-2^50, 2^50), the last takes what is left. */
export function limbsOf(value: bigint): bigint[] {
  const limbs: bigint[] = [];
  let rest = value;
  for (let index = 0; index < LIMBS - 1; index++) {
    const limb = balanced(rest);
    limbs.push(limb);
    rest = (rest - limb) / LIMB;
  }
  limbs.push(rest);
  return limbs;
}

function inverseModLimb(value: bigint): bigint {
  let inverse = 1n;
  for (let bits = 1; bits < 51; bits *= 2) inverse = (inverse * (2n - value * inverse)) % LIMB;
  return inverse;
}

const view = new DataView(new ArrayBuffer(8));
function bitsOf(value: bigint): bigint {
  view.setFloat64(0, Number(value));
  return view.getBigUint64(0);
}

/** Rounds sums of products to multiples of 2^51, for products of either sign. */
const ROUND_HIGH = 3n << 102n;
const ROUND_LOW = 3n << 51n;
const HIGH_BITS = bitsOf(ROUND_HIGH);
const LOW_BITS = bitsOf(ROUND_LOW);
const MAGIC = 1n << 52n;

const signed64 = (value: bigint): bigint => BigInt.asIntN(64, value);
const double = (value: bigint): string => {
  const text = Number(value).toString();
  return /[.e]/.test(text) ? text : `${text}.0`;
};

/** How often the bits of low and high parts end up in each column, for one product of numbers. */
const productParts = (first: number): { low: number; high: number }[] => {
  const parts = Array.from({ length: COLUMNS }, () => ({ low: 0, high: 0 }));
  const add = (column: number, part: 'low' | 'high'): void => {
    const entry = parts[column];
    if (entry !== undefined) entry[part]++;
  };
  for (let limb = 0; limb < LIMBS; limb++) {
    add(first + limb, 'low');
    add(first + limb + 1, 'high');
  }
  return parts;
};

const excessOf = (rows: readonly number[]): bigint[] => {
  const sums = new Array<bigint>(COLUMNS).fill(0n);
  for (const row of rows) {
    productParts(row).forEach(({ low, high }, column) => {
      sums[column] = (sums[column] ?? 0n) + BigInt(low) * LOW_BITS + BigInt(high) * HIGH_BITS;
    });
  }
  return sums;
};

export const ROWS = Array.from({ length: LIMBS }, (_, index) => index);
/** Of one product of two numbers. */
const TERM_EXCESS = excessOf(ROWS);
/** Of the reduction: rows 1 to 5 in its cheap steps, row 5 once more in the last. */
const REDUCTION_EXCESS = excessOf([...ROWS.map((row) => row + 1), CHEAP_STEPS]);

/** What a column starts with so that, in the end, it is lifted, rounded to nearest and exact. */
const START = REDUCTION_EXCESS.map((excess, column) => {
  const lifted = HALF + LIFT - (column === 0 ? 0n : LIFT / LIMB);
  return lifted - excess;
});

/** Lines of a product in one of the flavours; also of products in an extension. */
export class Source {
  readonly #flavour: Flavour;
  readonly #lines: string[] = [];
  #names = 0;

  constructor(flavour: Flavour) {
    this.#flavour = flavour;
  }

  get text(): string {
    return this.#lines.map((line) => `  ${line}\n`).join('');
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  /** A factor of products by its name; portable products need its two halves beside it. */
  factor(name: string, expression: string): void {
    this.line(`const ${name} = ${expression};`);
    if (this.#flavour === 'fused') return;
    const scaled = `${name}s`;
    this.line(`const ${scaled} = v128.mul<f64>(${name}, SPLIT);`);
    this.line(`const ${name}h = v128.sub<f64>(${scaled}, v128.sub<f64>(${scaled}, ${name}));`);
    this.line(`const ${name}l = v128.sub<f64>(${name}, ${name}h);`);
  }

  /** The parts of a x b: names of the high one and the low one. */
  product(a: string, b: string): { high: string; low: string } {
    const id = this.#names++;
    const [high, low] = [`h${id}`, `l${id}`];
    if (this.#flavour === 'fused') {
      this.line(`const ${high} = v128.relaxed_madd<f64>(${a}, ${b}, C1);`);
      this.line(`const ${low} = v128.relaxed_madd<f64>(${a}, ${b}, v128.sub<f64>(C2, ${high}));`);
      return { high, low };
    }
    // T. J. Dekker, "A floating-point technique for extending the available precision" (1971).
    const sub = (x: string, y: string): string => `v128.sub<f64>(${x}, ${y})`;
    const mul = (x: string, y: string): string => `v128.mul<f64>(${x}, ${y})`;
    const p = `p${id}`;
    this.line(`const ${p} = ${mul(a, b)};`);
    this.line(`const ${high} = v128.add<f64>(${p}, C1);`);
    this.line(`const d${id} = ${sub(sub(p, mul(`${a}h`, `${b}h`)), mul(`${a}l`, `${b}h`))};`);
    this.line(
      `const e${id} = ${sub(mul(`${a}l`, `${b}l`), sub(`d${id}`, mul(`${a}h`, `${b}l`)))};`,
    );
    this.line(`const f${id} = ${sub(p, sub(high, 'C1'))};`);
    this.line(`const ${low} = v128.add<f64>(v128.add<f64>(C3, f${id}), e${id});`);
    return { high, low };
  }

  /** Adds a x b to the columns `column` and the next. */
  accumulate(a: string, b: string, column: number): void {
    const { high, low } = this.product(a, b);
    this.line(`t${column} = v128.add<i64>(t${column}, ${low});`);
    this.line(`t${column + 1} = v128.add<i64>(t${column + 1}, ${high});`);
  }

  constants(): void {
    this.line('const C1 = v128.load(ROUNDING);');
    if (this.#flavour === 'fused') this.line('const C2 = v128.load(ROUNDING, 16);');
    else {
      this.line('const C3 = v128.load(ROUNDING, 32);');
      this.line('const SPLIT = v128.load(ROUNDING, 48);');
    }
  }

  /** The balanced low limb of a lifted column, as a double. */
  low(column: number): string {
    const kept = `v128.or(v128.and(t${column}, MASK), EXPONENT)`;
    return `v128.sub<f64>(${kept}, CENTRE)`;
  }

  carry(column: number): void {
    const shifted = `i64x2.shr_u(t${column}, 51)`;
    this.line(`t${column + 1} = v128.add<i64>(t${column + 1}, ${shifted});`);
  }

  /** From columns t0 .. t10, started with their bias, to the limbs of the result at `target`. */
  reduce(field: string): void {
    this.line('const MASK = v128.load(ROUNDING, 64);');
    this.line('const EXPONENT = v128.load(ROUNDING, 80);');
    this.line('const CENTRE = v128.load(ROUNDING, 96);');
    for (let step = 0; step < CHEAP_STEPS; step++) {
      this.factor(`m${step}`, this.low(step));
      this.carry(step);
      for (let limb = 0; limb < LIMBS; limb++) {
        const name = `q${step}x${limb}`;
        this.factor(name, `v128.load(SHIFTED_${field}, ${16 * limb})`);
        this.accumulate(`m${step}`, name, step + 1 + limb);
      }
    }
    this.factor('x5', this.low(CHEAP_STEPS));
    this.factor('nn', `v128.load(NEGATED_${field})`);
    const { low } = this.product('x5', 'nn');
    this.factor('m5', `v128.sub<f64>(${low}, v128.load(ROUNDING, 32))`);
    for (let limb = 0; limb < LIMBS; limb++) {
      this.factor(`r${limb}`, `v128.load(PRIME_${field}, ${16 * limb})`);
      this.accumulate('m5', `r${limb}`, CHEAP_STEPS + limb);
    }
    for (let limb = 0; limb <= LIMBS; limb++) {
      const column = CHEAP_STEPS + limb;
      if (limb > 0) this.line(`v128.store(target, ${this.low(column)}, ${16 * (limb - 1)});`);
      if (limb < LIMBS) this.carry(column);
    }
  }
}

const columns = Array.from({ length: COLUMNS }, (_, column) => column);

/** What columns start with for one product of numbers. */
const BIAS = START.map((start, column) => BigInt.asUintN(64, start - (TERM_EXCESS[column] ?? 0n)));

export const zeroColumns = (source: Source): void => {
  for (const column of columns) source.line(`let t${column} = i64x2.splat(0);`);
};

/** Adds what columns start with, once they hold so many products of numbers: an i64. */
export function biasColumns(source: Source, terms: string): void {
  source.line(`const terms: i64 = ${terms};`);
  for (const column of columns) {
    const [start, excess] = [signed64(START[column] ?? 0n), signed64(TERM_EXCESS[column] ?? 0n)];
    const bias = `i64x2.splat(${start} - terms * ${excess})`;
    source.line(`t${column} = v128.add<i64>(t${column}, ${bias});`);
  }
}

function multiplication(field: string, flavour: Flavour): string {
  const source = new Source(flavour);
  source.constants();
  for (const column of columns) {
    source.line(`let t${column} = v128.load(BIAS, ${16 * column});`);
  }
  if (flavour === 'portable') {
    for (const limb of ROWS) source.factor(`b${limb}`, `v128.load(b, ${16 * limb})`);
  }
  for (const row of ROWS) {
    source.factor(`a${row}`, `v128.load(a, ${16 * row})`);
    for (const limb of ROWS) {
      const factor = flavour === 'portable' ? `b${limb}` : `v128.load(b, ${16 * limb})`;
      if (flavour === 'fused') source.line(`const y${row}x${limb} = ${factor};`);
      const name = flavour === 'fused' ? `y${row}x${limb}` : factor;
      source.accumulate(`a${row}`, name, row + limb);
    }
  }
  source.reduce(field);
  const head = `export function mul${field}(target: usize, a: usize, b: usize): void {\n`;
  return `/** target = a b / R, pairs. */\n${head}${source.text}}\n`;
}

function squaring(field: string, flavour: Flavour): string {
  const source = new Source(flavour);
  source.constants();
  zeroColumns(source);
  for (const limb of ROWS) source.factor(`a${limb}`, `v128.load(a, ${16 * limb})`);
  for (const row of ROWS) {
    for (let limb = row + 1; limb < LIMBS; limb++) {
      source.accumulate(`a${row}`, `a${limb}`, row + limb);
    }
  }
  for (const column of columns) {
    source.line(`t${column} = v128.add<i64>(t${column}, t${column});`);
  }
  for (const row of ROWS) source.accumulate(`a${row}`, `a${row}`, 2 * row);
  for (const column of columns) {
    source.line(`t${column} = v128.add<i64>(t${column}, v128.load(BIAS, ${16 * column}));`);
  }
  source.reduce(field);
  const head = `export function square${field}(target: usize, a: usize): void {\n`;
  return `/** target = a^2 / R, pairs. */\n${head}${source.text}}\n`;
}

/** The sum may have up to 32 terms: its columns then stay below the lift. */
function dotProduct(field: string, flavour: Flavour): string {
  const loop = new Source(flavour);
  if (flavour === 'portable') {
    for (const limb of ROWS) loop.factor(`b${limb}`, `v128.load64_splat(b, ${8 * limb})`);
  }
  for (const row of ROWS) {
    loop.factor(`a${row}`, `v128.load(a, ${16 * row})`);
    for (const limb of ROWS) {
      if (flavour === 'fused') {
        loop.line(`const y${row}x${limb} = v128.load64_splat(b, ${8 * limb});`);
      }
      const name = flavour === 'fused' ? `y${row}x${limb}` : `b${limb}`;
      loop.accumulate(`a${row}`, name, row + limb);
    }
  }
  const source = new Source(flavour);
  source.constants();
  zeroColumns(source);
  source.line('let a = first;');
  source.line('let b = constants;');
  source.line('for (let left = count; left > 0; left--) {');
  source.line(loop.text);
  source.line('  a = left == count ? rest : a + 80;');
  source.line('  b += 40;');
  source.line('}');
  biasColumns(source, '<i64>count');
  source.reduce(field);
  const head =
    `export function dot${field}(\n` +
    '  target: usize, count: u32, first: usize, rest: usize, constants: usize,\n): void {\n';
  const what =
    '/** target = sum of pairs (one at `first`, the others from `rest`) x constants / R. */\n';
  return `${what}${head}${source.text}}\n`;
}

const pairData = (values: readonly bigint[]): string =>
  values.flatMap((value) => [double(value), double(value)]).join(', ');

/** A pair that holds the number twice. */
const twice = (value: bigint, prime: bigint): string => {
  const nearest = value > prime / 2n ? value - prime : value;
  return `memory.data<f64>([${pairData(limbsOf(nearest))}], 16)`;
};

const wordsOf = (value: bigint): string =>
  [0n, 64n, 128n, 192n].map((shift) => (value >> shift) & 0xffff_ffff_ffff_ffffn).join(', ');

function fieldConstants(field: string, prime: bigint): string {
  const entering = (1n << (2n * RADIX_BITS)) % prime;
  const enteringMontgomery = (1n << (2n * RADIX_BITS - 256n)) % prime;
  const enteringHigh = (entering << 256n) % prime;
  const negated = balanced(-inverseModLimb(prime % LIMB));
  const shifted = (prime * negated + 1n) / LIMB;
  return (
    `export const PRIME_${field} = memory.data<f64>([${pairData(limbsOf(prime))}], 16);\n` +
    `export const ORDER_${field} = memory.data<u64>([${wordsOf(prime)}], 16);\n` +
    // Factors that enter and leave Montgomery's form, and one in it.
    `export const ENTER_${field} = ${twice(entering, prime)};\n` +
    // For numbers that are times 2^256 already: the form of limbs of 64 bits.
    `export const ENTER_MONTGOMERY_${field} = ${twice(enteringMontgomery, prime)};\n` +
    `export const ENTER_HIGH_${field} = ${twice(enteringHigh, prime)};\n` +
    `export const ONE_${field} = ${twice((1n << RADIX_BITS) % prime, prime)};\n` +
    `export const LEAVE_${field} = ${twice(1n, prime)};\n` +
    `const SHIFTED_${field} = memory.data<f64>([${pairData(limbsOf(shifted))}], 16);\n` +
    `const NEGATED_${field} = memory.data<f64>([${pairData([negated])}], 16);\n`
  );
}

function roundingConstants(): string {
  const words = [
    HIGH_BITS,
    bitsOf(ROUND_HIGH + ROUND_LOW),
    LOW_BITS,
    bitsOf((1n << 27n) + 1n),
    LIMB - 1n,
    bitsOf(MAGIC),
    bitsOf(MAGIC + HALF),
  ];
  const list = words.flatMap((word) => [word, word]).join(', ');
  const biases = BIAS.flatMap((bias) => [bias, bias]).join(', ');
  return (
    `const ROUNDING = memory.data<u64>([${list}], 16);\n` +
    `const BIAS = memory.data<u64>([${biases}], 16);\n`
  );
}

/** The module of all field multiplications. `fields`: suffix of the names and prime of each. */
export function fieldSource(
  fields: readonly { readonly name: string; readonly prime: bigint }[],
  flavour: Flavour,
): string {
  const parts = [`/** Written by codegen/field-source.ts: ${flavour}. */\n`, roundingConstants()];
  for (const { name, prime } of fields) {
    parts.push(
      fieldConstants(name, prime),
      multiplication(name, flavour),
      squaring(name, flavour),
      dotProduct(name, flavour),
    );
  }
  return parts.join('\n');
}
