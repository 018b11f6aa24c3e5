import { decodeContainer } from '@pleat/codec';
import * as tf from '@tensorflow/tfjs';
import { disposeModel } from '../weights.ts';
import { type Calibration, type DecodeOptions, documentOf, modelFromSections } from './decode.ts';
import { type EncodeOptions, encodeModel } from './encode.ts';

/** Where a `.pleat` file is: a URL or path, or its bytes. */
export type PleatSource = string | URL | Uint8Array | ArrayBuffer;

const isNode = typeof process !== 'undefined' && process.versions?.node !== undefined;
const scheme = /^[a-z][a-z0-9+.-]+:/i;

/** Imports a module only Node has; the name is out of a bundler's sight, so that browser bundles do not look for it. */
async function nodeModule<Module>(name: string): Promise<Module> {
  return (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as Module;
}

/** The path behind a source, or null when it is to be fetched. A drive letter is no scheme. */
async function nodePath(source: string | URL): Promise<string | null> {
  if (!isNode) return null;
  if (!scheme.test(`${source}`)) return `${source}`;
  if (!`${source}`.startsWith('file:')) return null;
  const { fileURLToPath } = await nodeModule<typeof import('node:url')>('node:url');
  return fileURLToPath(source);
}

/** Turns a failure of the system, which names no caller, into one that does. */
function unreadable(source: string | URL): (error: Error) => never {
  return (error) => {
    const { cause, message } = error as Error & { cause?: Error };
    const reason = cause?.message ? `${message}: ${cause.message}` : message;
    throw new Error(`pleatHandler: cannot read ${source} (${reason}); check the address.`, {
      cause: error,
    });
  };
}

async function readSource(source: PleatSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (!(typeof source === 'string' || source instanceof URL)) {
    throw new TypeError(
      `pleatHandler: expected a path, a URL, a Uint8Array or an ArrayBuffer, got ${String(source)}.`,
    );
  }
  const path = await nodePath(source);
  if (path !== null) {
    const { readFile } = await nodeModule<typeof import('node:fs/promises')>('node:fs/promises');
    return new Uint8Array(await readFile(path).catch(unreadable(source)));
  }
  const response = await fetch(source).catch(unreadable(source));
  if (!response.ok) {
    throw new Error(
      `pleatHandler: fetching ${source} gave status ${response.status} ${response.statusText}; check the address.`,
    );
  }
  return new Uint8Array(await response.arrayBuffer());
}

async function artifactsOf(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler(async (saved) => {
      artifacts = saved;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    }),
  );
  return artifacts as tf.io.ModelArtifacts;
}

async function load(
  source: PleatSource,
  calibrate: Calibration | undefined,
): Promise<tf.io.ModelArtifacts> {
  const { sections } = decodeContainer(await readSource(source));
  const model = modelFromSections(sections, calibrate);
  try {
    const artifacts = await artifactsOf(model);
    return {
      ...artifacts,
      userDefinedMetadata: documentOf(sections).metadata as { [key: string]: object },
    };
  } finally {
    disposeModel(model);
  }
}

async function save(
  source: PleatSource,
  artifacts: tf.io.ModelArtifacts,
  options: EncodeOptions,
): Promise<tf.io.SaveResult> {
  const path = typeof source === 'string' || source instanceof URL ? await nodePath(source) : null;
  if (path === null) {
    throw new Error(
      'pleatHandler: a model can be saved to a path in Node only; elsewhere use encodeModel and store its bytes.',
    );
  }
  const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
  try {
    const bytes = await encodeModel(model, options);
    const { writeFileAtomic } =
      await nodeModule<typeof import('@pleat/codec/node')>('@pleat/codec/node');
    await writeFileAtomic(path, bytes);
    const sizes = { weightDataBytes: bytes.length, modelTopologyBytes: 0 };
    return {
      modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON', ...sizes },
    };
  } finally {
    disposeModel(model);
  }
}

/**
 * Lets `tf.loadLayersModel` read a `.pleat` file and, in Node, `model.save` write one.
 * @param source A URL (fetched), a path (Node), or the bytes themselves.
 * @param options How to encode when saving, as for encodeModel; how to decode when loading, as for decodeModel.
 * @returns The handler; the metadata of the file becomes the model's user-defined metadata.
 * @throws TypeError, Error From its load and save, when the source is none of these, cannot be read or written.
 * @throws PleatFormatError, PleatModelError From its load, when what was read holds no model.
 * @example
 * // masked: 100 x 100 weights behind masks, no bias
 * const plain = await tf.loadLayersModel(pleatHandler(await encodeModel(masked)));
 * plain.countParams(); // 10000
 */
export function pleatHandler(
  source: PleatSource,
  options: EncodeOptions & DecodeOptions = {},
): tf.io.IOHandler {
  const { calibrate, ...encoding } = options;
  return {
    load: () => load(source, calibrate),
    save: (artifacts) => save(source, artifacts, encoding),
  };
}
