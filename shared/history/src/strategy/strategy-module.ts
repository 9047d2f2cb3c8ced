import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseFeature } from '../features/feature.ts';
import { type Strategy, StrategyError } from './strategy.ts';

const isStrategy = (value: unknown): value is Strategy =>
  typeof value === 'object' &&
  value !== null &&
  'start' in value &&
  typeof value.start === 'function';

let isFound = false;

/** A strategy may lie anywhere: what it imports of this project comes from here. */
function findProjectFromAnywhere(): void {
  if (isFound) return;
  isFound = true;
  registerHooks({
    resolve(specifier, context, next) {
      const isOfProject = specifier.startsWith('@foldbook/');
      return next(specifier, isOfProject ? { ...context, parentURL: import.meta.url } : context);
    },
  });
}

/**
 * The strategy that a module exports by default. Importing runs the module, with all that this
 * process may do: strategies are programs of whoever starts them.
 *
 * @param path - of a TypeScript or JavaScript file
 * @throws StrategyError STRATEGY_NOT_FOUND, NOT_A_STRATEGY; FeatureError
 */
export async function loadStrategy(path: string): Promise<Strategy> {
  findProjectFromAnywhere();
  const url = pathToFileURL(resolve(path)).href;
  const module: unknown = await import(url).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : `${cause}`;
    throw new StrategyError('STRATEGY_NOT_FOUND', `${path} cannot be loaded: ${reason}`, { cause });
  });
  const exported =
    typeof module === 'object' && module !== null && 'default' in module
      ? module.default
      : undefined;
  if (!isStrategy(exported)) {
    const words = 'export default defineStrategy({ features: [...], start() {...} })';
    throw new StrategyError('NOT_A_STRATEGY', `${path} exports none by default: ${words}`);
  }
  for (const label of exported.features ?? []) parseFeature(label);
  return exported;
}
