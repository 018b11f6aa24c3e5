import { PleatFormatError } from '@pleat/codec';
import { modelFromConfig } from '@pleat/ops';
import * as tf from '@tensorflow/tfjs';
import type { StoredLayer, StoredModel } from './document.ts';
import { PleatModelError } from './errors.ts';

type Config = tf.serialization.ConfigDict;

function fail(what: string): never {
  throw new PleatModelError('topology', `decodeModel: ${what}.`);
}

const mostLayers = 10_000;

/** tfjs waits forever for a call whose input never comes; so this plays its loop through before it runs. */
function checkConnections({ name, layers, inputs, outputs }: StoredModel): void {
  const calls: number[] = layers.map((layer) =>
    layer.model !== undefined || layer.inbound.length === 0 ? 1 : 0,
  );
  let waiting = layers.map((layer, at) => layer.inbound.map((inputs) => ({ at, inputs })));
  for (let progress = true; progress; ) {
    progress = false;
    waiting = waiting.map((queue, i) => {
      const later = queue.filter(({ at, inputs }) => {
        const ready = inputs.every(([back, call]) => call < (calls[at - back] ?? 0));
        if (ready) {
          calls[i] = (calls[i] ?? 0) + 1;
          progress = true;
        }
        return !ready;
      });
      return later;
    });
  }
  const stuck = layers.find((_, i) => (waiting[i]?.length ?? 0) > 0);
  if (stuck !== undefined)
    fail(`layer '${stuck.name}' of model '${name}' waits for an input that never comes`);
  for (const [layer, call] of [...inputs, ...outputs]) {
    if (call >= (calls[layer] ?? 0)) fail(`an input or output of model '${name}' is not there`);
  }
}

/** Stateful layers allocate their states when they are built, as large as the file says. */
function refuseStateful(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if ((value as { stateful?: unknown }).stateful) fail('stateful layers are not supported');
  for (const part of Object.values(value)) refuseStateful(part);
}

function layerConfig(layer: StoredLayer, at: number, { sequential, layers }: StoredModel): Config {
  const { className, name, config, inbound, model } = layer;
  refuseStateful(config);
  if (inbound.some((call) => call.length === 0)) fail(`layer '${name}' is called without inputs`);
  const inboundNodes = inbound.map((call) =>
    call.map(([back, node, output, args]) => {
      const from = layers[at - back]?.name ?? fail(`layer '${name}' takes its input from nowhere`);
      return [from, node, output, args];
    }),
  );
  return {
    className,
    config: model === undefined ? { ...config, name } : modelConfig(model),
    ...(!sequential && { name, inboundNodes }),
  } as unknown as Config;
}

function modelConfig(model: StoredModel): Config {
  const { sequential, name, layers, inputs, outputs } = model;
  if (layers.length > mostLayers) fail(`model '${name}' has more than ${mostLayers} layers`);
  if (new Set(layers.map((layer) => layer.name)).size < layers.length) {
    fail(`two layers of model '${name}' have the same name`);
  }
  for (const layer of layers) {
    const isContainer = ['Sequential', 'Model', 'Functional'].includes(layer.className);
    if (isContainer !== (layer.model !== undefined)) {
      fail(
        `layer '${layer.name}' is a ${layer.className} ${isContainer ? 'without' : 'with'} layers of its own`,
      );
    }
  }
  if (!sequential) checkConnections(model);
  const port = ([layer, call, output]: [number, number, number]) => [
    layers[layer]?.name,
    call,
    output,
  ];
  return {
    name,
    layers: layers.map((layer, at) => layerConfig(layer, at, model)),
    ...(!sequential && { inputLayers: inputs.map(port), outputLayers: outputs.map(port) }),
  } as unknown as Config;
}

/** Lets layers allocate no more weights than the file holds values for while a model is built, and lists what they made. */
function withBudget<T>(budget: number, made: tf.LayerVariable[], build: () => T): T {
  const prototype = tf.layers.Layer.prototype as unknown as {
    addWeight(name: string, shape: number[], ...rest: unknown[]): tf.LayerVariable;
  };
  const { addWeight } = prototype;
  let left = budget;
  prototype.addWeight = function (name, shape, ...rest) {
    left -= shape.reduce((product, dimension) => product * dimension, 1);
    if (!(left >= 0)) fail('the topology has more weights than the file');
    const variable = addWeight.call(this, name, shape, ...rest);
    made.push(variable);
    return variable;
  };
  try {
    return build();
  } finally {
    prototype.addWeight = addWeight;
  }
}

/**
 * Builds the model a file describes and has its weights set.
 * @param weights How many weights the file holds; the model may not have more.
 * @param fill Sets the weights.
 * @throws PleatModelError When tfjs cannot build it, or it has other weights than the file says; nothing stays allocated.
 */
export function restoreModel(
  stored: StoredModel,
  weights: number,
  fill: (model: tf.LayersModel) => void,
): tf.LayersModel {
  const className = stored.sequential ? 'Sequential' : 'Model';
  const made: tf.LayerVariable[] = [];
  // A layer that fails halfway through its build leaves tensors behind; variables outlive the scope, all else goes.
  tf.engine().startScope();
  try {
    const config = modelConfig(stored);
    const model = withBudget(weights, made, () => modelFromConfig(className, config, true));
    fill(model);
    return model;
  } catch (error) {
    for (const variable of made) variable.dispose();
    if (error instanceof PleatModelError || error instanceof PleatFormatError) throw error;
    return fail(`tfjs cannot build the model of the file (${(error as Error).message})`);
  } finally {
    tf.engine().endScope();
  }
}
