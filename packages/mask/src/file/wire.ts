import {
  type Inbound,
  isMaskForm,
  type Kept,
  type ModelDocument,
  type Port,
  type StoredFill,
  type StoredLayer,
  type StoredModel,
  type StoredSource,
  type StoredWeight,
  type TensorForm,
  type WeightForm,
} from './document.ts';
import { PleatModelError } from './errors.ts';

// The JSON a file carries: one-letter keys, and nothing that is usual. Deflate takes care of the rest.
//   top    { n: name, m: model, p?: prototypes, z?: [seed, kept, dropped], r?: 1, x?: metadata }
//   model  { l: layers, i?: inputs, o?: outputs }                     (no inputs: Sequential)
//   layer  { c: class, n: name, g?: config, i?: inbound, w?: weights, m?: model }
//   weight 'b3x3x64', or ['b3x3x64', source, offset, scale, gain] with usual values cut from the end, and
//          { z: frozen stream, s: scales such as 'h1x1x64' } behind them where there are such;
//          ['=3x3x64', masked weight, { s }?] the same as that one; ['c64', value] all of one value;
//          ['k3x3x64', kept, { s }?] what is not zero: ['f', count], ['h', count], [bits, count, low, step] or ['s', count]
const letters: Readonly<Record<WeightForm, string>> = {
  binary: 'b',
  sign: 's',
  ternary: 't',
  same: '=',
  float32: 'f',
  float16: 'h',
  uint8: 'q',
  int32: 'i',
  constant: 'c',
  sparse: 'k',
};
const forms = new Map(
  Object.entries(letters).map(([form, letter]) => [letter, form as WeightForm]),
);
const usualFill = [0, 0, 1, 1];
/** One call on the layer before. */
const usualInbound = '[[1]]';

function fail(what: string, where: string): never {
  throw new PleatModelError(
    'model-schema',
    `decodeModel: expected ${what} at ${where} of the model's description.`,
  );
}

type Json = Record<string, unknown>;

function object(value: unknown, where: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail('an object', where);
  return value as Json;
}

function array(value: unknown, where: string): unknown[] {
  return Array.isArray(value) ? value : fail('an array', where);
}

function text(value: unknown, where: string): string {
  return typeof value === 'string' ? value : fail('a text', where);
}

function integer(value: unknown, where: string, least = 0): number {
  return Number.isSafeInteger(value) && (value as number) >= least
    ? (value as number)
    : fail(`an integer of at least ${least}`, where);
}

function finite(value: unknown, where: string): number {
  return Number.isFinite(value) ? (value as number) : fail('a number', where);
}

const spell = (form: WeightForm, shape: readonly number[]): string =>
  letters[form] + shape.join('x');

function writeKept(kept: Kept): unknown[] {
  if (kept.form === 'codes') return [kept.bits, kept.count, kept.low, kept.step];
  return [kept.form === 'signs' ? 's' : letters[kept.form], kept.count];
}

function readKept(value: unknown, where: string): Kept {
  const [kind, n, low, step] = array(value, where);
  const count = integer(n, where, 1);
  if (kind === 's') return { form: 'signs', count };
  if (kind === 'f' || kind === 'h') {
    return { form: kind === 'f' ? 'float32' : 'float16', count };
  }
  if (kind !== 4 && kind !== 8) fail('kept values (f, h, s, 4 or 8)', where);
  return { form: 'codes', bits: kind, count, low: finite(low, where), step: finite(step, where) };
}

function writeWeight(weight: StoredWeight): unknown {
  const { form, shape, fill, frozen, scales, of, value, kept } = weight;
  const head = spell(form, shape);
  if (form === 'constant') return [head, value];
  const rest: unknown[] = form === 'same' ? [of] : kept === undefined ? [] : [writeKept(kept)];
  if (fill !== undefined) {
    rest.push(fill.source, fill.offset, fill.scale, fill.gain);
    while (rest.length > 0 && rest.at(-1) === usualFill[rest.length - 1]) rest.pop();
  }
  if (frozen !== undefined || scales !== undefined) {
    const s = scales && spell(scales.form, scales.shape);
    rest.push({ ...(frozen !== undefined && { z: frozen }), ...(s !== undefined && { s }) });
  }
  return rest.length === 0 ? head : [head, ...rest];
}

function readSpelled(value: unknown, where: string): { form: WeightForm; shape: number[] } {
  const spelled = text(value, where);
  const form = forms.get(spelled[0] ?? '') ?? fail(`a form (one of ${[...forms.keys()]})`, where);
  const dimensions = spelled.length === 1 ? [] : spelled.slice(1).split('x');
  const shape = dimensions.map((part) => integer(/^\d+$/.test(part) ? Number(part) : null, where));
  return { form, shape };
}

const scaleForms: readonly WeightForm[] = ['float32', 'float16', 'uint8'];

function readExtras(value: unknown, where: string): Pick<StoredWeight, 'frozen' | 'scales'> {
  const { z, s } = object(value, where);
  const extras: Pick<StoredWeight, 'frozen' | 'scales'> = {};
  if (z !== undefined) extras.frozen = integer(z, where);
  if (s !== undefined) {
    const { form, shape } = readSpelled(s, where);
    if (!scaleForms.includes(form)) fail('scales of a tensor form', where);
    extras.scales = { form: form as TensorForm, shape };
  }
  return extras;
}

function readWeight(value: unknown, where: string): StoredWeight {
  const [head, ...rest] = Array.isArray(value) ? value : [value];
  const { form, shape } = readSpelled(head, where);
  if (form === 'constant') {
    // A norm or a bias; a kernel of one value is none that is written so.
    if (shape.length !== 1) fail('a vector as constant', where);
    return { form, shape, value: finite(rest[0], where) };
  }
  if (form !== 'same' && form !== 'sparse' && !isMaskForm(form)) return { form, shape };
  const last = rest.at(-1);
  const isObject = typeof last === 'object' && last !== null && !Array.isArray(last);
  const extras = isObject ? readExtras(rest.pop(), where) : {};
  if (form === 'same') return { form, shape, of: integer(rest[0], where), ...extras };
  if (form === 'sparse') return { form, shape, kept: readKept(rest[0], where), ...extras };
  const [source, offset, scale, gain] = usualFill.map((usual, i) => rest[i] ?? usual);
  const fill: StoredFill = {
    source: integer(source, where),
    offset: integer(offset, where),
    scale: finite(scale, where),
    gain: finite(gain, where),
  };
  return { form, shape, fill, ...extras };
}

function writeInbound(inbound: readonly Inbound[][]): unknown[] {
  return inbound.map((call) =>
    call.map(([back, node, output, args]) => {
      if (Object.keys(args).length > 0) return [back, node, output, args];
      return node === 0 && output === 0 ? back : [back, node, output];
    }),
  );
}

function readInbound(value: unknown, where: string): Inbound[][] {
  return array(value, where).map((call) =>
    array(call, where).map((input): Inbound => {
      const [back, node = 0, output = 0, args = {}] = Array.isArray(input) ? input : [input];
      return [
        integer(back, where, Number.MIN_SAFE_INTEGER),
        integer(node, where),
        integer(output, where),
        object(args, where),
      ];
    }),
  );
}

function writeLayer(layer: StoredLayer, sequential: boolean): Json {
  const { className, name, config, weights, model } = layer;
  const inbound = writeInbound(layer.inbound);
  return {
    c: className,
    n: name,
    ...(Object.keys(config).length > 0 && { g: config }),
    ...(!sequential && JSON.stringify(inbound) !== usualInbound && { i: inbound }),
    ...(weights.length > 0 && { w: weights.map(writeWeight) }),
    ...(model && { m: writeModel(model) }),
  };
}

function readLayer(value: unknown, where: string, sequential: boolean, depth: number): StoredLayer {
  const { c, n, g = {}, i = sequential ? [] : [[1]], w = [], m } = object(value, where);
  const name = text(n, where);
  const here = `${where}/${name}`;
  return {
    className: text(c, here),
    name,
    config: object(g, here),
    inbound: readInbound(i, here),
    weights: array(w, here).map((weight) => readWeight(weight, here)),
    ...(m !== undefined && { model: readModel(m, name, here, depth + 1) }),
  };
}

function writeModel({ sequential, layers, inputs, outputs }: StoredModel): Json {
  const l = layers.map((layer) => writeLayer(layer, sequential));
  return sequential ? { l } : { l, i: inputs, o: outputs };
}

function readPorts(value: unknown, where: string): Port[] {
  return array(value, where).map((port): Port => {
    const [layer, call, output] = array(port, where);
    return [integer(layer, where), integer(call, where), integer(output, where)];
  });
}

// Deeper than any model, far from the depth at which recursion overflows.
const deepest = 64;

function readModel(value: unknown, name: string, where: string, depth: number): StoredModel {
  if (depth > deepest) fail(`at most ${deepest} models in one another`, where);
  const { l, i, o } = object(value, where);
  const sequential = i === undefined;
  return {
    sequential,
    name,
    layers: array(l, where).map((layer) => readLayer(layer, where, sequential, depth)),
    inputs: sequential ? [] : readPorts(i, where),
    outputs: sequential ? [] : readPorts(o, where),
  };
}

function readSource(value: unknown): StoredSource {
  const where = 'sources';
  if (typeof value === 'number') return { length: integer(value, where, 1) };
  const [seed, stream, length, distribution, scale] = array(value, where);
  return {
    seed: integer(seed, where),
    stream: text(stream, where),
    length: integer(length, where, 1),
    distribution: text(distribution, where) as never,
    scale: finite(scale, where),
  };
}

function readFreeze(value: unknown): NonNullable<ModelDocument['freeze']> {
  const where = 'the frozen weights';
  const [seed, kept, dropped] = array(value, where);
  return {
    seed: integer(seed, where),
    kept: finite(kept, where),
    dropped: finite(dropped, where),
  };
}

/** A document as the JSON a file carries. */
export function writeDocument(document: ModelDocument): string {
  const { model, sources, freeze, recompute, metadata } = document;
  const p = sources.map((source) =>
    'seed' in source
      ? [source.seed, source.stream, source.length, source.distribution, source.scale]
      : source.length,
  );
  return JSON.stringify({
    n: model.name,
    m: writeModel(model),
    ...(p.length > 0 && { p }),
    ...(freeze && { z: [freeze.seed, freeze.kept, freeze.dropped] }),
    ...(recompute && { r: 1 }),
    ...(Object.keys(metadata).length > 0 && { x: metadata }),
  });
}

/**
 * The inverse of writeDocument.
 * @throws PleatModelError When the text is not JSON or not of this form.
 */
export function readDocument(json: string): ModelDocument {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new PleatModelError(
      'model-json',
      `decodeModel: the model's description is not JSON (${(error as Error).message}).`,
    );
  }
  const { n, m, p = [], z, r, x = {} } = object(value, 'the top');
  return {
    model: readModel(m, text(n, 'the top'), 'the model', 0),
    sources: array(p, 'sources').map(readSource),
    ...(z !== undefined && { freeze: readFreeze(z) }),
    ...(r !== undefined && { recompute: true }),
    metadata: object(x, 'metadata'),
  };
}
