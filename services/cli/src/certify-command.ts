/** `keys certify`: the operator, with its key at hand, says that a node's key is its own. */
import { existsSync } from 'node:fs';
import { UsageError } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import { certifyKey, writeCertificate } from './receipt-keys.ts';

export const CERTIFY_HELP = `Usage: foldbook keys certify KEY --operator-key FILE --out FILE

Signs that receipts by KEY, a node's public key (its log and "market show" tell it), are the
operator's own. The node reads the file that this writes (receipts.certificateFile). The operator's
secret key need not be on the node for that.

Example: foldbook keys certify 3b6a27bc...da29 --operator-key operator.key --out node.cert`;

export async function runCertify(context: CommandContext): Promise<number> {
  const [, key = ''] = context.positionals;
  if (!/^[0-9a-f]{64}$/.test(key)) {
    throw new UsageError(`KEY ${key === '' ? 'is missing' : key}: 64 hex digits, as a node tells`);
  }
  const operatorKeyFile = context.required('operator-key');
  const out = context.required('out');
  // A new operator would be nobody's whom clients know.
  if (!existsSync(operatorKeyFile)) throw new UsageError(`${operatorKeyFile} is not there`);
  const certificate = await certifyKey(operatorKeyFile, new Uint8Array(Buffer.from(key, 'hex')));
  await writeCertificate(out, certificate);
  context.output.result({ key, certificate: out }, `${key} is certified: ${out}`);
  return 0;
}
