import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { buildBn128 } from 'ffjavascript';
import { compileCircuit } from '../builder/compile.ts';
import { makeDevelopmentKey } from '../builder/development-key.ts';
import { parseR1cs } from '../builder/r1cs.ts';
import { type CeremonyStep, rehearse, verifyCeremonyKey } from '../ceremony.ts';

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'foldbook-ceremony-'));
after(async () => {
  await (await buildBn128()).terminate();
  fs.rmSync(dir, { recursive: true });
});

const beacon = '00112233445566778899aabbccddeeff';

async function compileTiny(name: string, body: string): Promise<string> {
  const source = `pragma circom 2.1.6;
template Tiny() { signal input a; signal input b; signal output c; signal d; ${body} }
component main {public [a]} = Tiny();
`;
  fs.writeFileSync(path.join(dir, `${name}.circom`), source);
  await compileCircuit(name, dir, dir);
  return path.join(dir, `${name}.r1cs`);
}

test('a ceremony of several people ends in a key that verifies, and only it does', async () => {
  const r1cs = await compileTiny('tiny', 'd <== a * b; c <== d * d;');
  const other = await compileTiny('other', 'd <== a * a; c <== d * b;');
  const steps: CeremonyStep[] = [];
  const digest = await rehearse({
    circuit: 'tiny',
    r1cs,
    contributors: 2,
    beacon,
    dir,
    onStep: (step) => steps.push(step),
  });
  assert.equal(steps.length, 15);
  assert(steps.every(({ ok }) => ok));
  const insecureKey = fs.readFileSync(path.join(dir, `${digest}.vk`));
  assert.equal(insecureKey[6], 1, 'the key of a rehearsal is marked insecure');

  const file = (name: string): string => path.join(dir, name);
  const verify = (zkey: string, of = r1cs): Promise<string | undefined> =>
    verifyCeremonyKey(of, file(zkey), file('powers.ptau'));
  const verified = await verify('tiny.zkey');
  assert(verified !== undefined && verified !== digest, 'the mark is under the digest');
  assert.equal(await verify('tiny.zkey', other), undefined, 'the key of another circuit');

  const development = await makeDevelopmentKey('tiny', parseR1cs(fs.readFileSync(r1cs)));
  fs.writeFileSync(file('development.zkey'), development);
  assert.equal(await verify('development.zkey'), undefined, 'a development key');
  const damaged = fs.readFileSync(file('tiny.zkey'));
  const middle = Math.floor(damaged.length / 2);
  damaged[middle] = (damaged[middle] ?? 0) ^ 1;
  fs.writeFileSync(file('damaged.zkey'), damaged);
  assert.equal(await verify('damaged.zkey'), undefined, 'a changed key');
});
