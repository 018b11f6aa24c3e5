import type { AugmentStep } from '@pleat/datasets';
import { z } from 'zod';

/**
 * Named augmentations. `flip` and `flip-crop` suit images of things (not of digits); `paper` is that of
 * the PEMN authors (Bai et al. 2022): resized crop, RandAugment(2, 12), colour jitter 0.2, erasing 0.2.
 */
const presets = {
  none: [],
  flip: [{ name: 'flip' }],
  'flip-crop': [{ name: 'random-crop', padding: 2 }, { name: 'flip' }],
  paper: [
    { name: 'random-resized-crop', scale: [0.75, 1], ratio: [1, 1] },
    { name: 'flip' },
    { name: 'rand-augment', n: 2, magnitude: 12 },
    { name: 'color-jitter', brightness: 0.2, contrast: 0.2, saturation: 0.2 },
    { name: 'random-erasing', p: 0.2 },
  ],
} as const;

/** The names of the presets. */
const augmentationNames = Object.keys(presets) as (keyof typeof presets)[];

/** A preset, or a list of steps; the steps' own options are checked by `@pleat/datasets`. */
export const augmentationSchema = z.union([
  z.enum(augmentationNames),
  z.array(z.looseObject({ name: z.string() })),
]);

/** The steps of a resolved augmentation. */
export function augmentSteps(value: z.infer<typeof augmentationSchema>): AugmentStep[] {
  const steps: unknown = typeof value === 'string' ? presets[value] : value;
  return steps as AugmentStep[];
}
