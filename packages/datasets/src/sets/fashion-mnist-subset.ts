import type { Definition } from './definition.ts';
import { fashionClasses } from './fashion-mnist.ts';
import { readIdxSet } from './idx-set.ts';

/** The first 1,000 training and 200 test images of every class of Fashion-MNIST; ships inside this package. */
export const fashionMnistSubset: Definition = {
  name: 'fashion-mnist-subset',
  bundled: true,
  folders: ['fashion-mnist-subset'],
  downloads: [],
  read: readIdxSet('fashion-mnist-subset', fashionClasses),
};
