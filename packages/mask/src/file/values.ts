import type { Section } from '@pleat/codec';
import { frozenDropped, frozenMap, keptMultiplier } from '../layers/frozen.ts';
import { isMaskForm, type MaskForm, type ModelDocument, type StoredWeight } from './document.ts';
import { PleatModelError } from './errors.ts';
import { FixedValues, signHints } from './fixed.ts';
import { MaskReader } from './masks.ts';
import { readSparse } from './sparse.ts';
import { TensorReader } from './tensors.ts';

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Which weights of a stored one its seed decides; null when none. */
export function frozenOf(
  { freeze }: Pick<ModelDocument, 'freeze'>,
  { shape, frozen }: StoredWeight,
): Uint8Array | null {
  if (frozen === undefined || freeze === undefined) return null;
  return frozenMap(freeze, freeze.seed, frozen, product(shape));
}

/** Multiplies values by factors of the same rank, each dimension of which is theirs or 1. */
function multiply(values: Float32Array, shape: number[], factors: Float32Array, of: number[]) {
  if (factors.length === 1) return values.map((value) => value * (factors[0] as number));
  const steps: number[] = [];
  let step = 1;
  for (let axis = of.length - 1; axis >= 0; axis--) {
    steps[axis] = of[axis] === 1 ? 0 : step;
    step *= of[axis] as number;
  }
  return values.map((value, i) => {
    let rest = i;
    let at = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] as number;
      at += (rest % size) * (steps[axis] as number);
      rest = Math.floor(rest / size);
    }
    return value * (factors[at] as number);
  });
}

/** Rebuilds the values of stored weights, which must be asked for in the order of the file. */
export class Values {
  readonly #document: ModelDocument;
  readonly #masks: MaskReader;
  readonly #tensors: TensorReader;
  readonly #fixed: FixedValues;
  /** Masked weights before scales, by their place; those that others refer to. */
  readonly #masked = new Map<number, { shape: number[]; values: Float32Array }>();
  readonly #wanted: ReadonlySet<number>;
  #place = 0;

  constructor(sections: readonly Section[], document: ModelDocument, wanted: ReadonlySet<number>) {
    this.#document = document;
    this.#wanted = wanted;
    this.#masks = new MaskReader(sections);
    this.#tensors = new TensorReader(sections);
    this.#fixed = new FixedValues(sections, document.sources);
  }

  /** @throws PleatModelError When the file holds masks that its model does not have. */
  finish(): void {
    this.#masks.finish();
  }

  of(path: string, weight: StoredWeight): Float32Array | Int32Array {
    const { form, shape, value = 0 } = weight;
    if (form === 'constant') return new Float32Array(product(shape)).fill(value);
    if (form === 'sparse') return this.#scaled(path, weight, this.#sparse(path, weight));
    if (form !== 'same' && !isMaskForm(form)) return this.#tensors.take(form, product(shape));
    const values = form === 'same' ? this.#earlier(path, weight) : this.#mask(path, form, weight);
    if (this.#wanted.has(this.#place)) this.#masked.set(this.#place, { shape, values });
    this.#place++;
    return this.#scaled(path, weight, values);
  }

  #sparse(path: string, weight: StoredWeight): Float32Array {
    return readSparse(
      path,
      weight,
      this.#tensors,
      (plane) => this.#masks.take(plane, () => undefined).bits,
    );
  }

  #scaled(path: string, { shape, scales }: StoredWeight, values: Float32Array): Float32Array {
    if (scales === undefined) return values;
    const fits = scales.shape.every((size, i) => size === 1 || size === shape[i]);
    if (!fits || scales.shape.length !== shape.length) {
      throw new PleatModelError(
        'shape',
        `decodeModel: '${path}' is [${shape}] and has scales [${scales.shape}].`,
      );
    }
    const factors = this.#tensors.take(scales.form, product(scales.shape)) as Float32Array;
    return multiply(values, shape, factors, scales.shape);
  }

  #earlier(path: string, { shape, of = 0 }: StoredWeight): Float32Array {
    const earlier = this.#masked.get(of);
    if (earlier !== undefined && `${earlier.shape}` === `${shape}`) return earlier.values;
    throw new PleatModelError(
      'shape',
      `decodeModel: '${path}' is said to be the same as masked weight ${of}, ` +
        `${earlier === undefined ? 'which is not there' : `of shape [${earlier.shape}]`}.`,
    );
  }

  #mask(path: string, form: MaskForm, weight: StoredWeight): Float32Array {
    const { shape, fill } = weight;
    const gain = fill?.gain ?? 1;
    const out = this.#fixed.of(path, weight);
    const frozen = frozenOf(this.#document, weight);
    const free = frozen === null ? out.length : frozen.reduce((n, kind) => n + +(kind === 0), 0);
    const hints = () => (form === 'binary' ? signHints(out, frozen) : undefined);
    const { bits } = this.#masks.take(frozen === null ? shape : [free], hints);
    const count = form === 'ternary' ? bits.reduce((sum, bit) => sum + bit, 0) : 0;
    const signs = form === 'ternary' ? this.#masks.take([count], () => undefined).bits : bits;
    let at = 0;
    let sign = 0;
    // The same products in the same order as a masked layer computes, so that the same bits come out.
    for (let i = 0; i < out.length; i++) {
      const value = out[i] as number;
      const kind = frozen?.[i] ?? 0;
      let multiplier: number;
      if (kind > 0) {
        multiplier = kind === frozenDropped ? 0 : gain * keptMultiplier(form, value);
      } else {
        const bit = bits[at++] === 1;
        if (form === 'sign') multiplier = bit ? gain : -gain;
        else if (!bit) multiplier = 0;
        else multiplier = form === 'binary' || signs[sign++] === 1 ? gain : -gain;
      }
      out[i] = (form === 'binary' ? value : Math.abs(value)) * multiplier;
    }
    return out;
  }
}
