import { describe, expect, test } from 'vitest';
import {
  constant,
  cosine,
  linear,
  oneCycle,
  piecewiseLinear,
  polynomial,
  type Schedule,
  stepDecay,
  triangular,
} from '../src/index.ts';

function expectRates(schedule: Schedule, wanted: Readonly<Record<number, number>>): void {
  for (const [step, rate] of Object.entries(wanted)) {
    expect(schedule(Number(step)), `at ${step}`).toBeCloseTo(rate, 12);
  }
}

test('constant', () => expectRates(constant(0.3), { 0: 0.3, 1000: 0.3 }));

describe('triangular', () => {
  test('is 0, the maximum at 40 %, a twentieth at 80 %, 0 at 100 %, straight between', () => {
    expectRates(triangular({ total: 1000, peak: 0.05 }), {
      0: 0,
      100: 0.0125,
      200: 0.025,
      400: 0.05,
      600: (0.05 + 0.0025) / 2,
      800: 0.0025,
      900: 0.00125,
      1000: 0,
      5000: 0,
    });
  });

  test('is numpy.interp on the four points of the authors at any step', () => {
    const [xs, ys] = [
      [0, 28, 56, 70],
      [0, 0.4, 0.02, 0],
    ];
    const schedule = triangular({ total: 70, peak: 0.4 });
    for (let step = 0; step <= 70; step += 0.7) {
      const i = Math.min(
        xs!.findLastIndex((at) => at <= step),
        2,
      );
      const slope = (ys![i + 1]! - ys![i]!) / (xs![i + 1]! - xs![i]!);
      expect(schedule(step)).toBeCloseTo(ys![i]! + slope * (step - xs![i]!), 12);
    }
  });

  test('takes other corners', () => {
    const options = { total: 100, peak: 1, peakAt: 0, low: 0.5, lowAt: 0.5 };
    expectRates(triangular(options), { 0: 1, 25: 0.75, 50: 0.5, 75: 0.25, 100: 0 });
  });
});

test('cosine: PyTorch CosineAnnealingLR, after a straight warm-up', () => {
  const schedule = cosine({ total: 120, peak: 2, warmup: 20, floor: 0.5 });
  expectRates(schedule, { 0: 0, 10: 1, 20: 2, 70: 1.25, 120: 0.5, 500: 0.5 });
  for (let t = 0; t <= 100; t++) {
    const wanted = 0.5 + 0.5 * (2 - 0.5) * (1 + Math.cos((t / 100) * Math.PI));
    expect(schedule(20 + t)).toBeCloseTo(wanted, 12);
  }
});

test('stepDecay', () => {
  const schedule = stepDecay({ initial: 8, milestones: [10, 20], factor: 0.5 });
  expectRates(schedule, { 0: 8, 9.99: 8, 10: 4, 19: 4, 20: 2, 99: 2 });
});

test('oneCycle: from a 25th up to the peak at 30 %, down to a 250,000th', () => {
  const schedule = oneCycle({ total: 100, peak: 1 });
  expectRates(schedule, {
    0: 0.04,
    15: 0.52,
    30: 1,
    65: (1 + 0.04e-4) / 2,
    100: 0.04e-4,
    200: 0.04e-4,
  });
});

test('polynomial and linear', () => {
  expectRates(polynomial({ total: 10, initial: 3, final: 1, power: 2 }), {
    0: 3,
    5: 1.5,
    10: 1,
    11: 1,
  });
  expectRates(linear({ total: 10, initial: 3, final: 1 }), { 0: 3, 5: 2, 10: 1, 11: 1 });
});

test('piecewiseLinear holds its ends and jumps where two points share a step', () => {
  const schedule = piecewiseLinear([
    [10, 1],
    [20, 3],
    [20, 0],
    [30, 1],
  ]);
  expectRates(schedule, { 0: 1, 10: 1, 15: 2, 20: 0, 25: 0.5, 40: 1 });
});

test.each<[string, () => unknown, RegExp]>([
  ['no steps', () => triangular({ total: 0, peak: 1 }), /triangular: expected total/],
  ['endless', () => cosine({ total: Infinity, peak: 1 }), /cosine: expected total/],
  ['corners crossed', () => triangular({ total: 1, peak: 1, peakAt: 0.9 }), /peakAt <= lowAt/],
  ['all warm-up', () => cosine({ total: 5, peak: 1, warmup: 5 }), /expected warmup in \[0, 5\)/],
  ['peak at the end', () => oneCycle({ total: 5, peak: 1, peakAt: 1 }), /expected peakAt in/],
  [
    'falling points',
    () =>
      piecewiseLinear([
        [1, 1],
        [0, 1],
      ]),
    /rising steps/,
  ],
  ['no points', () => piecewiseLinear([]), /at least one/],
])('refuses %s', (_, make, message) => {
  expect(make).toThrow(message);
});
