import type { PruneChannelsReport, PruneWeightsReport } from '@pleat/prune';
import { formatCount, formatShare, formatTable } from '../report/format.ts';

function channelLines({ groups, before, after, compression }: PruneChannelsReport): string[] {
  const rows = groups.map(({ id, size, kept }) => [`  ${id}`, `${size}`, `→ ${kept.length}`]);
  const work =
    compression.multiplyAdds === null
      ? ''
      : `, ${formatShare(compression.multiplyAdds)} of the multiply-adds`;
  return [
    ...formatTable(rows),
    `${formatCount(before.parameters)} → ${formatCount(after.parameters)} parameters: ${formatShare(compression.parameters)} removed${work}`,
  ];
}

function weightLines({ layers, removed, weights }: PruneWeightsReport): string[] {
  const rows = layers.map((layer) => [
    `  ${layer.layer} ${layer.weight}`,
    formatShare(layer.removed / layer.weights),
    `of ${formatCount(layer.weights)}`,
  ]);
  return [
    ...formatTable(rows),
    `${formatCount(removed)} of ${formatCount(weights)} kernel weights are zero now`,
  ];
}

/** What was pruned, in lines for a person. */
export const describePruning = (report: PruneChannelsReport | PruneWeightsReport): string[] =>
  'groups' in report ? channelLines(report) : weightLines(report);
