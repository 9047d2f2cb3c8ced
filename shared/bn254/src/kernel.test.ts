import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildBn254, compileKernel, productsSource } from '../build.ts';
import { Bn254Error, openFlavour, openKernel } from './kernel.ts';
import { readKernelCode } from './node-code.ts';

await buildBn254();
const code = await readKernelCode();
const unknown = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 99);
const unsupported = (error: unknown) =>
  error instanceof Bn254Error && error.code === 'KERNEL_UNSUPPORTED';

test('the fused kernel is taken where it is exact, else the portable one', async () => {
  assert.equal((await openKernel(code)).flavour, 'fused');
  assert.equal((await openKernel({ ...code, fused: unknown })).flavour, 'portable');
  await assert.rejects(openKernel({ fused: unknown, portable: unknown }), unsupported);
  const empty = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
  await assert.rejects(openKernel({ ...code, fused: empty }), /not a kernel of this version/);
});

test('modules that are compiled already are taken, too', async () => {
  const fused = await WebAssembly.compile(code.fused instanceof Uint8Array ? code.fused : unknown);
  assert.equal((await openKernel({ ...code, fused })).flavour, 'fused');
});

test('a multiply-add that rounds twice is found out', async () => {
  const roundsTwice =
    '\nfunction madd(a: v128, b: v128, c: v128): v128 {\n' +
    '  return v128.add<f64>(v128.mul<f64>(a, b), c);\n}\n';
  const source = productsSource('fused');
  assert.match(source, /v128\.relaxed_madd<f64>\(/);
  const fused = await compileKernel(
    'fused',
    source.replaceAll('v128.relaxed_madd<f64>(', 'madd(') + roundsTwice,
  );
  await assert.rejects(openFlavour({ ...code, fused }, 'fused'), unsupported);
  assert.equal((await openKernel({ ...code, fused })).flavour, 'portable');
});
