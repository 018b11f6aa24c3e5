// The networks of the experiment, and which of their channels a league cuts.
import { nin, resNet } from '@pleat/models';

/**
 * `late` names the groups of the league that cuts only the end of the network. The last stage of a NIN holds 38 % of its
 * parameters, so that 40 % cannot be taken out of it: its league is the last two stages.
 */
export const networks = {
  resnet20: {
    title: 'ResNet-20, 1 x 1 convolutions as shortcuts',
    width: 16,
    build: ({ width, seed }) => resNet({ width, seed, shortcut: 'B' }),
    late: /^stage3_/,
    lateTitle: 'last stage',
  },
  nin: {
    title: 'NIN with batch norms, half the width of the paper',
    width: 96,
    build: ({ width, seed }) => nin({ width, seed, batchNorm: true }),
    late: /^stage[23]_/,
    lateTitle: 'last two stages',
  },
};

/** A network's width in a smoke test or a small check. */
export function widthOf(network, scale) {
  return Math.max(4, Math.round((networks[network].width * scale) / 4) * 4);
}
