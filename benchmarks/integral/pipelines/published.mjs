// Published figures to stand beside, of other networks trained for hundreds of epochs on all 50,000 images (test accuracy, %).
const inn = 'Solodskikh et al., CVPR 2023';
const folding = 'Wang et al., ICLR 2025: model folding, no data';

const partition = (network, whole, withOrder, without) => ({
  ...{ network: `${network}, ${inn}`, league: 'as published', 'removed %': 40, whole },
  ...{ 'B, TSP order, tuned': withOrder, 'B, own order, tuned': without },
});
const folded = (removed, accuracy) => ({
  ...{ network: `ResNet-18, ${folding}`, league: 'uniform', 'removed %': removed, whole: 94.72 },
  'no tuning': accuracy,
});

export const published = [
  partition('ResNet-18', 95.3, 93.0, 91.3),
  partition('NIN', 92.5, 89.4, 84.7),
  partition('VGG-11', 91.6, 88.7, 85.2),
  folded(10, 94),
  folded(25, 92),
  folded(50, 88),
  folded(70, 82),
];
