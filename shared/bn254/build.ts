/** Compiles the kernel: assembly/*.ts and what codegen/ writes -> build/{fused,portable}.wasm. */
import { join } from 'node:path';
import { buildWasm, compileWasm, type WasmSource } from '../../infra/setup/wasm-build.ts';
import { extensionSource } from './codegen/extension-source.ts';
import { type Flavour, fieldSource } from './codegen/field-source.ts';
import { BASE_ORDER, SCALAR_ORDER } from './src/orders.ts';

const FLAVOURS: readonly Flavour[] = ['fused', 'portable'];
/** The fields that products are written for, by the suffix of their names. */
const FIELDS = [
  { name: 'R', prime: SCALAR_ORDER },
  { name: 'Q', prime: BASE_ORDER },
];
/** The module of all products. */
export const productsSource = (flavour: Flavour): string =>
  fieldSource(FIELDS, flavour) + extensionSource('Q', BASE_ORDER, flavour);

/** @param products - the module of field products, as codegen/ writes it for the flavour */
const sourceOf = (flavour: Flavour, products: string): WasmSource => ({
  entry: 'shared/bn254/assembly/index.ts',
  folders: ['shared/bn254/assembly'],
  written: { 'shared/bn254/assembly/field-products.ts': products },
  flags: [
    ...['-O3', '--converge', '--runtime', 'stub', '--noAssert', '--enable', 'simd'],
    ...(flavour === 'fused' ? ['--enable', 'relaxed-simd'] : []),
  ],
  output: join(import.meta.dirname, 'build', `${flavour}.wasm`),
});

/** Compiles both flavours unless they are up to date. */
export async function buildBn254(): Promise<{ built: boolean }> {
  let built = false;
  for (const flavour of FLAVOURS) {
    const result = await buildWasm(sourceOf(flavour, productsSource(flavour)));
    built ||= result.built;
  }
  return { built };
}

/** What assembly/ compiles to with another module of field products. */
export function compileKernel(
  flavour: Flavour,
  products: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return compileWasm(sourceOf(flavour, products));
}
