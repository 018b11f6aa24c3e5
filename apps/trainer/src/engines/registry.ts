import * as tf from '@tensorflow/tfjs';
import { cpu } from './cpu.ts';
import { cuda } from './cuda.ts';
import { tensorflow } from './tensorflow.ts';
import { torch } from './torch.ts';
import type { Engine, EngineName, StartedEngine } from './types.ts';
import { wasm } from './wasm.ts';

/** Every engine, the one `auto` prefers first. */
export const engines: readonly Engine[] = [cuda, torch, tensorflow, wasm, cpu];

/**
 * Starts the named engine, or with `auto` the first one this machine has.
 *
 * @throws UsageError when the named engine is not installed
 */
export async function startEngine(
  name: EngineName | 'auto',
  options: { threads: number | 'auto'; debug?: boolean },
): Promise<StartedEngine> {
  // tfjs greets and advises on the console of its first use; only a developer wants that.
  if (!options.debug) tf.enableProdMode();
  for (const engine of engines) {
    if (name === engine.name || (name === 'auto' && (await engine.find()).available)) {
      return engine.start(options);
    }
  }
  throw new Error(`startEngine: no engine is named "${name}"`);
}
