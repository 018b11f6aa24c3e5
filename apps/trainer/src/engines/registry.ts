import * as tf from '@tensorflow/tfjs';
import { errorSentence } from '../cli/errors.ts';
import { cpu } from './cpu.ts';
import { cuda } from './cuda.ts';
import { tensorflow } from './tensorflow.ts';
import { torch } from './torch.ts';
import type { Engine, EngineName, StartedEngine } from './types.ts';
import { wasm } from './wasm.ts';

/** Every engine, the one `auto` prefers first. */
export const engines: readonly Engine[] = [cuda, torch, tensorflow, wasm, cpu];

/** An engine that was started, and how it came to be this one. */
export interface ChosenEngine extends StartedEngine {
  /** With `auto`: the engines before it and why each is not used. */
  passedOver: { name: EngineName; why: string }[];
}

/** How `startEngine` starts. */
interface StartOptions {
  threads: number | 'auto';
  /** Lets tfjs talk on the console. */
  debug?: boolean;
}

/**
 * Starts the named engine, or with `auto` the first one that starts on this machine.
 *
 * @param available the engines there are, the preferred one first
 * @throws UsageError when the named engine is not installed
 */
export async function startEngine(
  name: EngineName | 'auto',
  options: StartOptions,
  available: readonly Engine[] = engines,
): Promise<ChosenEngine> {
  // tfjs greets and advises on the console of its first use; only a developer wants that.
  if (!options.debug) tf.enableProdMode();
  const passedOver: ChosenEngine['passedOver'] = [];
  for (const engine of available) {
    if (name === engine.name) return { ...(await engine.start(options)), passedOver };
    if (name !== 'auto') continue;
    const status = await engine.find();
    if (status.available) {
      try {
        return { ...(await engine.start(options)), passedOver };
      } catch (error) {
        passedOver.push({ name: engine.name, why: errorSentence(error) });
      }
    } else {
      passedOver.push({ name: engine.name, why: status.detail });
    }
  }
  throw new Error(`startEngine: no engine is named "${name}"`);
}

/**
 * One line: which engine runs, and why none that is preferred to it.
 *
 * @example
 * explainEngine(engine) // 'engine torch (libtorch 2.13.0+cpu of python3, 2 threads); not cuda: no NVIDIA driver'
 */
export function explainEngine({ name, detail, threads, passedOver }: ChosenEngine): string {
  const count = threads > 0 ? `, ${threads} thread${threads === 1 ? '' : 's'}` : '';
  const others = passedOver.map(({ name: other, why }) => `; not ${other}: ${why}`);
  return `engine ${name} (${detail}${count})${others.join('')}`;
}
