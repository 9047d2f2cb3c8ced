import { FORMAT_SAMPLE_BYTES, type Format, recogniseFormat } from '../format.ts';
import { InputFile, type InputOptions, readFirst } from './input-file.ts';

/**
 * What a file holds, in whatever it is packed.
 * @returns undefined where its format is not known
 * @throws as InputFile
 */
export async function recogniseFile(
  path: string,
  options: InputOptions = {},
): Promise<Format | undefined> {
  const file = await InputFile.open(path, { ...options, mapping: false });
  try {
    return recogniseFormat(await readFirst(file.chunks(), FORMAT_SAMPLE_BYTES));
  } finally {
    await file.close();
  }
}
