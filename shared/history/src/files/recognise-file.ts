import { FORMAT_SAMPLE_BYTES, type Format, recogniseFormat } from '../format.ts';
import { InputError } from './input-error.ts';
import { InputFile, type InputOptions } from './input-file.ts';

/**
 * What a file holds, in whatever it is packed. Where packed data is cut off or damaged, what comes
 * before tells; who reads the file meets the fault.
 *
 * @returns undefined where its format is not known
 * @throws as InputFile, where nothing can be had of it
 */
export async function recogniseFile(
  path: string,
  options: InputOptions = {},
): Promise<Format | undefined> {
  const file = await InputFile.open(path, { ...options, mapping: false });
  try {
    return recogniseFormat(await sampleOf(file));
  } finally {
    await file.close();
  }
}

async function sampleOf(file: InputFile): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of file.chunks()) {
      const part = chunk.slice(0, FORMAT_SAMPLE_BYTES - length);
      parts.push(part);
      length += part.length;
      if (length === FORMAT_SAMPLE_BYTES) break;
    }
  } catch (error) {
    if (!(error instanceof InputError) || length === 0) throw error;
  }
  return Buffer.concat(parts);
}
