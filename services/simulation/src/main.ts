/** The simulation as a process that is asked for seeds; see `foldbook check sim`. */
import { loadKernel } from '@foldbook/engine';
import { answerQuestions } from '@foldbook/runtime';
import { isPlant, PLANTS, type Plant } from './plants.ts';
import { type SeedResult, Simulation } from './run-seed.ts';

type SimQuestions = {
  readonly seed: {
    readonly asked: { readonly seed: number; readonly plant?: string; readonly trace: boolean };
    readonly answer: SeedResult;
  };
  readonly plants: { readonly asked: undefined; readonly answer: typeof PLANTS };
};

const simulation = new Simulation(await loadKernel());

answerQuestions<SimQuestions>({
  seed: async ({ seed, plant, trace }) =>
    simulation.run(seed, { plant: plant === undefined ? undefined : plantOf(plant), trace }),
  plants: async () => PLANTS,
});

function plantOf(name: string): Plant {
  if (isPlant(name)) return name;
  throw new RangeError(`no plant "${name}"`);
}
