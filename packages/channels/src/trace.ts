import { isModel, layerPlaces, weightName, wrappedLayer } from '@pleat/ops';
import type * as tf from '@tensorflow/tfjs';
import { Atoms } from './atoms.ts';
import { NotFollowed } from './kinds/kind.ts';
import { kindOf } from './kinds/registry.ts';
import { type Layout, plainColumn, type Shape } from './layout.ts';
import { fixColumns, Step } from './step.ts';
import type { UntrackedLayer } from './types.ts';

/** One use of a layer in the model. */
export interface Application {
  path: string;
  layer: tf.layers.Layer;
  inputs: readonly Layout[];
  output: Layout;
  /** How often it is computed: the number of time steps within a TimeDistributed. */
  times: number;
}

/** The weights of a layer by their names. */
export function weightsOf(
  layer: tf.layers.Layer,
): { name: string; index: number; shape: number[]; variable: tf.LayerVariable }[] {
  return layer.weights.map((variable, index) => ({
    name: weightName(variable),
    index,
    shape: variable.shape as number[],
    variable,
  }));
}

/** All that was found on a walk through a model. */
export interface Trace {
  atoms: Atoms;
  applications: Application[];
  untracked: UntrackedLayer[];
  outputs: readonly Layout[];
  /** Tensors that are others seen in another way, and those others. */
  origins: ReadonlyMap<Layout, Layout>;
}

/** What tfjs keeps of a layer's uses, which its types hide. */
interface Node {
  inputTensors: tf.SymbolicTensor[];
  outputTensors: tf.SymbolicTensor[];
}
const nodeOf = (tensor: tf.SymbolicTensor): Node =>
  (tensor.sourceLayer as unknown as { inboundNodes: Node[] }).inboundNodes[
    tensor.nodeIndex as number
  ] as Node;

function outputShape(layer: tf.layers.Layer, inputs: readonly Layout[]): Shape {
  const shapes = inputs.map(({ shape }) => [...shape]);
  const given = layer.computeOutputShape(shapes.length === 1 ? (shapes[0] as tf.Shape) : shapes);
  return (Array.isArray(given[0]) ? given[0] : given) as Shape;
}

class Tracer {
  readonly atoms = new Atoms();
  readonly applications: Application[] = [];
  readonly untracked = new Map<string, UntrackedLayer>();
  readonly origins = new Map<Layout, Layout>();
  times = 1;

  model(model: tf.LayersModel, prefix: string, inputs: readonly Layout[]): Layout[] {
    const known = new Map(model.inputs.map(({ id }, i) => [id, inputs[i] as Layout]));
    model.inputs.forEach(({ sourceLayer: layer }, i) => {
      if (layer.getClassName() !== 'InputLayer') return;
      const input = inputs[i] as Layout;
      this.applications.push({
        path: prefix + layer.name,
        layer,
        inputs: [input],
        output: input,
        times: 1,
      });
    });
    const layoutOf = (tensor: tf.SymbolicTensor): Layout => {
      const found = known.get(tensor.id);
      if (found !== undefined) return found;
      const node = nodeOf(tensor);
      const given = node.inputTensors.map(layoutOf);
      const layer = tensor.sourceLayer;
      const results = this.layer(layer, prefix + layer.name, given);
      node.outputTensors.forEach(({ id, shape }, i) => {
        known.set(id, results[i] ?? { shape, columns: [] });
      });
      return known.get(tensor.id) as Layout;
    };
    return model.outputs.map(layoutOf);
  }

  layer(layer: tf.layers.Layer, path: string, inputs: readonly Layout[]): Layout[] {
    if (isModel(layer)) return this.model(layer, `${path}/`, inputs);
    const inner = wrappedLayer(layer);
    if (inner !== null) return this.eachTime(inner, `${path}/${inner.name}`, inputs[0] as Layout);
    const className = layer.getClassName();
    const kind = kindOf(className);
    try {
      if (kind === undefined) throw new NotFollowed('there is no rule for its class');
      const step = new Step(layer, path, inputs, outputShape(layer, inputs), this.atoms);
      const output = kind.follow(step);
      this.applications.push({ path, layer, inputs, output, times: this.times });
      return [output];
    } catch (error) {
      if (!(error instanceof NotFollowed)) throw error;
      return this.giveUp(layer, path, inputs, error.message);
    }
  }

  /** A layer applied at every time step: the axis of time is hidden from it. */
  eachTime(layer: tf.layers.Layer, path: string, input: Layout): Layout[] {
    const last = input.shape.length - 1;
    const columns = input.columns.map((column) =>
      column.axes.length > 1 && column.axes.includes(1)
        ? new Step(layer, path, [input], input.shape, this.atoms).gather(
            { ...input, columns: [column] },
            [1],
            last,
          ).columns[0]
        : column,
    ) as Layout['columns'];
    const times = columns.filter(({ axes }) => axes.includes(1));
    const shift = (by: number) => (column: Layout['columns'][number]) => ({
      ...column,
      axes: column.axes.map((axis) => axis + by),
    });
    const [batch = null, time = null, ...rest] = input.shape;
    const hidden = {
      shape: [batch, ...rest],
      columns: columns.filter((column) => !times.includes(column)).map(shift(-1)),
    };
    this.origins.set(hidden, input);
    const before = this.times;
    this.times *= time ?? Number.NaN;
    const outputs = this.layer(layer, path, [hidden]);
    this.times = before;
    return outputs.map((output) => {
      const seen = {
        shape: [output.shape[0] ?? null, time, ...output.shape.slice(1)],
        columns: [...times, ...output.columns.map(shift(1))],
      };
      this.origins.set(output, seen);
      return seen;
    });
  }

  giveUp(
    layer: tf.layers.Layer,
    path: string,
    inputs: readonly Layout[],
    reason: string,
  ): Layout[] {
    const className = layer.getClassName();
    this.untracked.set(path, { layer: path, className, reason });
    for (const { columns } of inputs) {
      fixColumns(this.atoms, columns, `layer '${path}' (${className}) is not followed: ${reason}`);
    }
    const shape = outputShape(layer, inputs);
    const output = { shape, columns: [] };
    this.applications.push({ path, layer, inputs, output, times: this.times });
    return [output];
  }
}

/** Refuses masked layers, whose kernels are no weights of theirs. */
function requirePlain(who: string, model: tf.LayersModel): void {
  for (const { path, layer } of layerPlaces(model)) {
    if (!layer.getClassName().startsWith('PleatMasked')) continue;
    throw new Error(
      `${who}: layer '${path}' is masked (${layer.getClassName()}): its kernel is a mask over fixed values and has no ` +
        "channels to move; bake the model first (bake of '@pleat/mask').",
    );
  }
}

/** Walks a model from its inputs to its outputs and notes which positions of which weights belong together. */
export function trace(who: string, model: tf.LayersModel): Trace {
  requirePlain(who, model);
  const tracer = new Tracer();
  const inputs = model.inputs.map(({ shape }, i) => {
    const last = shape.length - 1;
    const size = shape[last];
    const name = model.inputNames[i] ?? `input${i}`;
    if (last < 1 || size == null) return { shape, columns: [] };
    const atoms = tracer.atoms.range(`input ${name}`, size, null, 0, name);
    const columns = [plainColumn(last, atoms)];
    fixColumns(tracer.atoms, columns, `input '${name}' of the network`);
    return { shape, columns };
  });
  const outputs = tracer.model(model, '', inputs);
  outputs.forEach(({ columns }, i) => {
    const reason = `output '${model.outputNames[i] ?? i}' of the network`;
    fixColumns(tracer.atoms, columns, reason);
  });
  const { atoms, applications, untracked, origins } = tracer;
  return { atoms, applications, untracked: [...untracked.values()], outputs, origins };
}
