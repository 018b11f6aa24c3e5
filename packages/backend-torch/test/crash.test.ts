import { appendFileSync } from 'node:fs';
import { rng, stream } from '@pleat/random';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registerTorch, torchKernels } from '../src/index.ts';
import { fixtureErrors } from './fixtures/check.ts';
import { fixtures } from './fixtures/load.ts';
import { torchFolder } from './found.ts';

// Every native kernel is called, past the checks of tfjs' ops, with arguments it was not made for. Vitest runs this file
// in a process of its own: a crash of the engine ends it and fails the run.

const random = rng(stream(Number(process.env.PLEAT_CRASH_SEED ?? 7), 'crash'));
/** One of a list; undefined of none. */
const pick = <T>(list: readonly T[]): T => list[random.integer(Math.max(1, list.length))]!;
const shapes = [[], [0], [1], [3], [2, 3], [3, 2], [2, 0], [1, 4, 4, 2], [2, 3, 3, 1], [2, 2, 2]];
const dtypes = ['float32', 'int32', 'bool'] as const;

interface Plain {
  shape: number[];
  dtype: 'float32' | 'int32' | 'bool';
}
/** A result that is not what its shape says. */
class Mismatch extends Error {}
type Attrs = Record<string, unknown>;

/** A call of a kernel, as one of the fixtures makes it. */
interface Call {
  name: string;
  inputs: Record<string, Plain>;
  attrs: Attrs;
}

/** One call of each kernel and set of inputs that the fixtures make. */
function recorded(): Map<string, Call[]> {
  const calls = new Map<string, Call[]>();
  const engine = tf.engine();
  const { runKernel } = engine;
  engine.runKernel = function spied(this: typeof engine, name: string, inputs: object, attrs) {
    const entries = Object.entries(inputs as Record<string, tf.Tensor | undefined>);
    const known = entries.filter(
      (entry): entry is [string, tf.Tensor] => entry[1] !== undefined && entry[1] !== null,
    );
    if (known.every(([, { dtype }]) => dtypes.includes(dtype as 'bool'))) {
      const plain = known.map(([key, { shape, dtype }]) => [key, { shape: [...shape], dtype }]);
      const list = calls.get(name) ?? [];
      list.push({ name, inputs: Object.fromEntries(plain), attrs: { ...(attrs as Attrs) } });
      calls.set(name, list);
    }
    return runKernel.call(this, name, inputs as never, attrs);
  } as typeof runKernel;
  for (const fixture of fixtures) fixtureErrors(fixture);
  engine.runKernel = runKernel;
  return calls;
}

function spoiledShape(shape: readonly number[]): number[] {
  const made = [...shape];
  const at = random.integer(made.length + 1);
  const how = random.integer(5);
  if (how === 0) return [...pick(shapes)];
  if (how === 1) made.splice(at, 0, 1 + random.integer(2));
  else if (how === 2) made.splice(at, 1);
  else if (at < made.length) made[at] = Math.max(0, made[at]! + random.integer(5) - 2);
  return made;
}

function spoiled(value: unknown): unknown {
  if (typeof value === 'number') return pick([value + random.integer(7) - 3, 0, -1, value / 2]);
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return pick(['valid', 'NCHW', 'relu', 'int32', 'nonsense']);
  if (!Array.isArray(value)) return value;
  const made = [...value];
  const at = random.integer(made.length + 1);
  if (at === made.length) return pick([made.slice(1), [...made, 1]]);
  made[at] = spoiled(made[at]);
  return made;
}

/** The call with one to three things about it changed. */
function spoil({ name, inputs, attrs }: Call): Call {
  const made = { name, inputs: { ...inputs }, attrs: { ...attrs } };
  for (let i = 0; i <= random.integer(3); i++) {
    const key = pick(Object.keys(inputs));
    const option = pick(Object.keys(attrs));
    if (key !== undefined && (option === undefined || random.integer(2) === 0)) {
      const { shape, dtype } = made.inputs[key]!;
      const other = random.integer(3) === 0;
      made.inputs[key] = other
        ? { shape, dtype: pick(dtypes) }
        : { shape: spoiledShape(shape), dtype };
    } else if (option !== undefined) made.attrs[option] = spoiled(made.attrs[option]);
  }
  return made;
}

function tensorOf({ shape, dtype }: Plain): tf.Tensor {
  const values = Array.from({ length: tf.util.sizeFromShape(shape) }, () =>
    dtype === 'bool' ? random.integer(2) : random.integer(9) - 3,
  );
  return tf.tensor(values, shape, dtype);
}

function run({ name, inputs, attrs }: Call): tf.Tensor[] {
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([key, plain]) => [key, tensorOf(plain)]),
  );
  const made = tf.engine().runKernel(name, tensors, attrs as never) as tf.Tensor | tf.Tensor[];
  return Array.isArray(made) ? made : [made];
}

describe.skipIf(torchFolder === undefined)('kernels called with anything', () => {
  beforeAll(async () => {
    await registerTorch({ path: torchFolder!, threads: 1 });
    await tf.setBackend('torch');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  test('give an error or tensors of their shapes, 2,000 times and more', {
    timeout: 300_000,
  }, () => {
    const calls = recorded();
    const { native } = torchKernels();
    // Complex tensors have no values that could be made up here.
    const known = native.filter((name) => calls.has(name));
    expect(known.length).toBeGreaterThanOrEqual(native.length - 6);
    let [errors, results] = [0, 0];
    const times = Math.ceil(2000 / known.length);
    for (const name of known) {
      for (let i = 0; i < times; i++) {
        const call = spoil(pick(calls.get(name)!));
        if (process.env.PLEAT_CRASH_LOG)
          appendFileSync(process.env.PLEAT_CRASH_LOG, `${JSON.stringify(call)}\n`);
        const bytes = (tf.memory() as unknown as { torchBytes: number }).torchBytes;
        tf.tidy(() => {
          try {
            for (const made of run(call)) {
              // A complex number is two.
              const size = tf.util.sizeFromShape(made.shape) * (made.dtype === 'complex64' ? 2 : 1);
              if (made.dataSync().length !== size) throw new Mismatch(JSON.stringify(call));
            }
            results++;
          } catch (error) {
            if (!(error instanceof Error) || error instanceof Mismatch) throw error;
            errors++;
          }
        });
        // Nor does a refused call leave memory behind.
        const left = (tf.memory() as unknown as { torchBytes: number }).torchBytes - bytes;
        if (left !== 0) throw new Error(`${left} bytes left by ${JSON.stringify(call)}`);
      }
    }
    console.log(`${results} results and ${errors} errors of ${known.length} kernels`);
    expect(results + errors).toBeGreaterThanOrEqual(2000);
    expect(results).toBeGreaterThan(400);
    expect(errors).toBeGreaterThan(400);
    // Afterwards it still computes.
    expect(tf.tidy(() => tf.add([1, 2], [3, 4]).arraySync())).toEqual([4, 6]);
  });
});
