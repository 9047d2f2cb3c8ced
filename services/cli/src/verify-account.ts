/** `verify --account`: what an account is owed, by a file that its operator signed. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type AccountProved,
  checkAccountProof,
  type Refused,
  verifyChain,
} from '@foldbook/verifier';
import { openStoreFolder } from '@foldbook/verifier/node';
import { accountProofWords } from './account-proof-words.ts';
import { UsageError } from './cli-error.ts';
import type { CommandContext } from './command.ts';
import { fileTrouble } from './file-trouble.ts';
import { folderOptions, genesisFrom } from './verify-options.ts';

/** No account proof is longer. */
const FILE_BYTES_MAX = 16 * 1024;

/** What was shown beside the signature. */
interface Standing {
  readonly shown: readonly string[];
  readonly notShown: readonly string[];
}

type Checked = { readonly ok: true; readonly standing: Standing } | Refused;

export async function verifyAccount(context: CommandContext, file: string): Promise<number> {
  const proved = checkAccountProof(await readProof(file));
  const checked = proved.ok ? await stand(context, proved) : proved;
  if (!checked.ok) {
    const { code, message } = checked;
    context.output.result({ ok: false, code, message }, `REFUSED: ${code}: ${message}`);
    return 1;
  }
  if (!proved.ok) throw new Error('unreachable: a refused proof stands nowhere');
  const { shown, notShown } = checked.standing;
  const words = [
    accountProofWords(proved),
    'shown:',
    ...shown.map((line) => `  + ${line}`),
    'not shown:',
    ...notShown.map((line) => `  - ${line}`),
  ];
  context.output.result({ ...proved, shown, notShown }, words.join('\n'));
  return 0;
}

async function readProof(file: string): Promise<Uint8Array> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new UsageError(`${file} can't be read: ${fileTrouble(error)}`);
  });
  if (bytes.length <= FILE_BYTES_MAX) return new Uint8Array(bytes);
  throw new UsageError(`${file} is longer than an account proof: give a file of balance --prove`);
}

/** Whose word the file is: the genesis that was asked for, and the chain of a store. */
async function stand(context: CommandContext, proved: AccountProved): Promise<Checked> {
  const genesisHash = genesisFrom(context.text('genesis'))?.toLowerCase();
  if (genesisHash !== undefined && genesisHash !== proved.genesisHash) {
    const message = `the genesis hash is ${proved.genesisHash}, expected is ${genesisHash}`;
    return { ok: false, code: 'GENESIS_UNEXPECTED', message };
  }
  const shown = [
    "the account's totals and what is owed in all lie under one root, which the operator signed",
  ];
  const notShown = [
    'that deposits are backed: it says what is owed, not that it is there',
    'anything about what happened after that epoch',
  ];
  if (genesisHash === undefined) {
    notShown.push('that this is the right operator: compare the genesis hash with one you trust');
  }
  const store = context.text('store');
  if (store !== undefined) return standInChain(context, proved, { store, shown, notShown });
  notShown.push('that the root is of the proved chain, and its latest: give its --store');
  return { ok: true, standing: { shown, notShown } };
}

async function standInChain(
  context: CommandContext,
  proved: AccountProved,
  { store, shown, notShown }: Standing & { readonly store: string },
): Promise<Checked> {
  const folder = folderOptions(context.text('max-file'));
  const source = openStoreFolder(resolve(store), proved.market, folder);
  const { genesisHash, headHash } = proved;
  const chain = await verifyChain(source, { genesisHash, to: Number(proved.epoch) });
  if (!chain.ok) {
    const { code, message, part, epoch } = chain.firstFailure;
    const where = epoch === undefined ? part : `epoch ${epoch}, ${part}`;
    return { ok: false, code, message: `${store}, ${where}: ${message}` };
  }
  if (chain.headHash !== headHash) {
    const message =
      `epoch ${proved.epoch} has head ${chain.headHash} in ${store}, the proof has ${headHash}: ` +
      'one operator signed both; keep them';
    return { ok: false, code: 'HEADER_CHAIN', message };
  }
  const isLast = !chain.notShown.some((line) => line.startsWith('anything about epoch'));
  const latest = `that it is the latest root: the store goes on after epoch ${proved.epoch}`;
  return {
    ok: true,
    standing: {
      shown: [...shown, `its root is the chain's${isLast ? ', and its last' : ''}`, ...chain.shown],
      notShown: [...notShown, ...(isLast ? [] : [latest]), ...chain.notShown],
    },
  };
}
