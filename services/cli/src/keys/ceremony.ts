/** `keys ceremony`: a rehearsal of one, or what a real one has yielded, verified. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { InterruptedError, ServiceError, UsageError } from '../cli-error.ts';
import type { CliCommand, CommandContext } from '../command.ts';
import { CIRCUITS, checkCircuit } from './circuit-names.ts';
import { CEREMONY } from './circuit-process.ts';
import { checkKeyFile } from './key-file.ts';

const MAX_CONTRIBUTORS = 20;
const BEACON = /^([0-9a-f]{2}){8,255}$/;

export const ceremony: CliCommand = {
  name: 'keys ceremony',
  summary: 'rehearse a trusted set-up, or verify the key of a real one',
  help: `
Usage: foldbook keys ceremony [--contributors N] [--beacon HEX] [--out DIR]
       foldbook keys ceremony --circuit NAME --zkey FILE --ptau FILE

Rehearses a trusted set-up for batch-15 with powers of tau of its own: contributions by several
people, a beacon, each step verified, the digest to pin. That takes minutes. One process plays all
the people, so its key is INSECURE. With --zkey it verifies the key of a real ceremony against the
circuit as compiled here, and prints the digests to pin: see docs/ceremony.md. Exit status 1 if the
key is not the outcome of a ceremony for that circuit.

  --contributors N  people in the rehearsal, 1 to ${MAX_CONTRIBUTORS} (default 3)
  --beacon HEX      public randomness that nobody chose, 8 to 255 bytes, lower case
  --out DIR         where the files of the rehearsal stay (default: they are removed)
  --circuit NAME    of the key to verify: ${CIRCUITS.join(', ')}
  --zkey FILE       proving key of a ceremony
  --ptau FILE       the powers of tau that it was made with, prepared for phase 2
  --json            {"ok","circuit","digest","zkey","insecure","reason","steps":[...]}

Example: foldbook keys ceremony --circuit batch-15 --zkey batch-15.zkey --ptau powers.ptau`,
  takes: [],
  options: {
    contributors: { type: 'string' },
    beacon: { type: 'string' },
    out: { type: 'string' },
    circuit: { type: 'string' },
    zkey: { type: 'string' },
    ptau: { type: 'string' },
  },
  endsOnSignal: true,
  run,
};

/** Arguments of the other process, checked: it would end with a status and no reason of ours. */
async function ceremonyArguments(context: CommandContext): Promise<string[]> {
  const { text, required } = context;
  const isVerification = [text('zkey'), text('ptau'), text('circuit')].some(
    (value) => value !== undefined,
  );
  if (isVerification) {
    const surplus = ['contributors', 'beacon', 'out'].find((name) => text(name) !== undefined);
    if (surplus !== undefined) {
      throw new UsageError(`--${surplus} is of a rehearsal: leave it or --zkey away`);
    }
    const circuit = checkCircuit(required('circuit'));
    const zkey = await checkKeyFile('zkey', required('zkey'));
    const ptau = await checkKeyFile('ptau', required('ptau'));
    return ['verify', '--circuit', circuit, '--zkey', zkey, '--ptau', ptau];
  }
  const contributors = context.integer('contributors', 1, MAX_CONTRIBUTORS);
  const beacon = text('beacon');
  if (beacon !== undefined && !BEACON.test(beacon)) {
    throw new UsageError(`--beacon ${beacon || '""'}: give 8 to 255 bytes in hex, lower case`);
  }
  const out = text('out');
  return [
    'rehearse',
    ...(contributors === undefined ? [] : ['--contributors', `${contributors}`]),
    ...(beacon === undefined ? [] : ['--beacon', beacon]),
    ...(out === undefined ? [] : ['--out', resolve(out)]),
  ];
}

async function run(context: CommandContext): Promise<number> {
  const { output, signal } = context;
  const args = await ceremonyArguments(context);
  // snarkjs leaves a file that it refuses open, of which Node would warn.
  const child = spawn(process.execPath, ['--no-warnings', CEREMONY, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // It removes what it has written so far.
  const stop = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', stop);
  const ended = new Promise<number | null>((done) => child.once('close', done));
  const steps: CeremonyLine[] = [];
  let last: CeremonyLine = {};
  for await (const line of createInterface({ input: child.stdout })) {
    last = JSON.parse(line) as CeremonyLine;
    if (last.step === undefined) continue;
    steps.push(last);
    const seconds = `${(last.seconds ?? 0).toFixed(1)} s`.padStart(8);
    output.say(`${last.ok === true ? 'ok     ' : 'REFUSED'} ${seconds}  ${last.step}`);
  }
  const status = await ended;
  if (signal.aborted) throw new InterruptedError('interrupted');
  if (status !== 0 && last.ok !== false) {
    throw new ServiceError('the ceremony ended before its outcome; the reason stands above');
  }
  const ok = status === 0 && last.ok === true;
  const { circuit, digest, zkey, insecure, reason } = last;
  output.result({ ok, circuit, digest, zkey, insecure, reason, steps }, words(ok, last));
  return ok ? 0 : 1;
}

function words(ok: boolean, { circuit, digest, zkey, insecure, reason }: CeremonyLine): string {
  if (!ok) {
    const why = reason === undefined ? '' : `: ${reason}`;
    return `refused: the key is not the outcome of a ceremony for this circuit${why}`;
  }
  const rehearsed = insecure === true ? ' (INSECURE: a rehearsal)' : '';
  const file = zkey === undefined ? '' : `\n  proving key, SHA-256 ${zkey}`;
  return `${circuit}: verifying key ${digest}${rehearsed}${file}`;
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
  /** Why a key was refused. */
  readonly reason?: string;
}
