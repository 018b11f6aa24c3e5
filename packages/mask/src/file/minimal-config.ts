import type { SerializedLayer } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';

type Config = Record<string, unknown>;

// What only matters before weights exist; a stored model has its weights.
const initializers = /initializer$/i;

function configOf(className: string, config: Config): string | null {
  const [Class, fromConfig] =
    tf.serialization.SerializationMap.getMap().classNameMap[className] ?? [];
  if (Class === undefined || fromConfig === undefined) return null;
  try {
    const layer = fromConfig(Class, structuredClone(config) as tf.serialization.ConfigDict);
    return JSON.stringify((layer as tf.layers.Layer).getConfig());
  } catch {
    // A required key is missing: not what we look for.
    return null;
  }
}

/**
 * Drops from a layer's config every key without which the class builds the same layer, and the initialisers.
 *
 * Found by trying, so it holds for any registered class. The name is left out: it is kept elsewhere.
 */
export function minimalConfig({ className, config }: SerializedLayer): Config {
  const full: Config = structuredClone(config);
  for (const key of Object.keys(full)) if (initializers.test(key)) delete full[key];
  const wanted = configOf(className, full);
  if (wanted === null) {
    throw new Error(
      `encodeModel: layer '${String(config.name)}' (${className}) cannot be rebuilt from its own config; ` +
        'register its class with tf.serialization.registerClass.',
    );
  }
  let minimal = full;
  for (const key of Object.keys(full)) {
    if (key === 'name') continue;
    const { [key]: _, ...without } = minimal;
    if (configOf(className, without) === wanted) minimal = without;
  }
  const { name: _, ...rest } = minimal;
  return rest;
}
