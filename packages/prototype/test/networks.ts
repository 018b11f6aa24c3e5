import type { LayerShape } from '../src/index.ts';

/** The masked layers of ConvMixer with kernel 5 and patch 2 on 32 x 32 x 3 images in ten classes. */
export function convMixer(dim: number, depth: number): LayerShape[] {
  const block = (i: number): LayerShape[] => [
    { name: `depthwise${i}`, shape: [5, 5, dim, 1], fanIn: 25 },
    { name: `pointwise${i}`, shape: [1, 1, dim, dim], fanIn: dim },
  ];
  return [
    { name: 'patches', shape: [2, 2, 3, dim], fanIn: 12 },
    ...Array.from({ length: depth }, (_, i) => block(i)).flat(),
    { name: 'classifier', shape: [dim, 10], fanIn: dim },
  ];
}
