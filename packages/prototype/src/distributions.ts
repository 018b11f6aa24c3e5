import { fillNormal, fillSign, fillUniform, type Stream } from '@pleat/random';
import type { Distribution, ResolvedOptions } from './types.ts';

interface DistributionRule {
  /** Standard deviation, limit or magnitude for a fan-in. */
  scale(fanIn: number, options: ResolvedOptions): number;
  /** Fills `out` with the values of the stream from `offset` on. */
  draw(stream: Stream, out: Float32Array, scale: number, offset: number): void;
}

const kaimingStd = (fanIn: number): number => Math.sqrt(2 / fanIn);

function drawNormal(stream: Stream, out: Float32Array, std: number, offset: number): void {
  fillNormal(stream, out, { std, offset });
}

function drawUniform(stream: Stream, out: Float32Array, limit: number, offset: number): void {
  fillUniform(stream, out, { low: -limit, high: limit, offset });
}

/** Every distribution by its name; the Kaiming ones are He et al., ICCV 2015, with the gain of ReLU. */
export const distributions: Readonly<Record<Distribution, DistributionRule>> = {
  'kaiming-normal': { scale: kaimingStd, draw: drawNormal },
  'kaiming-uniform': { scale: (fanIn) => Math.sqrt(6 / fanIn), draw: drawUniform },
  'signed-constant': {
    scale: kaimingStd,
    draw: (stream, out, magnitude, offset) => fillSign(stream, out, { magnitude, offset }),
  },
  normal: { scale: (_fanIn, { std }) => std, draw: drawNormal },
  uniform: { scale: (_fanIn, { limit }) => limit, draw: drawUniform },
};
