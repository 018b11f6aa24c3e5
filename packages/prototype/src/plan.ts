import { distributions } from './distributions.ts';
import { offsets } from './offsets.ts';
import { layerSize, resolveOptions } from './options.ts';
import { strategies } from './strategies/index.ts';
import type {
  LayerFill,
  LayerShape,
  PrototypeOptions,
  PrototypePlan,
  PrototypeSource,
} from './types.ts';

/**
 * Plans which value every weight of a network takes, without drawing any.
 *
 * @param layers shapes and fan-ins of the layers, in the order of the network; names serve messages only
 * @param options strategy, distribution, seed and rules, see PrototypeOptions
 * @returns the plan; its sources and fills are plain JSON data
 * @throws RangeError when there is no layer, or an option or a layer is out of range
 *
 * Reference: Bai, Wang, Ma, Zhang, Tao, Fu, "Parameter-efficient masking networks", NeurIPS 2022, section 3.
 *
 * @example
 * const layers = [{ name: 'dense', shape: [100, 10], fanIn: 100 }];
 * planPrototype(layers, { ratio: 0.01 }).uniqueValues; // 11
 */
export function planPrototype(
  layers: readonly LayerShape[],
  options: PrototypeOptions = {},
): PrototypePlan {
  if (layers.length === 0) {
    throw new RangeError('planPrototype takes one layer or more; it got none.');
  }
  const resolved = resolveOptions(options);
  const { seed, distribution, keep } = resolved;
  const sized = layers.map((layer) => ({ shape: layer.shape, size: layerSize(layer) }));
  const assignments = strategies[resolved.strategy](sized, resolved);

  const sources = new Map<number, PrototypeSource>();
  const filled = new Map<number, number>();
  const readers = new Map<number, number>();
  for (const { owner } of assignments) readers.set(owner, (readers.get(owner) ?? 0) + 1);
  const fills = layers.map((layer, index): LayerFill => {
    const { owner, length } = assignments[index]!;
    const { size } = sized[index]!;
    const ownerFanIn = layers[owner]!.fanIn;
    let source = sources.get(owner);
    if (source === undefined) {
      const scale = distributions[distribution].scale(ownerFanIn * keep, resolved);
      source = { seed, stream: `prototype/${owner}`, length, distribution, scale };
      sources.set(owner, source);
    }
    const before = filled.get(owner) ?? 0;
    filled.set(owner, before + size);
    // A prototype of one layer's own is read from its start: there is nobody to differ from.
    const shared = readers.get(owner)! > 1;
    const offset = shared ? offsets[resolved.offset]({ index, filled: before, length, seed }) : 0;
    const scale =
      resolved.rescale === 'none' ? 1 : Math.fround(Math.sqrt(ownerFanIn / layer.fanIn));
    return {
      layer: layer.name,
      shape: [...layer.shape],
      size,
      source,
      offset,
      scale,
    };
  });

  const all = [...sources.values()];
  const uniqueValues = all.reduce((sum, { length }) => sum + length, 0);
  const totalWeights = sized.reduce((sum, { size }) => sum + size, 0);
  return {
    options: resolved,
    sources: all,
    fills,
    uniqueValues,
    totalWeights,
    storedBytes: (form) => (form === 'seed' ? 0 : 4 * uniqueValues),
    paperRatio: () => 1 - (32 * uniqueValues + totalWeights) / (32 * totalWeights),
  };
}
