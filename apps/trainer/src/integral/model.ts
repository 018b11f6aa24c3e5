import type { integralGroups } from '@pleat/integral';
import type * as tf from '@tensorflow/tfjs';
import { UsageError } from '../cli/errors.ts';

/** Whether a model says of itself that it is integral. */
export function isIntegralModel(model: tf.LayersModel): boolean {
  const metadata = model.getUserDefinedMetadata() as { integral?: unknown } | undefined;
  return metadata?.integral !== undefined;
}

/**
 * Refuses a model that is not integral.
 *
 * @throws UsageError with the command that makes it one
 */
export function requireIntegral(model: tf.LayersModel, file: string): void {
  if (isIntegralModel(model)) return;
  throw new UsageError(
    `${file} is not an integral model; make one of it: pleat convert ${file} integral.pleat.`,
  );
}

/** The groups a league changes: all but attention heads, or the half of them nearest to the output. */
export function leagueGroups(
  groups: ReturnType<typeof integralGroups>,
  league: string,
): ReturnType<typeof integralGroups> {
  const free = groups.filter(({ heads }) => !heads);
  return league === 'last' ? free.slice(Math.floor(free.length / 2)) : free;
}
