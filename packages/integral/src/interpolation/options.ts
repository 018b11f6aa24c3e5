import { onlyOptions, requireName } from '../arguments.ts';
import type { Interpolation, InterpolationOptions } from './kernels.ts';

/** Options with their defaults, checked. */
export function interpolation(who: string, options: InterpolationOptions = {}): Interpolation {
  onlyOptions(who, options, ['kernel', 'a', 'boundary', 'alignment']);
  const { kernel = 'cubic', a = -0.5, boundary = 'extrapolate', alignment = 'corners' } = options;
  if (!Number.isFinite(a)) throw new RangeError(`${who}: a must be a finite number, got ${a}.`);
  return {
    kernel: requireName(who, 'kernel', kernel, ['linear', 'cubic']),
    a,
    boundary: requireName(who, 'boundary', boundary, ['extrapolate', 'clamp']),
    alignment: requireName(who, 'alignment', alignment, ['cells', 'corners']),
  };
}
