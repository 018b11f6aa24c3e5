import type { TrainConfig } from '../config/schema.ts';
import { explainEngine, startEngine } from '../engines/registry.ts';
import type { EngineName } from '../engines/types.ts';
import { buildModel, buildOptimizer } from '../train/build.ts';
import { trainableVariables, trainStep } from '../train/step.ts';
import { noiseBatch } from './noise.ts';

/** Images as CIFAR's, ten classes. */
const data = {
  shape: [32, 32, 3] as [number, number, number],
  classes: Array.from({ length: 10 }, (_, i) => String(i)),
};

/** What one engine took for its steps. */
export interface Measured {
  engine: EngineName;
  /** Which library runs, on how many threads. */
  what: string;
  /** Milliseconds of each step after the warm-up. */
  times: number[];
  /** Of the last step; the same on every engine up to rounding. */
  loss: number;
  peakBytes: number;
}

/**
 * Trains some steps on noise, with the very code of `pleat train`.
 *
 * @param steps steps to time
 * @param warmup steps before them
 */
export async function measureEngine(
  config: TrainConfig,
  name: EngineName,
  { steps, warmup }: { steps: number; warmup: number },
): Promise<Measured> {
  const engine = await startEngine(name, { threads: config.threads });
  const model = buildModel(config, data);
  const optimizer = buildOptimizer(config);
  const variables = trainableVariables(model);
  const batch = noiseBatch(config.batch, data, config.seed);
  const { shape } = data;
  const { labelSmoothing } = config;
  const times: number[] = [];
  let loss = Number.NaN;
  for (let step = -warmup; step < steps; step++) {
    const start = performance.now();
    ({ loss } = await trainStep({ model, optimizer, variables, shape, labelSmoothing }, batch));
    if (step >= 0) times.push(performance.now() - start);
  }
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  return { engine: name, what: explainEngine(engine), times, loss, peakBytes };
}
