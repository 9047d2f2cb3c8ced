import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { projectRoot } from './project-node.mjs';
import { buildWasm, compileWasm, type WasmSource } from './wasm-build.ts';

let folder = '';
let source: WasmSource;

before(async () => {
  const cache = join(projectRoot, '.cache');
  await mkdir(cache, { recursive: true });
  folder = await mkdtemp(join(cache, 'wasm-build-'));
  await writeFile(
    join(folder, 'index.ts'),
    "import { two } from './written';\nexport function four(): i32 { return two() + two(); }\n",
  );
  const inside = relative(projectRoot, folder);
  source = {
    entry: `${inside}/index.ts`,
    folders: [inside],
    written: { [`${inside}/written.ts`]: 'export function two(): i32 { return 2; }' },
    flags: ['--runtime', 'stub'],
    output: join(folder, 'build', 'out.wasm'),
  };
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function four(): Promise<unknown> {
  const module = await WebAssembly.compile(await readFile(source.output));
  const { four: exported } = new WebAssembly.Instance(module).exports;
  assert(typeof exported === 'function');
  return exported();
}

test('compiled anew only if a source, a flag or the result has changed', async () => {
  assert.deepEqual(await buildWasm(source), { built: true });
  assert.equal(await four(), 4);
  assert.deepEqual(await buildWasm(source), { built: false });
  assert.deepEqual(await buildWasm({ ...source, flags: ['-O3', ...source.flags] }), {
    built: true,
  });
  assert.deepEqual(await buildWasm(source), { built: true });
  await writeFile(source.output, 'damaged');
  assert.deepEqual(await buildWasm(source), { built: true });
  const [path] = Object.keys(source.written ?? {});
  const written = { [`${path}`]: 'export function two(): i32 { return 3; }' };
  assert.deepEqual(await buildWasm({ ...source, written }), { built: true });
  assert.equal(await four(), 6);
});

test('the compiler says what is wrong', async () => {
  const missing = compileWasm({ ...source, written: {} });
  await assert.rejects(missing, /index\.ts does not compile:\n.*written/s);
});
