/**
 * Writes products in Fp2 = Fp[u], u^2 = -1, and the constants of the curve over it. A v128 carries
 * a limb of the real part and of the imaginary part, so that a pair of the base field is one number
 * here: a b = a0 (b0, b1) + a1 (-b1, b0) are two products of pairs under one reduction.
 *
 * The bounds are those of field-source.ts: limbs of both factors up to 2^51, or 2^52 and 2^50. How
 * large the values are hardly matters to the result, since a product is divided by 2^306.
 */
import {
  biasColumns,
  type Flavour,
  LIMBS,
  limbsOf,
  RADIX_BITS,
  ROWS,
  Source,
  zeroColumns,
} from './field-source.ts';

/** p and r are polynomials in it (P. Barreto, M. Naehrig, ePrint 2005/133). */
const PARAMETER = 4965661367192848881n;

type Complex = readonly [real: bigint, imaginary: bigint];

/** Adds a x b, numbers at those addresses, to the columns. */
function addProduct(source: Source, flavour: Flavour): void {
  for (const limb of ROWS) {
    source.line(`const z${limb} = v128.load(b, ${16 * limb});`);
    const turned = `v128.xor(v128.shuffle<f64>(z${limb}, z${limb}, 1, 0), v128.load(FIRST_SIGN))`;
    if (flavour === 'fused') source.line(`v128.store(TURNED, ${turned}, ${16 * limb});`);
    else {
      source.factor(`b${limb}`, `z${limb}`);
      source.factor(`c${limb}`, turned);
    }
  }
  for (const row of ROWS) {
    source.factor(`a${row}`, `v128.load64_splat(a, ${16 * row})`);
    source.factor(`i${row}`, `v128.load64_splat(a, ${16 * row + 8})`);
    for (const limb of ROWS) {
      if (flavour === 'fused') {
        source.line(`const y${row}x${limb} = v128.load(b, ${16 * limb});`);
        source.line(`const w${row}x${limb} = v128.load(TURNED, ${16 * limb});`);
      }
      const isFused = flavour === 'fused';
      source.accumulate(`a${row}`, isFused ? `y${row}x${limb}` : `b${limb}`, row + limb);
      source.accumulate(`i${row}`, isFused ? `w${row}x${limb}` : `c${limb}`, row + limb);
    }
  }
}

function product(field: string, flavour: Flavour): string {
  const source = new Source(flavour);
  source.constants();
  zeroColumns(source);
  addProduct(source, flavour);
  biasColumns(source, '2');
  source.reduce(field);
  const head = `export function mul${field}2(target: usize, a: usize, b: usize): void {\n`;
  return `/** target = a b / R in Fp2. */\n${head}${source.text}}\n`;
}

/** Up to 16 terms: see dotProduct in field-source.ts, of which each is two. */
function dotProduct(field: string, flavour: Flavour): string {
  const loop = new Source(flavour);
  addProduct(loop, flavour);
  const source = new Source(flavour);
  source.constants();
  zeroColumns(source);
  source.line('let a = first;');
  source.line('let b = second;');
  source.line('for (let left = count; left > 0; left--) {');
  source.line(loop.text);
  source.line('  a += firstStep;');
  source.line('  b += secondStep;');
  source.line('}');
  biasColumns(source, '2 * <i64>count');
  source.reduce(field);
  const head =
    `export function dot${field}2(\n` +
    '  target: usize, count: u32, first: usize, firstStep: usize, second: usize,\n' +
    '  secondStep: usize,\n): void {\n';
  const what = '/** target = sum of a b / R in Fp2, a and b at two progressions of addresses. */\n';
  return `${what}${head}${source.text}}\n`;
}

/** Numbers in Montgomery's form, one after another. */
function complexData(values: readonly Complex[], prime: bigint): string {
  const limbs = values.flatMap(([real, imaginary]) => {
    const [first, second] = [real, imaginary].map((value) => {
      const entered = (value << RADIX_BITS) % prime;
      return limbsOf(entered > prime / 2n ? entered - prime : entered);
    });
    return Array.from({ length: LIMBS }, (_, limb) => [first?.[limb] ?? 0n, second?.[limb] ?? 0n]);
  });
  const texts = limbs.flat().map((limb) => `${limb}.0`);
  return `memory.data<f64>([${texts.join(', ')}], 16)`;
}

function power(base: Complex, exponent: bigint, prime: bigint): Complex {
  let result: Complex = [1n, 0n];
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(result, square, prime);
    square = multiply(square, square, prime);
  }
  return result;
}

function multiply([a0, a1]: Complex, [b0, b1]: Complex, prime: bigint): Complex {
  const reduce = (value: bigint): bigint => ((value % prime) + prime) % prime;
  return [reduce(a0 * b0 - a1 * b1), reduce(a0 * b1 + a1 * b0)];
}

/** Digits 1, 0 and -1 of a number, the highest first; no two neighbours are both not 0. */
function signedDigits(value: bigint): number[] {
  const digits: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 1n) {
    const digit = (rest & 1n) === 0n ? 0 : 2 - Number(rest & 3n);
    digits.unshift(digit);
    rest -= BigInt(digit);
  }
  return digits;
}

/**
 * Products over the base field's extension and, in it, the curve's constants: xi = 9 + u, the
 * twist y^2 = x^3 + 3 / xi, and the powers xi^(i (p - 1) / 6) by which Frobenius multiplies.
 */
export function extensionSource(field: string, prime: bigint, flavour: Flavour): string {
  const xi: Complex = [9n, 1n];
  const inverse = power(xi, prime * prime - 2n, prime);
  const times = (factor: bigint): Complex => multiply(inverse, [factor, 0n], prime);
  const root = power(xi, (prime - 1n) / 6n, prime);
  const powers = [1n, 2n, 3n, 4n, 5n].map((exponent) => power(root, exponent, prime));
  const ateDigits = signedDigits(6n * PARAMETER + 2n).slice(1);
  return [
    '/** Of 6 x + 2 for the parameter x of the curve, below the highest. */',
    `export const ATE_DIGITS = memory.data<i8>([${ateDigits.join(', ')}]);`,
    `export const ATE_LENGTH = ${ateDigits.length};`,
    'const FIRST_SIGN = memory.data<u64>([0x8000000000000000, 0], 16);',
    'const TURNED = memory.data(80, 16);',
    `export const ONE_${field}2 = ${complexData([[1n, 0n]], prime)};`,
    `export const HALF_${field} = ${complexData([[(prime + 1n) / 2n, (prime + 1n) / 2n]], prime)};`,
    '/** Of the twist: b, and 3 b. */',
    `export const TWIST_B = ${complexData([times(3n)], prime)};`,
    `export const TWIST_3B = ${complexData([times(9n)], prime)};`,
    '/** xi^((p - 1) / 6) and its powers up to the fifth. */',
    `export const FROBENIUS = ${complexData(powers, prime)};`,
    product(field, flavour),
    dotProduct(field, flavour),
  ].join('\n');
}
