import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CERTIFY_HELP, runCertify } from '../certify-command.ts';
import { UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { ROTATE_HELP, runRotate } from '../rotate-command.ts';

/** Processes of their own: the circuits are GPL-3.0, this command is not. */
const BUILD = fileURLToPath(new URL('../../../../circuits/build.ts', import.meta.url));
const IMPORT = fileURLToPath(new URL('../../../../circuits/import-key.ts', import.meta.url));
const CEREMONY = fileURLToPath(new URL('../../../../circuits/ceremony.ts', import.meta.url));

export const keys: CliCommand = {
  name: 'keys',
  summary:
    'make proving keys: for development, or by a ceremony; certify a node, change the operator key',
  help: `
Usage: foldbook keys dev [--circuit NAME]
       foldbook keys ceremony [--contributors N] [--beacon HEX] [--out DIR]
       foldbook keys ceremony --circuit NAME --zkey FILE --ptau FILE
       foldbook keys import --circuit NAME --zkey FILE

dev compiles the circuits and makes development proving and verifying keys (cached). Their secret
is public by construction, so ANYONE CAN FORGE PROOFS under them: they are for development only, and
every verification says so. Without --circuit it makes those of batch-15 and accounts-4; the large
batch-240 and accounts-16 take minutes each; "all" is all of them.

ceremony rehearses a trusted set-up for batch-15 with powers of tau of its own: contributions by
several people, a beacon, each step verified, the digest to pin. That takes minutes. One process
plays all the people, so its key is INSECURE too. With --zkey it verifies the key of a real ceremony
against the circuit as compiled here, and prints the digests to pin: see docs/ceremony.md.

import takes the proving key of a ceremony, if it is the one that circuits/digests.json pins.

${CERTIFY_HELP}

${ROTATE_HELP}

  --circuit NAME    batch-15, batch-240, accounts-4, accounts-16; dev: also all
  --contributors N  people in the rehearsal, 1 to 20 (default 3)
  --beacon HEX      public randomness that nobody chose, 8 to 255 bytes
  --zkey FILE       proving key of a ceremony
  --ptau FILE       the powers of tau that it was made with, prepared for phase 2
  --operator-key F  the operator's secret key, operator.key beside the proofs
  --new FILE        the secret key that follows it
  --store DIR       folder of the proof store; --market NAME, if it has several
  --from-epoch N    the first epoch that the new key signs
  --out PATH        where the certificate goes, the list of changes, or the files of a rehearsal
  --json            one JSON object at the end

Example: foldbook keys dev`,
  takes: ['dev|ceremony|import|certify|rotate', 'KEY'],
  options: {
    circuit: { type: 'string' },
    contributors: { type: 'string' },
    beacon: { type: 'string' },
    zkey: { type: 'string' },
    ptau: { type: 'string' },
    'operator-key': { type: 'string' },
    new: { type: 'string' },
    store: { type: 'string' },
    market: { type: 'string' },
    'from-epoch': { type: 'string' },
    out: { type: 'string' },
  },
  run: async (context) => {
    const [what, key] = context.positionals;
    if (what === 'certify') return runCertify(context);
    if (key === undefined && what === 'rotate') return runRotate(context);
    if (key === undefined && what === 'dev') return runDev(context);
    if (key === undefined && what === 'ceremony') return runCeremony(context);
    if (key === undefined && what === 'import') return runImport(context);
    throw new UsageError('say what: foldbook keys dev, ceremony, import, certify KEY, or rotate');
  },
};

/** Whether it ended well; what went wrong it says itself. */
async function ran({ output }: CommandContext, args: readonly string[]): Promise<boolean> {
  const stdio = output.json ? ['ignore', 'ignore', 'inherit'] : 'inherit';
  const child = spawn(process.execPath, args, { stdio: stdio as 'inherit' });
  return (await new Promise((done) => child.once('exit', done))) === 0;
}

async function runImport(context: CommandContext): Promise<number> {
  const circuit = context.required('circuit');
  const isTaken = await ran(context, [IMPORT, circuit, resolve(context.required('zkey'))]);
  const ok = isTaken && (await ran(context, [BUILD, circuit]));
  const words = ok
    ? `${circuit}: the key is ready`
    : 'the key was not taken; the reason stands above';
  context.output.result({ ok, circuit, insecure: false }, words);
  return ok ? 0 : 1;
}

async function runDev(context: CommandContext): Promise<number> {
  const { output } = context;
  const circuit = context.text('circuit');
  const args = circuit === undefined ? [] : [circuit === 'all' ? '--all' : circuit];
  const ok = await ran(context, [BUILD, ...args]);
  output.result(
    { keys: 'development', insecure: true, ok },
    ok
      ? 'development keys are ready (INSECURE: their secret is public)'
      : 'the keys could not be made; the reason stands above',
  );
  return ok ? 0 : 1;
}

async function runCeremony({ output, text, required }: CommandContext): Promise<number> {
  const isVerification = text('zkey') !== undefined || text('ptau') !== undefined;
  if (isVerification) required('circuit');
  const args = isVerification ? ['verify'] : ['rehearse'];
  for (const name of ['circuit', 'contributors', 'beacon', 'zkey', 'ptau', 'out']) {
    const value = text(name);
    if (value !== undefined) args.push(`--${name}`, value);
  }
  const child = spawn(process.execPath, [CEREMONY, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const steps: CeremonyLine[] = [];
  let last: CeremonyLine = {};
  for await (const line of createInterface({ input: child.stdout })) {
    last = JSON.parse(line) as CeremonyLine;
    if (last.step === undefined) continue;
    steps.push(last);
    const seconds = `${(last.seconds ?? 0).toFixed(1)} s`.padStart(8);
    output.say(`${last.ok === true ? 'ok     ' : 'REFUSED'} ${seconds}  ${last.step}`);
  }
  const ok = (await ended) === 0 && last.ok === true;
  const { circuit, digest, zkey, insecure } = last;
  const rehearsed = insecure === true ? ' (INSECURE: a rehearsal)' : '';
  const file = zkey === undefined ? '' : `\n  proving key, SHA-256 ${zkey}`;
  const words = ok
    ? `${circuit}: verifying key ${digest}${rehearsed}${file}`
    : 'refused: the key is not the outcome of a ceremony for this circuit';
  output.result({ ok, circuit, digest, zkey, insecure, steps }, words);
  return ok ? 0 : 1;
}

/** A line of the other process: a step of a rehearsal, or the end. */
interface CeremonyLine {
  readonly ok?: boolean;
  readonly step?: string;
  readonly seconds?: number;
  readonly circuit?: string;
  readonly digest?: string;
  readonly zkey?: string;
  readonly insecure?: boolean;
}
