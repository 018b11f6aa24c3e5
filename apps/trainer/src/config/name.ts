import { basename } from 'node:path';
import type { TrainConfig } from './schema.ts';

/** What the model of a run is called: its own name, or that of the file it begins from. */
export function modelName({ model, from }: Pick<TrainConfig, 'from'> & { model?: string }): string {
  return model ?? basename(from ?? 'model').replace(/\.(pleat|json)$/, '');
}
