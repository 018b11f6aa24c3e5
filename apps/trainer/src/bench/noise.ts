import type { Batch, Dataset } from '@pleat/datasets';
import { fillNormal, stream } from '@pleat/random';

/** A batch of normal noise, its classes in turn. */
export function noiseBatch(
  size: number,
  { shape, classes }: Pick<Dataset, 'shape' | 'classes'>,
  seed: number,
): Batch {
  const images = new Float32Array(size * shape[0] * shape[1] * shape[2]);
  return {
    images: fillNormal(stream(seed, 'bench'), images),
    labels: Int32Array.from({ length: size }, (_, i) => i % classes.length),
    size,
    indices: Uint32Array.from({ length: size }, (_, i) => i),
  };
}
