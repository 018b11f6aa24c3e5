import type { Section } from '@pleat/codec';
import { fillLayer, type LayerFill } from '@pleat/prototype';
import type { StoredSource, StoredWeight } from './document.ts';
import { PleatModelError } from './errors.ts';

/** Stands for the source of values that came with the file: nothing of it is drawn. */
const unseeded = { seed: 0, stream: '', distribution: 'normal', scale: 1 } as const;

/** Rebuilds the fixed values behind the masks of a file. */
export class FixedValues {
  readonly #sources: { source: StoredSource; values: Float32Array | undefined }[];

  constructor(sections: readonly Section[], sources: readonly StoredSource[]) {
    this.#sources = sources.map((source, i) => {
      if ('seed' in source) return { source, values: undefined };
      const section = sections.find(({ name }) => name === `source/${i}`);
      if (section?.kind !== 'tensor' || section.values.length !== source.length) {
        throw new PleatModelError(
          'missing-section',
          `decodeModel: the file has no section 'source/${i}' of ${source.length} values.`,
        );
      }
      return { source, values: Float32Array.from(section.values) };
    });
  }

  /** The fixed values of one weight, scaled. */
  of(path: string, { shape, fill }: StoredWeight): Float32Array {
    const { source: index, offset, scale } = fill ?? { source: -1, offset: 0, scale: 1 };
    const entry = this.#sources[index];
    if (entry === undefined) {
      throw new PleatModelError(
        'prototype',
        `decodeModel: '${path}' reads prototype ${index}, which is not there.`,
      );
    }
    const { source, values } = entry;
    const drawn = 'seed' in source ? source : { ...unseeded, length: source.length };
    const size = shape.reduce((a, b) => a * b, 1);
    const layer: LayerFill = { layer: path, shape, size, source: drawn, offset, scale };
    try {
      return fillLayer(layer, values);
    } catch (error) {
      throw new PleatModelError('prototype', `decodeModel: ${(error as Error).message}`);
    }
  }
}

/**
 * What is known of the bits of a binary mask beforehand: the signs of the free weights' fixed values. Trained masks keep
 * positive and negative values in different shares; on magnitudes they were found not to depend.
 */
export function signHints(values: Float32Array, frozen: Uint8Array | null): Uint8Array {
  const free = frozen === null ? values : values.filter((_, i) => frozen[i] === 0);
  return Uint8Array.from(free, (value) => (value < 0 ? 1 : 0));
}
