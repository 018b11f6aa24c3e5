import { isModel, type SerializedLayer } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import type { Inbound, Port, StoredLayer, StoredModel, StoredWeight } from './document.ts';
import { minimalConfig } from './minimal-config.ts';

interface FunctionalConfig {
  name: string;
  layers: (SerializedLayer & {
    name?: string;
    inboundNodes?: [string, number, number, object?][][];
  })[];
  inputLayers?: [string, number, number][];
  outputLayers?: [string, number, number][];
}

/** Describes a plain model; `store` takes each weight in the order they must be read again. */
export function storeModel(
  model: tf.LayersModel,
  store: (weight: tf.LayerVariable, path: string) => StoredWeight,
  path = '',
): StoredModel {
  const sequential = model instanceof tf.Sequential;
  const { name, layers, inputLayers, outputLayers } =
    model.getConfig() as unknown as FunctionalConfig;
  const index = new Map(layers.map((layer, i) => [layer.config.name as string, i]));
  const port = ([layer, call, output]: [string, number, number]): Port => [
    index.get(layer) ?? 0,
    call,
    output,
  ];
  return {
    sequential,
    name,
    layers: layers.map((entry, i): StoredLayer => {
      const layerName = entry.config.name as string;
      const layer = model.getLayer(layerName);
      const here = `${path}${layerName}`;
      const inbound = (entry.inboundNodes ?? []).map((call) =>
        call.map(
          ([from, node, output, args = {}]): Inbound => [
            i - (index.get(from) ?? 0),
            node,
            output,
            args as Record<string, unknown>,
          ],
        ),
      );
      const base = { className: entry.className, name: layerName, inbound };
      if (isModel(layer)) {
        return { ...base, config: {}, weights: [], model: storeModel(layer, store, `${here}/`) };
      }
      if ((layer as { stateful?: boolean }).stateful) {
        throw new Error(
          `encodeModel: layer '${here}' is stateful; a file holds no state. Rebuild it with stateful: false.`,
        );
      }
      return {
        ...base,
        config: minimalConfig(entry),
        weights: layer.weights.map((weight) => store(weight, here)),
      };
    }),
    inputs: (inputLayers ?? []).map(port),
    outputs: (outputLayers ?? []).map(port),
  };
}
