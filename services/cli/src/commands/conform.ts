import { basename } from 'node:path';
import {
  conformFile,
  createKernelEngine,
  createNaiveEngine,
  type Engine,
  loadKernel,
} from '@foldbook/engine';
import { UsageError } from '../cli-error.ts';
import type { CliCommand } from '../command.ts';
import { playing, readMessageFile } from '../message-file.ts';
import { duration, grouped } from '../output.ts';

export const conform: CliCommand = {
  name: 'conform',
  summary: 'replay matching-challenge files and print the hash of every report',
  help: `
Usage: foldbook conform FILE... [--book kernel|naive|both]

Plays files of the public matching challenge (.bin or .bin.zst) on an empty book and prints the
SHA-256 of the report stream, to be compared with the published one.

  --book WHICH      kernel (default), naive (the plain twin; slow), or both (which must agree)
  --json            {"file","messages","reports","sha256"} a line

Example: foldbook conform orders_normal_s23.bin.zst`,
  takes: ['FILE...'],
  options: { book: { type: 'string' } },
  run: async (context) => {
    if (context.positionals.length === 0) throw new UsageError('name at least one file');
    const which = context.text('book') ?? 'kernel';
    if (!['kernel', 'naive', 'both'].includes(which)) {
      throw new UsageError(`--book ${which}: use kernel, naive or both`);
    }
    const kernel = await loadKernel();
    const engines: { readonly book: string; readonly make: () => Engine }[] = [];
    if (which !== 'naive') engines.push({ book: 'kernel', make: () => createKernelEngine(kernel) });
    if (which !== 'kernel') engines.push({ book: 'naive', make: createNaiveEngine });
    let agree = true;
    for (const path of context.positionals) {
      const bytes = await readMessageFile(path);
      const hashes = new Set<string>();
      for (const { book, make } of engines) {
        const startMs = performance.now();
        const { messages, reports, sha256 } = playing(path, () => conformFile(bytes, make()));
        const took = duration(performance.now() - startMs);
        const words =
          `${basename(path)} (${book}): ${grouped(messages)} messages, ` +
          `${grouped(reports)} reports in ${took}\n  ${sha256}`;
        hashes.add(sha256);
        const more = which === 'both' ? { book } : {};
        context.output.result({ file: basename(path), messages, reports, sha256, ...more }, words);
      }
      if (hashes.size > 1) agree = false;
    }
    if (!agree) context.output.say('the two books disagree');
    return agree ? 0 : 1;
  },
};
