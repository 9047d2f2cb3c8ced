/** `keys certify`: the operator, with its key at hand, says that a node's key is its own. */
import { existsSync } from 'node:fs';
import { UsageError } from './cli-error.ts';
import type { CliCommand, CommandContext } from './command.ts';
import { certifyKey, writeCertificate } from './receipt-keys.ts';

export const certify: CliCommand = {
  name: 'keys certify',
  summary: "sign that receipts by a node's key are the operator's own",
  help: `
Usage: foldbook keys certify KEY --operator-key FILE --out FILE

Signs that receipts by KEY, a node's public key (its log and "market show" tell it), are the
operator's own. The node reads the file that this writes (receipts.certificateFile). The operator's
secret key need not be on the node for that.

  --operator-key F  the operator's secret key, operator.key beside the proofs
  --out FILE        where the certificate goes
  --json            {"key","certificate"}

Example: foldbook keys certify 3b6a27bc...da29 --operator-key operator.key --out node.cert`,
  takes: ['KEY'],
  options: { 'operator-key': { type: 'string' }, out: { type: 'string' } },
  run,
};

async function run(context: CommandContext): Promise<number> {
  const [key = ''] = context.positionals;
  if (!/^[0-9a-f]{64}$/.test(key)) {
    throw new UsageError(`KEY ${key === '' ? 'is missing' : key}: 64 hex digits, as a node tells`);
  }
  const operatorKeyFile = context.required('operator-key');
  const out = context.required('out');
  // A new operator would be nobody's whom clients know.
  if (!existsSync(operatorKeyFile)) {
    throw new UsageError(`--operator-key ${operatorKeyFile} is not there`);
  }
  const certificate = await certifyKey(operatorKeyFile, new Uint8Array(Buffer.from(key, 'hex')));
  await writeCertificate(out, certificate);
  context.output.result({ key, certificate: out }, `${key} is certified: ${out}`);
  return 0;
}
